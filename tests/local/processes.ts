import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Looks at /proc, so it sees nothing on other systems than Linux. */
export const canSeeProcesses = process.platform === "linux";

const pids = () => readdirSync("/proc").filter((name) => /^\d+$/.test(name));

/** Undefined when the process ended while it was looked at. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    // It ended while it was looked at.
    return undefined;
  }
}

/** The processes that run in `directory` or below it. */
export function processesIn(directory: string): number[] {
  return pids()
    .filter((pid) => {
      const cwd = attempt(() => readlinkSync(`/proc/${pid}/cwd`)) ?? "";
      return cwd === directory || cwd.startsWith(`${directory}/`);
    })
    .map(Number);
}

export async function waitForNone(directory: string, milliseconds: number): Promise<number[]> {
  const deadline = Date.now() + milliseconds;
  while (processesIn(directory).length > 0 && Date.now() < deadline) await sleep(100);
  return processesIn(directory);
}

const listening = "0A";
/** 127.0.0.1, ::1 and ::ffff:127.0.0.1 as /proc/net spells them. */
const loopback = ["0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"];

/** Addresses beyond loopback on which these processes listen, and how many sockets they listen on in all. */
export function listeners(processes: readonly number[]): { count: number; open: string[] } {
  const inodes = new Set(
    processes.flatMap((pid) =>
      (attempt(() => readdirSync(`/proc/${pid}/fd`)) ?? []).flatMap((fd) => {
        const link = attempt(() => readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? "";
        return link.match(/^socket:\[(\d+)\]$/)?.[1] ?? [];
      }),
    ),
  );
  const sockets = ["/proc/net/tcp", "/proc/net/tcp6"]
    .flatMap((file) => readFileSync(file, "utf8").trim().split("\n").slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === listening && inodes.has(fields[9] ?? ""))
    .map((fields) => fields[1]!);
  return { count: sockets.length, open: sockets.filter((address) => !loopback.includes(address.split(":")[0]!)) };
}
