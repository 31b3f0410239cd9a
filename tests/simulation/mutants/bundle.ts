import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { root } from "../../../setup/paths.mjs";
import type { Edit } from "./mutants.ts";

/** Why an edit can't be made as it is written, or null. */
export function misfit({ file, find }: Edit): string | null {
  const found = readFileSync(join(root, file), "utf8").split(find).length - 1;
  return found === 1 ? null : `${file} has ${found} places, not one, that say: ${find}`;
}

function replacing(edits: readonly Edit[]): Plugin {
  return {
    name: "mutant",
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const own = edits.filter(({ file }) => path === join(root, file));
        if (own.length === 0) return null;
        const text = await readFile(path, "utf8");
        return {
          contents: own.reduce((mutated, { find, replace }) => mutated.replace(find, () => replace), text),
          loader: "ts",
        };
      });
    },
  };
}

/** Writes a program of the simulation with these edits to the code that it simulates. */
export async function bundleWith(edits: readonly Edit[], outfile: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: ["tests/simulation/mutants/search.ts"],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    // The SDK's own code is nothing to mutate, and found from anywhere below the repository.
    packages: "external",
    tsconfigRaw: {},
    logLevel: "silent",
    plugins: [replacing(edits)],
  });
}
