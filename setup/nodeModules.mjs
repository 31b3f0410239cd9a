import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.mjs";
import { nodeModules, root } from "./paths.mjs";

const packages = (file) => JSON.parse(readFileSync(file, "utf8")).packages;

/** npm writes what it installed into node_modules as its last act, so this also notices an install cut short. */
export function nodeModulesAreCurrent(directory = root) {
  const installedLock = join(directory, "node_modules", ".package-lock.json");
  if (!existsSync(installedLock)) return false;
  const installed = packages(installedLock);
  return Object.entries(packages(join(directory, "package-lock.json"))).every(([path, wanted]) => {
    if (path === "") return true;
    const found = installed[path];
    return found ? found.version === wanted.version : Boolean(wanted.optional ?? wanted.devOptional ?? wanted.peer);
  });
}

export async function installNodeModules() {
  // npm tells where it is to what it runs; that one is surely there.
  const npm = process.env.npm_execpath;
  const args = ["ci", "--no-audit", "--no-fund", "--no-progress"];
  await (npm?.endsWith(".js") ? run(process.execPath, [npm, ...args], { cwd: root }) : run("npm", args, { cwd: root }));
  if (!nodeModulesAreCurrent()) throw new Error(`npm ci left ${nodeModules} unlike package-lock.json`);
}
