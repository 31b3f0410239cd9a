import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect } from "chai";

const folder = mkdtempSync(join(tmpdir(), "configs-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
let count = 0;

/** The shipped config with some of its text changed, in a file of its own until the tests have ended. */
export function changedConfig(changes: Readonly<Record<string, string>>): string {
  const file = join(folder, `pipeline-${++count}.yaml`);
  const sql = { "../glue/sql/user_activity.sql": resolve("glue/sql/user_activity.sql") };
  const text = Object.entries({ ...sql, ...changes }).reduce(
    (current, [from, to]) => {
      expect(current, "the shipped config").to.contain(from);
      return current.replace(from, to);
    },
    readFileSync("config/pipeline_config.yaml", "utf8"),
  );
  writeFileSync(file, text);
  return file;
}
