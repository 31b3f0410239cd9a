#!/usr/bin/env node
/** The command `pipeline`, available after `npm link`: the same as `npm run pipeline --`, from any folder. */
process.env.INIT_CWD = process.cwd();
process.argv.splice(2, 0, "pipeline");
await import("./run.mjs");
