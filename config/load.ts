import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isMap, LineCounter, type Node, parseDocument } from "yaml";
import { configSchema, type PipelineConfig } from "./schema.ts";

/** A config that can't be used. `message` lists every problem, one a line, as `file:line:column path: what is wrong`. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** One environment's settings, and where its SQL lies. */
export interface LoadedConfig {
  readonly environment: string;
  readonly config: PipelineConfig;
  /** Output name to the SQL file's absolute path. */
  readonly sqlFiles: Readonly<Record<string, string>>;
}

type Plain = Record<string, unknown>;
const isPlain = (value: unknown): value is Plain =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `override` laid over `base`, key by key; lists and scalars are replaced whole. */
function overlay(base: unknown, override: unknown): unknown {
  if (!isPlain(base) || !isPlain(override)) return override;
  const merged: Plain = { ...base };
  for (const [key, value] of Object.entries(override)) merged[key] = key in base ? overlay(base[key], value) : value;
  return merged;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const child of Object.values(value)) deepFreeze(child);
    Object.freeze(value);
  }
  return value;
}

/**
 * Reads `path`, lays `environments[environment]` over the defaults and checks the result.
 * @throws ConfigError with every problem found.
 */
export function loadConfig(path: string, environment: string): LoadedConfig {
  const file = resolve(path);
  if (!existsSync(file)) throw new ConfigError(`${path}: no such file`);
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(file, "utf8"), { lineCounter: lines, prettyErrors: false });
  const place = (offset: number | undefined) => {
    const { line, col } = lines.linePos(offset ?? 0);
    return `${path}:${line}:${col}`;
  };
  if (document.errors.length > 0)
    throw new ConfigError(document.errors.map((error) => `${place(error.pos[0])} ${error.message}`).join("\n"));
  if (!isMap(document.contents)) throw new ConfigError(`${path}:1:1 the file must be a mapping of settings`);

  const { environments, ...defaults } = document.toJS({ maxAliasCount: 100 }) as Plain;
  if (!isPlain(environments))
    throw new ConfigError(`${path}:1:1 environments: must name the environments, such as dev and prod`);
  const names = Object.keys(environments);
  if (!names.includes(environment))
    throw new ConfigError(`"${environment}" is not an environment of ${path}; it declares: ${names.join(", ")}`);

  /** The node of the deepest part of `keys` that is written in the file, the environment's own first. */
  const locate = (keys: PropertyKey[]): number | undefined => {
    for (const prefix of [["environments", environment], []])
      for (let length = keys.length; length > (prefix.length > 0 ? 0 : -1); length--) {
        const node = document.getIn([...prefix, ...keys.slice(0, length)], true) as Node | undefined;
        if (node?.range) return node.range[0];
      }
    return undefined;
  };
  const result = configSchema.safeParse(overlay(defaults, environments[environment] ?? {}));
  if (!result.success)
    throw new ConfigError(
      result.error.issues
        .map(
          (issue) =>
            `${place(locate(issue.path))} ${issue.path.map(String).join(".") || "(top level)"}: ${issue.message}`,
        )
        .join("\n"),
    );

  const sqlFiles: Record<string, string> = {};
  const missing: string[] = [];
  for (const [name, output] of Object.entries(result.data.outputs)) {
    const sql = resolve(dirname(file), output.sql);
    sqlFiles[name] = sql;
    if (!existsSync(sql))
      missing.push(`${place(locate(["outputs", name, "sql"]))} outputs.${name}.sql: no such file: ${output.sql}`);
  }
  if (missing.length > 0) throw new ConfigError(missing.join("\n"));
  return deepFreeze({ environment, config: result.data, sqlFiles });
}
