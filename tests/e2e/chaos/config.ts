import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse, stringify } from "yaml";

const shipped = "config/pipeline_config.yaml";
export const environment = "chaos";

/**
 * The shipped pipeline in an environment of its own, which says `overrides`.
 * @returns the config file's path
 */
export function writeConfig(folder: string, overrides: object): string {
  const config = parse(readFileSync(shipped, "utf8")) as { outputs: Record<string, { sql: string }> };
  for (const output of Object.values(config.outputs)) output.sql = resolve("config", output.sql);
  const removal = { data: "destroy", protect: false };
  const file = join(folder, "pipeline_config.yaml");
  writeFileSync(file, stringify({ ...config, environments: { [environment]: { removal, ...overrides } } }));
  return file;
}
