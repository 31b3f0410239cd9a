import { spawn } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { setUpSpark } from "./index.mjs";
import { javaHome, nodeModules, root, venv, venvPython } from "./paths.mjs";
import { createProgress } from "./progress.mjs";
import { preparePulumi, whyNoPulumi } from "./pulumi.mjs";
import { taskNode } from "./runtimes.mjs";

const node = (...args) => ({ command: taskNode(), args: ["--import", "tsx", ...args] });
const python = (...args) => ({ command: venvPython, args: ["-m", ...args] });
const bin = (path, ...args) => ({ command: taskNode(), args: [join(nodeModules, path), ...args] });

const tools = { python: true };
const everything = { python: true, spark: true };

/** A suite's set-up is its own: one that needs no Spark does not wait for it. */
const mocha = (needs, ...args) => ({
  ...node(join(nodeModules, "mocha/bin/mocha.js"), "--timeout", "30000", ...args),
  needs,
});
const pytest = (...args) => ({ ...python("pytest", ...args), needs: everything });
const biome = (...args) => bin("@biomejs/biome/bin/biome", "check", ...args);

/** The specs that take too long for `npm test`; Python's slow tests have a marker instead. */
const slowSpecs = [
  "tests/operator/browser/**/*.spec.ts",
  "tests/e2e/**/*.spec.ts",
  "tests/engine/**/*.spec.ts",
  "tests/components/clones.spec.ts",
  "tests/plan/spark4.spec.ts",
  "tests/oracle/spark.spec.ts",
  "tests/permissions/permissions.spec.ts",
  "tests/plan/translation/spark.spec.ts",
  "tests/simulation/mutants.spec.ts",
];

const excluding = (specs) => specs.flatMap((path) => ["--exclude", path]);

const quickSuites = () => [mocha(tools, "tests/**/*.spec.ts", ...excluding(slowSpecs)), pytest("-m", "not slow")];

/** Slow specs that spend most of their time waiting, for time to pass or for retries. */
const waitingSpecs = ["tests/e2e/alarms.spec.ts", "tests/e2e/chaos.spec.ts", "tests/e2e/redeploy.spec.ts"];

/** Those that need the Pulumi CLI. */
const engineSpecs = ["tests/engine/**/*.spec.ts"];

const slowSuites = (hasPulumi) => [
  mocha(everything, ...slowSpecs, ...excluding([...waitingSpecs, ...engineSpecs]), "--timeout", "600000"),
  mocha(everything, ...waitingSpecs, ...(hasPulumi ? engineSpecs : []), "--timeout", "600000"),
  pytest("-m", "slow"),
];

/** Whether these specs may start Spark: slow ones, and what a pattern may find. */
const mayNeedSpark = (paths) =>
  paths.some((path) => path.includes("*") || slowSpecs.some((slow) => join(path).startsWith(slow.split("*")[0])));

const isPython = (path) => path.split("::")[0].endsWith(".py");

/** The tests below a folder. A file or a pattern stays as it is. */
function testsIn(path) {
  if (!statSync(join(root, path), { throwIfNoEntry: false })?.isDirectory()) return [path];
  const files = readdirSync(join(root, path), { recursive: true });
  return files.filter((file) => /\.spec\.ts$|(^|\/)test_\w+\.py$/.test(file)).map((file) => join(path, file));
}

/** @returns {object[]} the commands that run these tests, files or folders */
export function suitesOf(named) {
  const files = named.flatMap(testsIn);
  const specs = files.filter((path) => !isPython(path));
  const pythonTests = files.filter(isPython);
  return [
    ...(specs.length > 0 ? [mocha(mayNeedSpark(specs) ? everything : tools, ...specs)] : []),
    ...(pythonTests.length > 0 ? [pytest(...pythonTests)] : []),
  ];
}

const pythonFolders = ["bench", "glue", "local", "tests"];

const checks = () => [
  { name: "biome", ...biome() },
  { name: "tsc", ...bin("typescript/bin/tsc", "--noEmit") },
  { name: "dependency-cruiser", ...bin("dependency-cruiser/bin/dependency-cruise.mjs", "--config", "--", ".") },
  { name: "ruff", ...python("ruff", "check", ...pythonFolders) },
  { name: "ruff format", ...python("ruff", "format", "--check", ...pythonFolders) },
  { name: "sqlfluff", ...python("sqlfluff", "lint", "glue/sql", "examples") },
];

const formatters = () => [
  { name: "biome", ...biome("--write") },
  { name: "ruff", ...python("ruff", "check", "--fix", ...pythonFolders) },
  { name: "ruff format", ...python("ruff", "format", ...pythonFolders) },
  { name: "sqlfluff", ...python("sqlfluff", "fix", "glue/sql", "examples") },
];

/** The environment of a task's processes: tools from set-up come before those of the machine. */
function environment(needs) {
  const { SPARK_HOME, SPARK_CONF_DIR, PYTHONPATH, PYTHONHOME, ...inherited } = process.env;
  return {
    ...inherited,
    PATH: [join(venv, "bin"), inherited.PATH].join(delimiter),
    PYTHONDONTWRITEBYTECODE: "1",
    // Node 20 is fine here: functions run on their own Node.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
    ...(needs.spark ? { JAVA_HOME: javaHome(), SPARK_LOCAL_IP: "127.0.0.1", PYSPARK_PYTHON: venvPython } : {}),
  };
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Runs one command. Shows its output, or passes it to `onOutput`. */
function execute({ command, args }, needs, onOutput) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...environment(needs), ...(onOutput && process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}) },
      stdio: ["inherit", onOutput ? "pipe" : "inherit", "inherit"],
    });
    const forward = (signal) => child.kill(signal);
    for (const signal of signals) process.on(signal, forward);
    child.stdout?.on("data", (chunk) => {
      onOutput(String(chunk));
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      for (const name of signals) process.off(name, forward);
      resolve(code ?? (signal === "SIGINT" ? 130 : 143));
    });
  });
}

