import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundleFunction } from "../../components/bundle.ts";
import { functionSettings } from "../../components/functionSettings.ts";
import { loadConfig } from "../../config/load.ts";
import { root } from "../../setup/paths.mjs";

export interface Deployed {
  /** The module's path. */
  readonly module: string;
  /** The size of the minified code without the source map. */
  readonly bytes: number;
}

/** Bundles an entry as a stack does, together with the settings of `dev`. */
export async function deploy(folder: string, name: string, entry: string): Promise<Deployed> {
  const { code, map } = await bundleFunction(root, entry);
  const directory = join(folder, name);
  mkdirSync(directory, { recursive: true });
  const module = join(directory, "index.mjs");
  writeFileSync(module, code);
  writeFileSync(`${module}.map`, map);
  const settings = functionSettings(loadConfig(join(root, "config", "pipeline_config.yaml"), "dev"), "promote");
  writeFileSync(join(directory, "settings.json"), JSON.stringify(settings));
  return { module, bytes: Buffer.byteLength(code) };
}
