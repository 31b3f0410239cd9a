/** The bundler on small sources. That the real functions' bundles run is for the local run to prove. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import { bundleFunction } from "../../components/bundle.ts";
import { root as checkout, nodeModules } from "../../setup/paths.mjs";

describe("a function's bundle", () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "pipeline-bundle-"));
  });
  after(() => rmSync(directory, { recursive: true }));

  /** A repository in a folder of its own: a handler, a module beside it and a CommonJS package. */
  function repository(folder: string, answer = 42): string {
    const root = join(directory, folder);
    mkdirSync(join(root, "handlers/one"), { recursive: true });
    mkdirSync(join(root, "node_modules/old"), { recursive: true });
    writeFileSync(join(root, "node_modules/old/index.js"), "exports.half = (n) => n / 2;\n");
    writeFileSync(
      join(root, "handlers/two.ts"),
      `import { half } from "old";\nexport const answer = (): number => half(${answer * 2});\n`,
    );
    writeFileSync(
      join(root, "handlers/one/index.ts"),
      'import { answer } from "../two.ts";\nexport const handler = async (): Promise<number> => answer();\n',
    );
    return root;
  }
  const bundle = (root: string) => bundleFunction(root, "handlers/one/index.ts");

  it("is the same wherever the repository lies", async () => {
    const first = await bundle(repository("here"));
    const second = await bundle(repository("there/and/deeper"));
    expect(second).to.deep.equal(first);
  });

  it("is another when the source is", async () => {
    const first = await bundle(repository("before"));
    const second = await bundle(repository("after", 43));
    expect(second.code).not.to.equal(first.code);
  });

  it("names sources relative to the repository and carries none of their text", async () => {
    const { map } = await bundle(repository("mapped"));
    const { sources, sourcesContent } = JSON.parse(map) as { sources: string[]; sourcesContent?: unknown };
    expect(sources).to.have.members(["node_modules/old/index.js", "handlers/two.ts", "handlers/one/index.ts"]);
    expect(sourcesContent).to.equal(undefined);
    expect(map).not.to.contain(directory);
  });

  it("is a module that runs and points at its map", async () => {
    const { code } = await bundle(repository("runs"));
    const file = join(directory, "index.mjs");
    writeFileSync(file, code);
    const { handler } = await import(pathToFileURL(file).href);
    expect(await handler()).to.equal(42);
    expect(code.trimEnd().endsWith("//# sourceMappingURL=index.mjs.map")).to.equal(true);
  });

  describe("of a function that loads DuckDB", () => {
    let folder: string;
    let asksFor: readonly string[];
    before(async () => {
      folder = join(directory, "asking");
      mkdirSync(folder);
      const { code, map, ...rest } = await bundleFunction(checkout, "tests/components/askingFunction.ts");
      asksFor = rest.asksFor;
      writeFileSync(join(folder, "index.mjs"), code);
      writeFileSync(join(folder, "index.mjs.map"), map);
    });

    /** Runs `script` in a process of its own, as Lambda would: the bundle is `loaded`. */
    const run = (script: string, environment: object) =>
      execFileSync(
        process.execPath,
        [
          "--input-type=module",
          "-e",
          `const hasLibrary = () => process.report.getReport().sharedObjects.some((path) => /duckdb/.test(path));
           const loaded = await import("./index.mjs");
           ${script}`,
        ],
        {
          cwd: folder,
          encoding: "utf8",
          env: { PATH: process.env.PATH, NODE_OPTIONS: "--enable-source-maps", ...environment },
        },
      ).trim();

    it("asks for its native library, which it loads when it is reached and not before", () => {
      expect(asksFor).to.deep.equal(["@duckdb/node-bindings"]);
      const script = "console.log(hasLibrary(), await loaded.handler(), hasLibrary());";
      expect(run(script, { NODE_PATH: nodeModules })).to.equal("false 42 true");
    });

    it("starts without the library, and fails where it is reached, with the place in the source", () => {
      const script = `Error.stackTraceLimit = 30;
        await loaded.handler().catch(({ code, stack }) => console.log(code, stack.includes("askingFunction.ts:3")));`;
      expect(run(script, {})).to.equal("MODULE_NOT_FOUND true");
    });
  });

  it("of settle asks for nothing and has no require", async () => {
    const { code, asksFor } = await bundleFunction(checkout, "handlers/settle/index.ts");
    expect(asksFor).to.deep.equal([]);
    expect(code).not.to.contain("createRequire");
  });

  it("fails with the place of a mistake", async () => {
    const root = repository("broken");
    writeFileSync(join(root, "handlers/two.ts"), "export const answer = ;\n");
    let message = "";
    await bundle(root).catch((error: Error) => {
      message = error.message;
    });
    expect(message).to.contain("handlers/two.ts:1:22");
  });
});