/** @returns the counts that mocha or pytest reports; one failure if it broke without a report */
export function countResults(output, code) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
  const text = output.replace(/\x1b\[[0-9;]*m/g, "");
  const sum = (pattern) => [...text.matchAll(pattern)].reduce((total, [, count]) => total + Number(count), 0);
  const summary = text.trimEnd().split("\n").at(-1) ?? "";
  const inSummary = (word) => Number(summary.match(new RegExp(`(\\d+) ${word}`))?.[1] ?? 0);
  const passed = sum(/^\s+(\d+) passing/gm) + inSummary("passed");
  const failed = sum(/^\s+(\d+) failing/gm) + inSummary("failed") + inSummary("errors?");
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed };
}

/** Several at once, because most suites wait more than they compute. */
const suitesAtOnce = 2;

/** Lines of their own, also on a terminal, since tests print beside them. */
const besideTests = () => createProgress({ write: (text) => process.stderr.write(text) });

/** Runs a suite when what it needs is there. Without it, the suite has failed. */
async function runSuite(suite, onOutput) {
  try {
    if (suite.needs.spark) await setUpSpark("the tests that start it", besideTests());
  } catch (error) {
    onOutput(`setup: ${error.message}\n`);
    return 1;
  }
  return await execute(suite, suite.needs, onOutput);
}

/** Runs the suites in parallel and shows their outputs in order: the output of a later suite waits for its turn. */
async function runSuites(list) {
  const outputs = list.map(() => ({ all: "", held: "", isOver: false }));
  let turn = 0;
  const show = () => {
    for (; turn < outputs.length; turn++) {
      const output = outputs[turn];
      process.stdout.write(output.held);
      output.held = "";
      if (!output.isOver) return;
    }
  };
  const total = { passed: 0, failed: 0 };
  const rest = list.entries();
  const lane = async () => {
    for (const [index, suite] of rest) {
      const output = outputs[index];
      const code = await runSuite(suite, (text) => {
        output.all += text;
        output.held += text;
        show();
      });
      output.isOver = true;
      show();
      const { passed, failed } = countResults(output.all, code);
      total.passed += passed;
      total.failed += failed;
    }
  };
  await Promise.all(Array.from({ length: suitesAtOnce }, lane));
  return total;
}

async function runAll(list, needs) {
  const total = { passed: 0, failed: 0 };
  for (const item of list) {
    const since = Date.now();
    const code = await execute(item, needs);
    total[code === 0 ? "passed" : "failed"] += 1;
    console.log(`${item.name}: ${code === 0 ? "ok" : "FAILED"} in ${((Date.now() - since) / 1000).toFixed(1)} s`);
  }
  return total;
}

function conclude({ passed, failed }) {
  console.log(`${passed} passed, ${failed} failed`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

/** For each task: what set-up it needs, and a function that runs it and returns the exit code. */
export const tasks = {
  // The SQL parser is WebAssembly and runs once, so optimizing it would take longer than running it.
  start: { needs: tools, run: (args) => execute(node("--liftoff-only", "scripts/start.ts", ...args), tools) },
  stop: { needs: {}, run: (args) => execute(node("scripts/stop.ts", ...args), {}) },
  generate: { needs: {}, run: (args) => execute(node("scripts/generate.ts", ...args), {}) },
  validate: { needs: {}, run: (args) => execute(node("--liftoff-only", "scripts/validate.ts", ...args), {}) },
  plan: { needs: {}, run: (args) => execute(node("scripts/plan.ts", ...args), {}) },
  adopt: { needs: {}, run: (args) => execute(node("scripts/adopt.ts", ...args), {}) },
  empty: { needs: {}, run: (args) => execute(node("scripts/empty.ts", ...args), {}) },
  secrets: { needs: {}, run: (args) => execute(node("scripts/secrets.ts", ...args), {}) },
  "contract-diff": { needs: {}, run: (args) => execute(node("scripts/contractDiff.ts", ...args), {}) },
  pipeline: { needs: {}, run: (args) => execute(node("scripts/pipeline.ts", ...args), {}) },
  query: { needs: {}, run: (args) => execute(node("scripts/pipeline.ts", "query", ...args), {}) },
  simulate: { needs: {}, run: (args) => execute(node("scripts/simulate.ts", ...args), {}) },
  bench: { needs: everything, run: (args) => execute(node("bench/run.ts", ...args), everything) },
  oracle: { needs: everything, run: (args) => execute(node("tests/oracle/run.ts", ...args), everything) },
  test: {
    needs: tools,
    run: async (args) => conclude(await runSuites(args.length > 0 ? suitesOf(args) : quickSuites())),
  },
  check: { needs: tools, run: async () => conclude(await runAll(checks(), tools)) },
  format: { needs: tools, run: async () => conclude(await runAll(formatters(), tools)) },
  e2e: {
    needs: everything,
    run: async () => {
      const pulumi = await preparePulumi(createProgress());
      if (!pulumi) console.log(`tests/engine is not run: ${whyNoPulumi()}`);
      return conclude(await runSuites(slowSuites(Boolean(pulumi))));
    },
  },
};
