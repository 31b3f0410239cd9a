import { setTimeout as sleep } from "node:timers/promises";

/**
 * The stub engine, but for two batches: a run of 2026-02-01 dies, and one of 2026-02-02 does not end until it is killed.
 */
const manifest = process.argv[process.argv.indexOf("--manifest") + 1];
const batch = manifest.split("/").at(-2);
if (batch === "2026-02-01") {
  // Less than half a second counts as none, as if it had never begun.
  await sleep(2000);
  process.exit(1);
}
if (batch === "2026-02-02") await sleep(3_600_000);
await import("../chaos/stubEngine.mjs");
