/** The bundler on small sources. That the real functions' bundles run is for the local run to prove. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import { bundleFunction } from "../../components/bundle.ts";

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
