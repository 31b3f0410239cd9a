import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { nodeModulesAreCurrent } from "../../setup/nodeModules.mjs";
import { choosePulumi, pulumiVersion, whyNoPulumi } from "../../setup/pulumi.mjs";
import { checkNode, findJava17, findPython, leastNode, leastNodeOfPackages, taskNode } from "../../setup/runtimes.mjs";
import { jarProblems, proxyOptions } from "../../setup/sparkJars.mjs";
import { countResults, suitesOf } from "../../setup/tasks.mjs";

const failure = async (work: () => unknown): Promise<string> => {
  try {
    await work();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("it did not fail");
};

/** A machine on which each command answers as given; all others are not installed. */
const machine = (answers: Record<string, string>) => async (command: string) => answers[command];

describe("set-up: runtimes", () => {
  it("accepts Node 20 and newer, which is what the pages say", () => {
    checkNode("20.0.0", "linux");
    checkNode("24.1.0", "darwin");
    for (const page of ["README.md", "CONTRIBUTING.md"])
      expect(readFileSync(page, "utf8"), page).to.contain(`Node ≥ ${leastNode} `);
  });

  it("says what is wrong with an older Node", async () => {
    for (const version of ["18.20.4", "19.9.0"])
      expect(await failure(() => checkNode(version, "linux"))).to.equal(
        `Node ${version} is too old: Node 20 or newer is needed. Install it with your package manager or a version manager.`,
      );
  });

  it("runs tasks on this Node, or on the installed one where this is too old for the packages", () => {
    for (const version of ["20.19.0", "22.1.0", "24.0.0"])
      expect(taskNode(version), version).to.equal(process.execPath);
    for (const version of ["20.0.0", "20.18.3"])
      expect(taskNode(version), version).to.match(/node_modules\/node-[\w-]+\/bin\/node$/);
  });

  it("sends people on Windows to WSL", async () => {
    expect(await failure(() => checkNode("22.0.0", "win32"))).to.include("WSL 2");
  });

  it("takes the first Python that will do", async () => {
    const probe = machine({ python3: "3.9.2 True", "python3.12": "3.12.1 True" });
    expect(await findPython(["python3.11", "python3", "python3.12"], probe)).to.equal("python3.12");
  });

  it("names the Pythons that are too old", async () => {
    expect(await failure(() => findPython(["python3"], machine({ python3: "3.9.2 True" })))).to.match(
      /^Python 3\.10 or newer is needed .*: python3 is 3\.9\.2\./,
    );
  });

  it("says so when there is no Python at all", async () => {
    expect(await failure(() => findPython(["python3"], machine({})))).to.match(/was not found\. Install it/);
  });

  it("names the package that brings a missing venv module", async () => {
    expect(await failure(() => findPython(["python3"], machine({ python3: "3.11.2 False" })))).to.equal(
      "python3 lacks the venv or ensurepip module. On Debian and Ubuntu: apt install python3.11-venv",
    );
  });

  const java = (version: string) => `    java.home = /opt/java\n    java.specification.version = ${version}\n`;

  it("finds a Java 17 by its own account", async () => {
    expect(await findJava17(["java"], machine({ java: java("17") }))).to.equal("/opt/java");
  });

  it("passes over other versions of Java", async () => {
    expect(await findJava17(["java"], machine({ java: java("21") }))).to.equal(undefined);
  });
});

describe("set-up: Pulumi's CLI", () => {
  const choose = (answers: Readonly<Record<string, string | undefined>>) =>
    choosePulumi(Object.keys(answers), (cli) => answers[cli]);
  const [major, minor] = pulumiVersion.split(".").map(Number) as [number, number];

  it("is one of the SDK's version or newer, in the order of the PATH", () => {
    expect(choose({ a: `v${pulumiVersion}\n` }).cli).to.equal("a");
    expect(choose({ a: `v${major}.${minor + 1}.0-alpha.1\n`, b: `v${pulumiVersion}\n` }).cli).to.equal("a");
    expect(choose({ a: `v${major + 1}.0.0\n` }).cli).to.equal("a");
  });

  it("is not an older one, nor one that does not run", () => {
    const older = `${major}.${minor - 1}.99`;
    expect(choose({ "/usr/bin/pulumi": `v${older}\n`, broken: undefined, built: `v${pulumiVersion}\n` })).to.deep.equal(
      {
        cli: "built",
        tooOld: [`/usr/bin/pulumi is ${older}`, "broken is of no known version"],
      },
    );
    expect(whyNoPulumi(choose({ "/usr/bin/pulumi": `v${older}\n` }).tooOld)).to.equal(
      `it needs the Pulumi CLI, ${pulumiVersion} or newer, on the PATH, or Go, with which npm run e2e builds it; /usr/bin/pulumi is ${older}`,
    );
  });
});

describe("set-up: what is installed", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "setup-"));
    mkdirSync(join(folder, "node_modules"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const lock = (file: string, packages: object) => writeFileSync(join(folder, file), JSON.stringify({ packages }));
  const installed = "node_modules/.package-lock.json";

  it("is current when all that the lock file names is there", () => {
    lock("package-lock.json", { "": {}, a: { version: "1.0.0" }, b: { version: "2.0.0", optional: true } });
    lock(installed, { a: { version: "1.0.0" } });
    expect(nodeModulesAreCurrent(folder)).to.equal(true);
  });

  it("is not when a version differs", () => {
    lock("package-lock.json", { a: { version: "1.0.1" } });
    lock(installed, { a: { version: "1.0.0" } });
    expect(nodeModulesAreCurrent(folder)).to.equal(false);
  });

  it("is not when a package is missing", () => {
    lock("package-lock.json", { a: { version: "1.0.0" } });
    lock(installed, {});
    expect(nodeModulesAreCurrent(folder)).to.equal(false);
  });

  it("is not when an install was cut short", () => {
    lock("package-lock.json", {});
    expect(nodeModulesAreCurrent(folder)).to.equal(false);
  });

  const jar = { organisation: "org.example", name: "thing", version: "1.0" };
  const sha256 = "9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0";

  it("accepts a jar with the known hash", () => {
    writeFileSync(join(folder, "thing-1.0.jar"), "aaa");
    expect(jarProblems(folder, [{ ...jar, sha256 }])).to.deep.equal([]);
  });

  it("refuses a jar with another hash", () => {
    writeFileSync(join(folder, "thing-1.0.jar"), "aab");
    expect(jarProblems(folder, [{ ...jar, sha256 }])[0]).to.match(/^thing-1\.0\.jar has the sha256 .*, not 9834876d/);
  });

  it("names a jar that is missing", () => {
    expect(jarProblems(folder, [{ ...jar, sha256 }])).to.deep.equal(["thing-1.0.jar is missing"]);
  });
});

