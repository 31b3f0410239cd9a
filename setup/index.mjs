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
 * Brings this checkout to what its lock files say. Does nothing, in a few milliseconds, when it is there already.
 * @param {{ python?: boolean, spark?: boolean }} needs
 */
export async function setUp(needs, progress = createProgress()) {
  checkNode();
  if (isReady(needs)) return;
  await withLock(join(localDirectory, "setup.lock"), async () => {
    // Asked before anything long begins, because it may be missing.
    const interpreter = needs.python && !hasVenv() ? await findPython() : undefined;
    const results = await Promise.allSettled([
      nodeModulesAreCurrent() ? undefined : progress.step("Node packages", installNodeModules),
      needs.python ? preparePython(progress, needs, interpreter) : undefined,
    ]);
    const failed = results.find(({ status }) => status === "rejected");
    if (failed) throw failed.reason;
  });
}
