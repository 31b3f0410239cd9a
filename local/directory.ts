import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rm,
  rmSync,
  writeSync,
} from "node:fs";
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
  removeSoon(directory, folders);
  return () => rmSync(file, { force: true });
}

/** Moves folders out of the way and deletes them while the caller goes on. What is left of one goes the next time. */
function removeSoon(directory: string, folders: readonly string[]): void {
  const doomed = mkdtempSync(join(directory, doomedPrefix));
  for (const folder of folders)
    if (existsSync(join(directory, folder))) renameSync(join(directory, folder), join(doomed, folder));
  for (const name of readdirSync(directory))
    if (name.startsWith(doomedPrefix)) rm(join(directory, name), { recursive: true, force: true }, () => {});
}

const doomedPrefix = "old-";

/** The file that says where a stack is that was left running. */
export const runningFile = "running.json";