describe("set-up: npm ci", () => {
  const fromPulumi = createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi"));
  const { satisfies } = fromPulumi("semver") as { satisfies: (version: string, range: string) => boolean };
  const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
    packages: Readonly<Record<string, { readonly engines?: { readonly node?: string } }>>;
  };

  it("installs one package that asks for more than the oldest Node, on which the tests of the SQL run", () => {
    const more = Object.entries(lock.packages).filter(
      ([, { engines }]) => !satisfies(`${leastNodeOfPackages}.0`, engines?.node ?? "*"),
    );
    expect(more.map(([path]) => path)).to.deep.equal(["node_modules/@polyglot-sql/sdk"]);
  });

  it("does not warn of it", () => {
    const folder = mkdtempSync(join(tmpdir(), "npm-ci-"));
    const write = (file: string, content: object) => writeFileSync(join(folder, file), JSON.stringify(content));
    const npmCi = () => {
      const args = ["ci", "--dry-run", "--offline", "--no-audit"];
      // Settings that npm run hands down would win over the folder's own.
      const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_config_/i.test(name)));
      const { status, stdout, stderr } = spawnSync("npm", args, { cwd: folder, encoding: "utf8", env });
      expect(status, stderr).to.equal(0);
      return `${stdout}${stderr}`;
    };
    try {
      const project = { name: "project", version: "1.0.0", dependencies: { demanding: "1.0.0" } };
      const demanding = { version: "1.0.0", engines: { node: ">=99" } };
      write("package.json", project);
      write("package-lock.json", {
        ...project,
        lockfileVersion: 3,
        packages: { "": project, "node_modules/demanding": demanding },
      });
      expect(npmCi()).to.contain("EBADENGINE");
      copyFileSync(".npmrc", join(folder, ".npmrc"));
      expect(npmCi()).to.contain("demanding").and.not.to.contain("EBADENGINE");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("set-up: proxy", () => {
  it("is passed on to Java", () => {
    expect(proxyOptions({ HTTPS_PROXY: "http://proxy.example:3128", NO_PROXY: "localhost,.example" })).to.deep.equal([
      "-Dhttps.proxyHost=proxy.example",
      "-Dhttps.proxyPort=3128",
      "-Dhttp.nonProxyHosts=localhost|.example",
    ]);
  });

  it("is none when the environment names none", () => {
    expect(proxyOptions({})).to.deep.equal([]);
  });
});

describe("test results", () => {
  it("are counted from mocha's summary", () => {
    expect(countResults("\n  12 passing (3s)\n  2 failing\n\n  1) a\n", 2)).to.deep.equal({ passed: 12, failed: 2 });
  });

  it("are counted through colours", () => {
    expect(countResults("  \x1b[32m12 passing\x1b[0m (3s)\n".replace("  \x1b[32m", "\x1b[32m  "), 0).passed).to.equal(
      12,
    );
  });

  it("are counted from pytest's summary", () => {
    const summary = "....\n=== 1 failed, 30 passed, 1 error in 2.10s ===\n";
    expect(countResults(summary, 1)).to.deep.equal({ passed: 30, failed: 2 });
  });

  it("count a run that broke without a summary as failed", () => {
    expect(countResults("Traceback\n", 1)).to.deep.equal({ passed: 0, failed: 1 });
  });
});

describe("tests that are named", () => {
  const named = (...paths: string[]) =>
    suitesOf(paths).map(({ args }) => args.filter((one) => one.startsWith("tests/")));

  it("may be a folder, of specs and of Python tests", () => {
    const [specs, ...others] = named("tests/handlers/ledger");
    expect(specs).to.include("tests/handlers/ledger/transition.spec.ts");
    expect(specs!.every((path) => path.endsWith(".spec.ts"))).to.equal(true);
    expect(others).to.deep.equal([]);
    const [python, ...none] = named("tests/glue");
    expect(python).to.include("tests/glue/test_job.py");
    expect(none).to.deep.equal([]);
  });

  it("may be files of both, and one test of a Python file", () => {
    const paths = ["tests/glue/test_job.py::test_one", "tests/setup/setup.spec.ts"];
    expect(named(...paths)).to.deep.equal([["tests/setup/setup.spec.ts"], ["tests/glue/test_job.py::test_one"]]);
  });

  it("wait for Spark only where it may be started", () => {
    const wait = (path: string) => suitesOf([path]).map(({ needs }) => Boolean(needs.spark));
    for (const path of ["tests/setup", "tests/local/glue.spec.ts", "tests/oracle/embedded.spec.ts"])
      expect(wait(path), path).to.deep.equal([false]);
    for (const path of ["tests/e2e", "./tests/oracle/spark.spec.ts", "tests/**/*.spec.ts", "tests/glue/test_job.py"])
      expect(wait(path), path).to.deep.equal([true]);
  });
});
