import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const guard = fileURLToPath(new URL("./guard.mjs", import.meta.url));

export interface Guarded {
  /** Resolves with the exit code when the command and all processes that it started have ended. */
  readonly ended: Promise<number>;
  /** Ends the command; a process that does not end by itself is killed after a few seconds. */
  stop(): Promise<void>;
}

/** Starts a command that cannot outlive this process, with exactly the given environment. */
export function startGuarded(
  command: readonly string[],
  options: { env: Readonly<Record<string, string>>; cwd: string; logFile: string },
): Guarded {
  const child = spawn(process.execPath, [guard, options.logFile, ...command], {
    cwd: options.cwd,
    env: { ...options.env },
    // With its own group, Ctrl-C reaches only this process, which then stops the others in order.
    detached: true,
    stdio: ["pipe", "ignore", "inherit"],
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 128));
  });
  return {
    ended,
    async stop() {
      child.stdin?.end();
      await ended;
    },
  };
}
