import { join } from "node:path";
import { SetupError } from "./command.mjs";
import { installJava, javaIsCurrent, useInstalledJava } from "./java.mjs";
import { withLock } from "./lock.mjs";
import { installNodeModules, nodeModulesAreCurrent } from "./nodeModules.mjs";
import { localDirectory } from "./paths.mjs";
import { createProgress } from "./progress.mjs";
import { basePackages, createVenv, hasVenv, install, isInstalled, sparkPackages } from "./python.mjs";
import { checkNode, findPython } from "./runtimes.mjs";
import { fetchSparkJars, sparkJarsAreCurrent } from "./sparkJars.mjs";

const sparkIsFetched = () => isInstalled(sparkPackages) && sparkJarsAreCurrent();
const pythonIsReady = ({ python, spark }) =>
  (!python || isInstalled(basePackages)) && (!spark || (javaIsCurrent() && sparkIsFetched()));

const locked = (work) => withLock(join(localDirectory, "setup.lock"), work);

/** Waits for all, also when one fails, so that nothing is installed any more when the lock is released. */
async function all(...work) {
  const failed = (await Promise.allSettled(work)).find(({ status }) => status === "rejected");
  if (failed) throw failed.reason;
}

/** Python may be missing, so it is looked for before any long step begins. */
const findInterpreter = async ({ python }) => (python && !hasVenv() ? await findPython() : undefined);

async function prepareJava(progress) {
  if (javaIsCurrent() || (await useInstalledJava())) return;
  await progress.step("Java 17", installJava);
}

async function prepareSpark(progress) {
  try {
    await all(
      isInstalled(sparkPackages) ? undefined : progress.step("Spark's packages", () => install(sparkPackages)),
      prepareJava(progress),
    );
    if (!sparkJarsAreCurrent()) await progress.step("Spark's S3 jars", fetchSparkJars);
  } catch (error) {
    throw new SetupError(`Spark can't be fetched. It comes once, from pip's index and from Maven:\n${error.message}`);
  }
}

async function preparePython(progress, { python, spark }, interpreter) {
  if (interpreter) await progress.step("Python environment", () => createVenv(interpreter));
  if (python && !isInstalled(basePackages)) await progress.step("Python packages", () => install(basePackages));
  if (spark) await prepareSpark(progress);
}

/**
 * Installs what the lock files of this checkout list. When all is installed, it returns after a few milliseconds.
 * @param {{ python?: boolean, spark?: boolean }} needs with Spark also Python
 */
export async function setUp(needs, progress = createProgress()) {
  checkNode();
  if (nodeModulesAreCurrent() && pythonIsReady(needs)) return;
  await locked(async () => {
    const interpreter = await findInterpreter(needs);
    await all(
      nodeModulesAreCurrent() ? undefined : progress.step("Node packages", installNodeModules),
      preparePython(progress, needs, interpreter),
    );
  });
}

/**
 * Sets Spark up where it is asked for late, and says for what. It leaves the Node packages alone: they are in use.
 * @returns {Promise<boolean>} whether there was anything to do
 */
export async function setUpSpark(reason, progress = createProgress()) {
  const needs = { python: true, spark: true };
  if (pythonIsReady(needs)) return false;
  return await locked(async () => {
    if (pythonIsReady(needs)) return false;
    const interpreter = await findInterpreter(needs);
    if (!sparkIsFetched()) progress.say(`Spark is needed for ${reason}: fetched once`);
    await preparePython(progress, needs, interpreter);
    return true;
  });
}
