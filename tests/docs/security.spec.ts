import { existsSync, readFileSync } from "node:fs";
import { expect } from "chai";

/** The threat model names tests as its proof; a test that is renamed or dropped must not leave its claim behind. */
describe("docs/security.md", () => {
  const text = readFileSync("docs/security.md", "utf8").replaceAll("\n", " ");
  /** File to the tests that are named after it, up to the next file. */
  const references = [...text.matchAll(/`(tests\/[\w./]+)`((?:: ?)?(?:(?:, )?"[^"]+")*)/g)].map(
    ([, file, names]) => [file!, [...names!.matchAll(/"([^"]+)"/g)].map(([, name]) => name!)] as const,
  );

  /** Titles as expressions: what a template fills in may be anything. */
  const titles = (file: string): RegExp[] =>
    [...readFileSync(file, "utf8").matchAll(/\bit\((?:"([^"]+)"|`([^`]+)`)/g)].map(([, plain, template]) => {
      const parts = (plain ?? template!)
        .split(/\$\{[^}]*\}/)
        .map((part) => part.replace(/[.*+?^$()[\]{}|\\]/g, "\\$&"));
      return new RegExp(`^${parts.join(".+")}$`);
    });

  it("names tests that exist", () => {
    expect(references).to.have.length.greaterThan(20);
    for (const [file, names] of references) {
      expect(existsSync(file), file).to.equal(true);
      for (const name of names)
        expect(
          titles(file).some((title) => title.test(name)),
          `${file}: ${name}`,
        ).to.equal(true);
    }
  });

  it("names one for every threat", () => {
    const rows = readFileSync("docs/security.md", "utf8")
      .split("## Removal")[0]!
      .match(/^\| .+ \|$/gm)!;
    for (const row of rows.slice(2)) expect(row).to.match(/`tests\//);
  });
});
