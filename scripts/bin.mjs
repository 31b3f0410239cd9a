#!/usr/bin/env node
/** `pipeline`, for where this checkout is linked: the same as `npm run pipeline --`, wherever it is called. */
process.env.INIT_CWD = process.cwd();
process.argv.splice(2, 0, "pipeline");
await import("./run.mjs");
