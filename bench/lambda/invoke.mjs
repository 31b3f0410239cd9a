/**
 * Loads a bundle as Lambda's Node does and calls its handler with the events, one after another. Reads
 * `{ module, warmUp, events }` from the named file and prints figures as JSON: times in milliseconds, sizes in bytes.
 */
import { subscribe } from "node:diagnostics_channel";
import { readFileSync } from "node:fs";

const { module, warmUp, events } = JSON.parse(readFileSync(process.argv[2], "utf8"));

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
/** Linux includes the parent's memory in maxRSS, so the process's own high-water mark is used where it is available. */
function peakMemory() {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))[1]) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}

let calls = {};
subscribe("http.client.request.start", ({ request }) => {
  // The credential scope of a signature names the service.
  const service = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(String(request.getHeader("authorization")))?.[1];
  calls[service] = (calls[service] ?? 0) + 1;
});

const before = { time: performance.now(), cpu: cpu() };
const { handler } = await import(module);
const init = {
  initTime: performance.now() - before.time,
  initCpu: cpu() - before.cpu,
  initMemory: process.memoryUsage().rss,
};

const invocation = { getRemainingTimeInMillis: () => 120_000 };
async function handle(event) {
  const answer = await handler(event, invocation);
  if (answer?.batchItemFailures?.length > 0) throw new Error("the handler reported a failed message");
}
// The function's log must not mix with this process's output.
const write = process.stdout.write.bind(process.stdout);
const said = [];
process.stdout.write = (text) => {
  said.push(text);
  return true;
};
const perEvent = (total) => total / Math.max(1, events.length);
try {
  for (const event of warmUp) await handle(event);
  calls = {};
  const begun = { time: performance.now(), cpu: cpu() };
  for (const event of events) await handle(event);
  const figures = {
    ...init,
    eventTime: perEvent(performance.now() - begun.time),
    eventCpu: perEvent(cpu() - begun.cpu),
    s3Calls: perEvent(calls.s3 ?? 0),
    allCalls: perEvent(Object.values(calls).reduce((sum, count) => sum + count, 0)),
    peakMemory: peakMemory(),
    promoted: said.filter((text) => text.includes('"file.promoted"')).length,
  };
  write(`${JSON.stringify(figures)}\n`);
} catch (error) {
  process.stderr.write(`${said.slice(-5).join("")}${error.stack}\n`);
  process.exitCode = 1;
}
