import { runSeeds, type Slice } from "./campaign.ts";

/** Runs the seeds that it is sent, and sends what they came to. */
process.on("message", async ({ first, runs }: Slice) => process.send!(await runSeeds(first, runs)));
process.send!(null);
