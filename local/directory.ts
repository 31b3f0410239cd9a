import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { isAlive } from "../setup/lock.mjs";

/**
 * Claims `directory` for this process and removes the `folders` that an earlier run left in it.
 * @returns a function that releases the directory
 * @throws Error when another live process has claimed it
 */
export function claimDirectory(directory: string, folders: readonly string[]): () => void {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, "owner.pid");
  for (;;) {
    try {
      const handle = openSync(file, "wx");
      writeSync(handle, String(process.pid));
      closeSync(handle);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const owner = Number(readFileSync(file, "utf8"));
      if (owner && isAlive(owner))
        throw new Error(
          `${directory} is in use by process ${owner}: wait for it or name another directory (\`npm stop\` ends a stack that \`npm start -- --keep\` left running)`,
        );
      rmSync(file, { force: true });
    }
  }
  for (const folder of folders) rmSync(join(directory, folder), { recursive: true, force: true });
  return () => rmSync(file, { force: true });
}

/** The file that says where a stack is that was left running. */
export const runningFile = "running.json";
