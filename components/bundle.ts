import { join } from "node:path";
import { build } from "esbuild";

/** A function's code as one module, and the map that leads from it back to the source. */
export interface FunctionBundle {
  readonly code: string;
  readonly map: string;
}

/**
 * Bundles `entry`, a path relative to `root`, with everything it imports. The same source gives the same bytes in any
 * folder, so a preview shows a function as changed only if it has changed.
 */
export async function bundleFunction(root: string, entry: string): Promise<FunctionBundle> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    // Nothing is written there; paths in the map are relative to it.
    outfile: join(root, "index.mjs"),
    write: false,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node22",
    // Uses the SDK's ES modules, so that unused parts can be left out.
    mainFields: ["module", "main"],
    minify: true,
    // Otherwise logs and stack traces show a minified class or function as a letter.
    keepNames: true,
    sourcemap: "linked",
    sourcesContent: false,
    legalComments: "none",
    // Independent of any tsconfig.json near the sources.
    tsconfigRaw: {},
    logLevel: "silent",
  });
  const text = (suffix: string) => outputFiles.find(({ path }) => path.endsWith(suffix))!.text;
  return { code: text("index.mjs"), map: text("index.mjs.map") };
}
