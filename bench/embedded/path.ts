/**
 * `path.mjs RELEASE INPUT OUTPUT`: the embedded path in one process, from the three raw files to Gold. RELEASE has what a
 * deployment makes: contract.json and plan.json.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Contract } from "../../config/contract.ts";
import { run } from "../../handlers/embedded/run.ts";
import { localObjects } from "../../tests/oracle/localObjects.ts";
import { typeFile } from "../../tests/oracle/typedFiles.ts";

const [release, input, output] = process.argv.slice(2) as [string, string, string];
const pinned = (uri: string) => ({ uri, sha256: createHash("sha256").update(readFileSync(uri)).digest("hex") });
const write = (name: string, content: object) => {
  const path = join(output, name);
  writeFileSync(path, JSON.stringify(content));
  return pinned(path);
};
const scratch = join(output, "scratch");
mkdirSync(scratch, { recursive: true });

const contract = JSON.parse(readFileSync(join(release, "contract.json"), "utf8")) as Contract;
// At once, as promote's invocations are.
const inputs = Object.fromEntries(
  await Promise.all(
    Object.keys(contract.datasets).map(async (name) => {
      const raw = { path: join(input, `${name}.json`), layout: "jsonl" } as const;
      const report = await typeFile(raw, name, contract, output);
      return [name, { source: report.source, report: write(`${name}.report.json`, report) }] as const;
    }),
  ),
);
const manifest = write("manifest.json", {
  ...{ pipeline: contract.pipeline, batch: "current", run: 1, inputs },
  release: { plan: pinned(join(release, "plan.json")) },
  destination: { gold: join(output, "gold"), rejected: join(output, "rejected"), report: output },
});
const { failure } = await run(manifest, "em-1", localObjects, { scratch, threads: 2, memoryLimit: "1500MB" });
if (failure) throw new Error(`${failure.code}: ${failure.message}`);
