/**
 * The program of a mutant: `node PROGRAM SEED,SEED,…` simulates one seed after the other, says on its last line what
 * became of it, and exits with 1 when an invariant did not hold.
 */
import { runSchedule } from "../schedule.ts";
import type { Finding } from "./hunt.ts";

async function search(seeds: readonly number[]): Promise<Finding> {
  for (const seed of seeds) {
    const { violation } = await runSchedule(seed);
    if (violation) return { kind: "caught", seed, ...violation };
  }
  return { kind: "survived" };
}

const finding = await search((process.argv[2] ?? "1").split(",").map(Number));
process.stdout.write(`${JSON.stringify(finding)}\n`, () => process.exit(finding.kind === "caught" ? 1 : 0));
