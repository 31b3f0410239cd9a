import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from "yaml";
import { crossChecks } from "./checks.ts";
import { numberOf } from "./decimal.ts";
import { environmentPattern } from "./naming.ts";
import { suggestion } from "./nearest.ts";
import { parseSettings } from "./parse.ts";
import { isPlain, own, type Plain } from "./plain.ts";
import type { Problem } from "./problems.ts";
import { configSchema, type PipelineConfig } from "./schema.ts";

/** A config that can't be used. `message` has one line per problem: `file:line:column path: what is wrong`. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** One environment's settings, and where its SQL lies. */
export interface LoadedConfig {
  readonly environment: string;
  readonly config: PipelineConfig;
  /** Output name to the SQL file's absolute path. */
  readonly sqlFiles: Readonly<Record<string, string>>;
  /** The same of the SQL that outputs bring for DuckDB. */
  readonly duckdbFiles: Readonly<Record<string, string>>;
  /** `file:line:column` of a setting in the config file; where its text `through` is given, of the end of that. */
  readonly placeOf: (path: readonly string[], through?: string) => string;
}

/** Merges `override` into `base`, key by key; lists and scalars are replaced whole. */
function overlay(base: unknown, override: unknown): unknown {
  if (!isPlain(base) || !isPlain(override)) return override;
  const merged = Object.entries(override).map(([key, value]) => [key, overlay(own(base, key), value)]);
  return { ...base, ...Object.fromEntries(merged) };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const child of Object.values(value)) deepFreeze(child);
    Object.freeze(value);
  }
  return value;
}

/** The file as written, before any environment is chosen. */
interface ConfigFile {
  readonly file: string;
  readonly text: string;
  readonly document: Document;
  readonly environments: Plain;
  readonly defaults: Plain;
  /** `file:line:column` of a character. */
  readonly place: (offset: number) => string;
}

function readConfigFile(path: string): ConfigFile {
  const file = resolve(path);
  if (!existsSync(file)) throw new ConfigError(`${path}: no such file`);
  const lines = new LineCounter();
  const text = readFileSync(file, "utf8");
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    customTags: (tags) =>
      tags.map((tag) =>
        typeof tag === "object" && /:(int|float)$/.test(tag.tag) && !("collection" in tag && tag.collection)
          ? { ...tag, resolve: numberOf }
          : tag,
      ),
  });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  if (document.errors.length > 0)
    throw new ConfigError(document.errors.map((error) => `${place(error.pos[0])} ${error.message}`).join("\n"));
  if (!isMap(document.contents)) throw new ConfigError(`${path}:1:1 the file must be a mapping of settings`);
  const { environments, ...defaults } = document.toJS({ maxAliasCount: 100 }) as Plain;
  if (!isPlain(environments) || Object.keys(environments).length === 0)
    throw new ConfigError(`${path}:1:1 environments: must name the environments, such as dev and prod`);
  return { file, text, document, environments, defaults, place };
}

function settingsIn({ environments, defaults }: ConfigFile, path: string, environment: string): unknown {
  if (Object.hasOwn(environments, environment)) return overlay(defaults, environments[environment] ?? {});
  const known = Object.keys(environments);
  throw new ConfigError(
    `"${environment}" is not an environment of ${path}${suggestion(environment, known)}; it declares: ${known.join(", ")}`,
  );
}

/** The environments that a file declares, in its order. @throws ConfigError */
export const environmentsOf = (path: string): string[] => Object.keys(readConfigFile(path).environments);

/**
 * An environment's settings as written: its overrides merged into the defaults, without any check.
 * @throws ConfigError
 */
export const settingsOf = (path: string, environment: string): unknown =>
  settingsIn(readConfigFile(path), path, environment);

/**
 * Reads `path`, merges `environments[environment]` into the defaults and checks the result.
 * @throws ConfigError with every problem found.
 */
export function loadConfig(path: string, environment: string): LoadedConfig {
  const source = readConfigFile(path);
  const { file, text, document, place } = source;
  const settings = settingsIn(source, path, environment);
  const { data: config, problems: ofShape } = parseSettings(configSchema, settings);
  const problems = [...ofShape, ...crossChecks(settings)];

  if (!environmentPattern.test(environment))
    problems.push({
      path: ["environments", environment],
      message:
        "bucket names carry it, so it is lower case letters, digits and -, begins with a letter, and is at most 19 long",
      isKey: true,
    });

  const sqlFiles: Record<string, string> = {};
  const duckdbFiles: Record<string, string> = {};
  const fileOf = (output: string, setting: "sql" | "duckdb", path: string): string => {
    const found = resolve(dirname(file), path);
    if (!existsSync(found)) problems.push({ path: ["outputs", output, setting], message: `no such file: ${path}` });
    return found;
  };
  for (const [name, { sql, duckdb }] of Object.entries(config?.outputs ?? {})) {
    sqlFiles[name] = fileOf(name, "sql", sql);
    if (duckdb !== undefined) duckdbFiles[name] = fileOf(name, "duckdb", duckdb);
  }
  if (config && problems.length === 0) {
    const placeOf = (keys: readonly string[], through = "") =>
      place(endOf(through, text, offsetOf(document, { path: keys, message: "" }, environment)));
    return deepFreeze({ environment, config, sqlFiles, duckdbFiles, placeOf });
  }

  const lineOf = problems.map((problem) => ({ ...problem, offset: offsetOf(document, problem, environment) }));
  lineOf.sort((a, b) => a.offset - b.offset);
  throw new ConfigError(
    lineOf
      .map(
        ({ offset, path: keys, message }) =>
          `${place(offset)} ${keys.map(String).join(".") || "(top level)"}: ${message}`,
      )
      .join("\n"),
  );
}

/**
 * Where in the file a problem is: at its value or key, first in the environment's own settings. If neither exists, at
 * the deepest part of its path that exists.
 */
function offsetOf(document: Document, { path, isKey }: Problem, environment: string): number {
  const overrides = ["environments", environment];
  const exact = [overrides, []].map((prefix) => nodeOffset(document, [...prefix, ...path], isKey ?? false));
  const shorter = path.flatMap((_, index) => {
    const part = path.slice(0, path.length - 1 - index);
    return part.length === 0 ? [] : [[], overrides].map((prefix) => nodeOffset(document, [...prefix, ...part], true));
  });
  return [...exact, ...shorter].find((offset) => offset !== undefined) ?? 0;
}

/**
 * Where the last character of `written` is, which the value at `start` begins with. YAML changes the white space of a
 * value; if it changes more, it is where the value begins.
 */
function endOf(written: string, text: string, start: number): number {
  let [end, next] = [start, start + /^(?:[|>].*\n|["'])?/.exec(text.slice(start))![0].length];
  for (const character of written.replace(/\s/g, "")) {
    while (/\s/.test(text.charAt(next))) next++;
    if (!text.startsWith(character, next)) return start;
    end = next;
    next += character.length;
  }
  return end;
}

function nodeOffset(document: Document, keys: readonly PropertyKey[], ofKey: boolean): number | undefined {
  const owner = document.getIn(keys.slice(0, -1), true);
  const pair = isMap(owner)
    ? owner.items.find(({ key }) => isScalar(key) && String(key.value) === String(keys.at(-1)))
    : undefined;
  const wanted = pair ? (ofKey ? pair.key : pair.value) : document.getIn(keys, true);
  return isNode(wanted) ? wanted.range?.[0] : undefined;
}
