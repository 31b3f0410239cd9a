/**
 * Two clones of the repository, in folders of different depth, with packages of their own for the functions: what would
 * be deployed from them is the same to the byte. Not proven here: that npm installs the same packages, which is for the
 * lock file to hold, nor that another machine's esbuild writes the same, for its version.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { expect } from "chai";
import { bundleFunction } from "../../components/bundle.ts";
import { snapshot } from "../../review/plan/trees.ts";

/** The functions' packages and all that these need, as paths in node_modules. */
function packages(): ReadonlySet<string> {
  const { dependencies } = JSON.parse(readFileSync("package.json", "utf8")) as { dependencies: object };
  const lock = JSON.parse(readFileSync("package-lock.json", "utf8")).packages as Readonly<
    Record<string, { readonly dependencies?: Readonly<Record<string, string>> } | undefined>
  >;
  const found = new Set<string>();
  const add = (name: string) => {
    if (found.has(name)) return;
    found.add(name);
    Object.keys(lock[`node_modules/${name}`]?.dependencies ?? {}).forEach(add);
  };
  for (const name of Object.keys(dependencies)) if (/^@(aws-sdk|duckdb)\//.test(name)) add(name);
  return found;
}

describe("two clones of the repository", function () {
  this.timeout(300_000);
  this.slow(60_000);
  let folder: string;
  let clones: string[];

  function clone(name: string): string {
    const root = join(folder, name);
    const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { encoding: "utf8" })
      .trim()
      .split("\n");
    for (const file of files.filter((path) => path !== ".venv" && existsSync(path))) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      cpSync(file, join(root, file));
    }
    const modules = join(root, "node_modules");
    const own = packages();
    // Its source map tells where a function's package lies, so that has to be below the clone.
    for (const path of own) cpSync(join("node_modules", path), join(modules, path), { recursive: true });
    for (const entry of readdirSync("node_modules"))
      if (!existsSync(join(modules, entry))) symlinkSync(resolve("node_modules", entry), join(modules, entry));
    return root;
  }

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "clones-"));
    clones = ["one", "another/and/deeper"].map(clone);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const name of ["promote", "settle", "embedded"])
    it(`give the same bundle of ${name}, with the same map`, async () => {
      const bundles = await Promise.all(clones.map((root) => bundleFunction(root, `handlers/${name}/index.ts`)));
      expect(bundles[0]!.code === bundles[1]!.code).to.equal(true);
      expect(bundles[0]!.map === bundles[1]!.map).to.equal(true);
    });

  for (const stack of ["dev", "prod"])
    it(`declare the same ${stack}, resource by resource`, async () => {
      const [one, another] = [await snapshot(clones[0]!, stack), await snapshot(clones[1]!, stack)];
      expect(one.resources).to.have.length.greaterThan(50);
      expect(another).to.deep.equal(one);
    });
});
