import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { runProgram } from "./mocks.ts";
import { snapshotOf } from "./snapshot.ts";

/**
 * `node --import tsx run.ts MAIN STACK CONFIG OUT`: runs the Pulumi program of the working directory and writes the
 * resources that it would declare. MAIN is its entry file; CONFIG is the stack's settings as JSON.
 */
const [main, stack, config, out] = process.argv.slice(2) as [string, string, string, string];

/** The program loads the SDK for all of AWS and bundles the functions. On a busy machine that takes a while. */
const timeout = 300_000;

try {
  // As Pulumi does: what the entry exports, or what its default export returns.
  const program = async () => {
    const { default: entry, ...named } = await import(pathToFileURL(join(process.cwd(), main)).href);
    return entry ? entry() : named;
  };
  const run = await runProgram(program, { stack, config: JSON.parse(config), anyType: true, timeout });
  writeFileSync(out, JSON.stringify(await snapshotOf(run)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  // At once: the refusal of a module that was being loaded is thrown a second time, where nothing catches it.
  process.exit(1);
}
