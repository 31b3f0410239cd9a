import { join } from "node:path";
import { installJava, javaIsCurrent, useInstalledJava } from "./java.mjs";
import { withLock } from "./lock.mjs";
import { installNodeModules, nodeModulesAreCurrent } from "./nodeModules.mjs";
import { localDirectory } from "./paths.mjs";
import { createProgress } from "./progress.mjs";
import { createVenv, hasVenv, installPythonPackages, pythonIsCurrent } from "./python.mjs";
import { checkNode, findPython } from "./runtimes.mjs";
import { fetchSparkJars, sparkJarsAreCurrent } from "./sparkJars.mjs";

const isReady = ({ python, spark }) =>
  nodeModulesAreCurrent() && (!python || pythonIsCurrent()) && (!spark || (javaIsCurrent() && sparkJarsAreCurrent()));

async function prepareJava(progress) {
  if (javaIsCurrent() || (await useInstalledJava())) return;
  await progress.step("Java 17", installJava);
}

async function preparePython(progress, { spark }, interpreter) {
  if (interpreter) await progress.step("Python environment", () => createVenv(interpreter));
  await Promise.all([
    pythonIsCurrent() ? undefined : progress.step("Python packages", installPythonPackages),
    spark ? prepareJava(progress) : undefined,
  ]);
  if (spark && !sparkJarsAreCurrent()) await progress.step("Spark's S3 jars", fetchSparkJars);
}

/**
 * Installs what the lock files of this checkout list. When all is installed, it returns after a few milliseconds.
 * @param {{ python?: boolean, spark?: boolean }} needs
 */
export async function setUp(needs, progress = createProgress()) {
  checkNode();
  if (isReady(needs)) return;
  await withLock(join(localDirectory, "setup.lock"), async () => {
    // Python may be missing, so it is looked for before any long step begins.
    const interpreter = needs.python && !hasVenv() ? await findPython() : undefined;
    const results = await Promise.allSettled([
      nodeModulesAreCurrent() ? undefined : progress.step("Node packages", installNodeModules),
      needs.python ? preparePython(progress, needs, interpreter) : undefined,
    ]);
    const failed = results.find(({ status }) => status === "rejected");
    if (failed) throw failed.reason;
  });
}
