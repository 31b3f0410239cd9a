import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { isAlive } from "../setup/lock.mjs";

/**
 * Takes `directory` for this process and empties what an earlier run left in `folders`.
 * @returns gives the directory back
 * @throws Error when another process that is alive has it
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
          `${directory} is in use by process ${owner}: wait for it or name another directory (\`npm stop\` ends what \`npm start -- --keep\` left)`,
        );
      rmSync(file, { force: true });
    }
  }
  for (const folder of folders) rmSync(join(directory, folder), { recursive: true, force: true });
  return () => rmSync(file, { force: true });
}

/** Says where a stack is that was left running. */
export const runningFile = "running.json";
