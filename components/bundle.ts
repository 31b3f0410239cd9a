import { join } from "node:path";
import { build } from "esbuild";

/** A function's code as one module, and the map that leads from it back to the source. */
export interface FunctionBundle {
  readonly code: string;
  readonly map: string;
  /** The packages that are not in it, and that it loads when it reaches them. */
  readonly asksFor: readonly string[];
}

/** Packages with a native library, which no module can hold. */
const native = ["@duckdb/node-bindings"];

/** CommonJS in an ES module: what is not bundled is loaded by `require`, which a module does not have. */
const requireInModule = 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);';

/**
 * Bundles `entry`, a path relative to `root`, with everything it imports but native packages. The same source gives the same bytes in any
 * folder, so a preview shows a function as changed only if it has changed.
 */
export async function bundleFunction(root: string, entry: string): Promise<FunctionBundle> {
  const plain = await bundle(root, entry);
  if (!plain.requires) return plain.bundle;
  return (await bundle(root, entry, requireInModule)).bundle;
}

async function bundle(root: string, entry: string, head = "") {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    // Nothing is written there; paths in the map are relative to it.
    outfile: join(root, "index.mjs"),
    write: false,
    bundle: true,
    external: native,
    banner: { js: head },
    metafile: true,
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
  const left = Object.values(metafile.outputs).flatMap(({ imports }) => imports);
  const asked = new Set(left.map(({ path }) => path));
  return {
    bundle: {
      code: text("index.mjs"),
      map: text("index.mjs.map"),
      asksFor: native.filter((name) => asked.has(name)),
    },
    requires: left.some(({ kind }) => kind === "require-call"),
  };
}
