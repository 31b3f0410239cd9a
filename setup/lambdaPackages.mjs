/** The packages that a function can't be bundled with, as they are for its machines: Linux on arm64. */
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { run, SetupError } from "./command.mjs";
import { cacheFolder, localDirectory, root } from "./paths.mjs";

/** What a function needs of each package. `detect-libc` is not among them: without it the bindings expect glibc. */
const shipped = {
  "@duckdb/node-bindings": ["package.json", "duckdb.js"],
  "@duckdb/node-bindings-linux-arm64": ["package.json", "duckdb.node", "libduckdb.so", "LICENSE"],
};

/** The files, by their path in a function's archive. */
export const lambdaFiles = Object.entries(shipped).flatMap(([name, files]) =>
  files.map((file) => `node_modules/${name}/${file}`),
);

const rootLock = () => JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));

/**
 * A project of these packages alone, as `lock` has them. It does not say for which machines they are: npm would refuse,
 * or skip in silence, what is not for its own.
 */
function reduced(lock) {
  const names = Object.keys(shipped);
  const entryOf = (name) => {
    const { version, integrity } = lock.packages[`node_modules/${name}`] ?? {};
    if (!integrity) throw new SetupError(`package-lock.json has no integrity of ${name}`);
    return { version, integrity };
  };
  const entries = names.map((name) => [name, entryOf(name)]);
  const project = {
    name: "lambda-packages",
    version: "0.0.0",
    private: true,
    dependencies: Object.fromEntries(entries.map(([name, { version }]) => [name, version])),
  };
  const packages = Object.fromEntries(entries.map(([name, entry]) => [`node_modules/${name}`, entry]));
  const { name, version } = project;
  return {
    project,
    lock: { name, version, lockfileVersion: 3, requires: true, packages: { "": project, ...packages } },
  };
}

/** @returns {string} where the packages of this lock are, or will be: outside of the checkout */
export function lambdaPackagesFolder(lock = rootLock(), cache = cacheFolder()) {
  const digest = createHash("sha256")
    .update(JSON.stringify(reduced(lock).lock))
    .digest("hex");
  return join(cache, `lambda-${digest.slice(0, 16)}`);
}

/** npm's failure in one sentence. */
function told(error) {
  const [, code] = /npm (?:error|ERR!) code (\S+)/.exec(error.message) ?? [];
  if (code === "EINTEGRITY")
    return new SetupError(
      "npm's registry has other packages than package-lock.json: EINTEGRITY. Nothing was installed",
    );
  if (/^(E(AI_AGAIN|CONN\w+|NOTFOUND|TIMEDOUT|SOCKET\w*|HOSTUNREACH|NETUNREACH|\d+)|ERR_SOCKET\w*)$/.test(code ?? ""))
    return new SetupError(
      `npm can't get the functions' packages from its registry: ${code}. A deployment needs them once; check npm ping`,
    );
  return error;
}

async function install(lock, folder) {
  const { project, lock: lockOfThem } = reduced(lock);
  mkdirSync(dirname(folder), { recursive: true });
  const work = mkdtempSync(join(dirname(folder), "installing-"));
  const write = (file, content) => writeFileSync(join(work, file), `${JSON.stringify(content, null, 2)}\n`);
  try {
    write("package.json", project);
    write("package-lock.json", lockOfThem);
    // npm gives its own path to the scripts that it runs, and that npm certainly exists.
    const npm = process.env.npm_execpath;
    const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error"];
    const [command, all] = npm?.endsWith(".js") ? [process.execPath, [npm, ...args]] : ["npm", args];
    await run(command, all, { cwd: work }).catch((error) => {
      throw told(error);
    });
    const result = join(work, "result");
    for (const file of lambdaFiles) {
      if (!existsSync(join(work, file))) throw new SetupError(`npm ci has installed no ${file}`);
      mkdirSync(dirname(join(result, file)), { recursive: true });
      copyFileSync(join(work, file), join(result, file));
    }
    try {
      renameSync(result, folder);
    } catch (error) {
      // Another process was first, and has the same.
      if (!existsSync(folder)) throw error;
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * Installs the packages by npm from the lock file, with its integrity, once for each lock.
 * @returns {Promise<string>} the folder that has `lambdaFiles`
 */
export async function prepareLambdaPackages(progress, { lock = rootLock(), cache = cacheFolder() } = {}) {
  const folder = lambdaPackagesFolder(lock, cache);
  if (!existsSync(folder))
    await progress.step("DuckDB for the functions, fetched by npm once", () => install(lock, folder));
  return folder;
}

/** Makes `folder` known below the checkout. @returns {string} its name there, relative to the checkout */
export function linkLambdaPackages(folder) {
  const link = join(localDirectory, "packages", basename(folder));
  mkdirSync(dirname(link), { recursive: true });
  const work = mkdtempSync(`${link}-`);
  symlinkSync(folder, join(work, "link"));
  // A link that is there, also a dead one, is replaced at once.
  renameSync(join(work, "link"), link);
  rmSync(work, { recursive: true });
  return join(".local", "packages", basename(folder));
}
