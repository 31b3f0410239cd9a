import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.mjs";
import { nodeModules, root } from "./paths.mjs";

const packages = (file) => JSON.parse(readFileSync(file, "utf8")).packages;

/** npm writes its list of installed packages last, so this also detects an interrupted install. */
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
  // npm gives its own path to the scripts that it runs, and that npm certainly exists.
  const npm = process.env.npm_execpath;
  const args = ["ci", "--no-audit", "--no-fund", "--no-progress"];
  await (npm?.endsWith(".js") ? run(process.execPath, [npm, ...args], { cwd: root }) : run("npm", args, { cwd: root }));
  if (!nodeModulesAreCurrent()) throw new Error(`after npm ci, ${nodeModules} does not match package-lock.json`);
}
