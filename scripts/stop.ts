import { setTimeout as sleep } from "node:timers/promises";
import { readRunning } from "../local/running.ts";
import { isAlive } from "../setup/lock.mjs";

/** Milliseconds that the stack has to end its processes in order. */
const patience = 30_000;

/** Ends the local stack that `npm start -- --keep` left running. */
async function main(): Promise<number> {
  const running = readRunning();
  if (running === null) {
    console.log("no local stack is running");
    return 0;
  }
  process.kill(running.pid, "SIGTERM");
  const deadline = Date.now() + patience;
  while (isAlive(running.pid) && Date.now() < deadline) await sleep(100);
  if (isAlive(running.pid)) {
    console.error(`process ${running.pid} still has the local stack after ${patience / 1000} s`);
    return 1;
  }
  console.log("the local stack is stopped");
  return 0;
}

process.exitCode = await main();
