import { Decimal } from "./decimal.ts";
import { ConfigError, environmentsOf, loadConfig, settingsOf } from "./load.ts";
import { checkSql } from "./sql.ts";

/** Every problem of every environment, one per line. The list is empty if the config can be deployed. */
export async function problemsOf(config: string): Promise<string[]> {
  const checked = new Map<string, Promise<void>>();
  return linesOf(config, async (environment) => {
    try {
      const loaded = loadConfig(config, environment);
      // Parsing the SQL takes longest, and environments rarely differ in the declarations that it is checked against.
      const declared = JSON.stringify([loaded.config.datasets, loaded.config.outputs]);
      if (!checked.has(declared)) checked.set(declared, checkSql(loaded));
      await checked.get(declared);
      return [];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return error.message.split("\n");
    }
  });
}

/** The lines of every environment. A line that all of them share appears once; others say in which they are. */
export async function linesOf(
  config: string,
  of: (environment: string) => Promise<readonly string[]>,
): Promise<string[]> {
  const environments = environmentsOf(config);
  const found = new Map<string, string[]>();
  for (const environment of environments)
    for (const line of await of(environment)) found.set(line, [...(found.get(line) ?? []), environment]);
  return [...found].map(([line, of]) => (of.length === environments.length ? line : `${line} (in ${of.join(", ")})`));
}

export interface Difference {
  readonly path: string;
  readonly left: string;
  readonly right: string;
}

/** The settings in which two environments differ, as written; `-` where an environment has no value. */
export function differences(config: string, left: string, right: string): Difference[] {
  const [ours, theirs] = [flatten(settingsOf(config, left)), flatten(settingsOf(config, right))];
  const paths = new Set([...ours.keys(), ...theirs.keys()]);
  return [...paths]
    .map((path) => ({ path, left: ours.get(path) ?? "-", right: theirs.get(path) ?? "-" }))
    .filter((difference) => difference.left !== difference.right);
}

function flatten(value: unknown, path = ""): Map<string, string> {
  if (value instanceof Decimal) return new Map([[path, value.toString()]]);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return new Map([[path, JSON.stringify(value)]]);
  return new Map(
    Object.entries(value).flatMap(([key, child]) => [...flatten(child, path === "" ? key : `${path}.${key}`)]),
  );
}
