/**
 * Python's two parts: the locks, and when set-up installs which, in a checkout whose Python notes what it is asked for.
 * Not shown here: that pip installs the packages.
 */
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";

const locks = ["requirements.txt", "requirements-spark.txt"] as const;

describe("set-up: Python's locks", () => {
  const entries = (file: string) => readFileSync(file, "utf8").match(/^[^\s#].*(?:\n[ \t].*)*/gm)!;
  const [base, spark] = locks.map((file) => new Map(entries(file).map((entry) => [entry.split(/[ ;]/)[0]!, entry])));
  const hashes = (entry: string) => entry.match(/--hash=\S+/g);
  const names = (pins: ReadonlyMap<string, string>) => [...pins.keys()].map((pin) => pin.split("==")[0]!);

  it("have a version and hashes of each package, and what was asked for", () => {
    for (const pins of [base!, spark!])
      for (const [pin, entry] of pins) {
        expect(pin).to.match(/^[\w.-]+==[\w.]+$/);
        expect(hashes(entry), pin).to.have.length.greaterThan(0);
      }
    expect(names(base!)).to.include.members(["ministack", "cryptography", "boto3", "ruff", "sqlfluff", "zizmor"]);
    expect(names(spark!)).to.include.members(["pyspark", "py4j", "pytest"]);
  });

  it("keep Spark out of the base", () => {
    expect(names(base!)).not.to.include.oneOf(["pyspark", "py4j", "pytest"]);
  });

  it("agree on what both have, so that the second part changes nothing of the first", () => {
    const both = names(spark!).filter((name) => names(base!).includes(name));
    expect(both).to.include("pluggy");
    const shared = [...spark!].filter(([pin]) => both.includes(pin.split("==")[0]!));
    for (const [pin, entry] of shared) expect(hashes(entry), pin).to.deep.equal(hashes(base!.get(pin) ?? ""));
  });
});

const stubPython = `#!/bin/sh
for last; do :; done
echo "$3 \${last##*/}" >> "$CALLS"
[ "$3 \${last##*/}" != "install $FAILS" ] || { echo "ERROR: No matching distribution found for pyspark" >&2; exit 1; }
`;
const stubJava = `#!/bin/sh
echo "    java.home = $FOUND"
echo "    java.specification.version = 17"
`;

describe("set-up: Python in two parts", function () {
  this.timeout(30_000);
  let checkout: string;
  const at = (...path: string[]) => join(checkout, ...path);
  const write = (path: string, content: string) => {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), content);
    if (content.startsWith("#!")) chmodSync(at(path), 0o755);
  };

  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), "checkout-"));
    cpSync("setup", at("setup"), { recursive: true });
    for (const lock of locks) cpSync(lock, at(lock));
    for (const file of ["package-lock.json", "node_modules/.package-lock.json"]) write(file, '{ "packages": {} }');
    write("setup/sparkJars.json", "[]");
    write(".venv/pyvenv.cfg", "");
    write(".venv/bin/python", stubPython);
    write("java/bin/java", stubJava);
    symlinkSync(at("java"), at("asked for"));
  });
  afterEach(() => rmSync(checkout, { recursive: true }));

  /** Runs a statement on the set-up of the checkout. */
  function run(statement: string, fails = "") {
    const calls = at("calls");
    rmSync(calls, { force: true });
    const script = `import { setUp, setUpSpark } from "./setup/index.mjs"; ${statement}`;
    const env = { ...process.env, CALLS: calls, FAILS: fails, JAVA_HOME: at("asked for"), FOUND: at("java") };
    const { stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      cwd: checkout,
      encoding: "utf8",
      env,
    });
    const asked = existsSync(calls) ? readFileSync(calls, "utf8").trimEnd().split("\n") : [];
    return { asked, said: stderr.replace(/\d+\.\d s/g, "N s") };
  }
  const installed = (lock: string) => [`install ${lock}`, "check check"];
  const nothing = { asked: [], said: "" };
  const base = "await setUp({ python: true })";
  const everything = "await setUp({ python: true, spark: true })";
  const late = 'await setUpSpark("a test")';

  it("installs the base alone where no Spark is needed, and once", () => {
    expect(run(base)).to.deep.equal({
      asked: installed("requirements.txt"),
      said: "setup: Python packages ...\nsetup: Python packages done in N s\n",
    });
    expect(run(base)).to.deep.equal(nothing);
  });

  it("installs Spark's part after the base's", () => {
    expect(run(everything).asked).to.deep.equal(locks.flatMap(installed));
    for (const again of [everything, base, late]) expect(run(again), again).to.deep.equal(nothing);
  });

  it("adds Spark when it is asked for late, and says for what", () => {
    run(base);
    expect(run(late)).to.deep.equal({
      asked: installed("requirements-spark.txt"),
      said: [
        "setup: Spark is needed for a test: fetched once",
        "setup: Spark's packages ...",
        "setup: Spark's packages done in N s",
        "",
      ].join("\n"),
    });
    expect(run(late)).to.deep.equal(nothing);
  });

  it("fetches Spark once for all that ask at the same time", () => {
    expect(run(`await Promise.all([setUpSpark("one"), setUpSpark("other")])`).asked).to.deep.equal(
      locks.flatMap(installed),
    );
  });

  it("brings only that part up to date whose lock has changed", () => {
    run(everything);
    appendFileSync(at("requirements-spark.txt"), "# newer\n");
    expect(run(base)).to.deep.equal(nothing);
    expect(run(everything).asked).to.deep.equal(installed("requirements-spark.txt"));
  });

  it("does not hold the base against packages of an older lock of Spark's", () => {
    run(everything);
    for (const lock of locks) appendFileSync(at(lock), "# newer\n");
    expect(run(base).asked).to.deep.equal(["install requirements.txt"]);
    expect(run(late).asked).to.deep.equal(installed("requirements-spark.txt"));
  });

  it("says plainly that Spark can't be fetched, and tries again the next time", () => {
    run(base);
    const failed = run(`await setUpSpark("a test").catch(({ message }) => console.error(message))`, locks[1]);
    expect(failed.said).to.contain("setup: Spark's packages failed in N s\nSpark can't be fetched. It comes once, ");
    expect(failed.said).to.contain("ERROR: No matching distribution found for pyspark\n");
    expect(run(base)).to.deep.equal(nothing);
    expect(run(late).asked).to.deep.equal(installed("requirements-spark.txt"));
  });

  it("leaves the Node packages alone when Spark is asked for late", () => {
    write("package-lock.json", '{ "packages": { "node_modules/new": { "version": "1.0.0" } } }');
    expect(run(late).asked).to.deep.equal(locks.flatMap(installed));
  });

  it("takes the Java that was found for the one that a task's processes are told of", () => {
    run(everything);
    const record = readFileSync(at(".local/jre.json"), "utf8");
    expect(JSON.parse(record)).to.include({ home: at("java"), asked: at("asked for") });
    expect(run(`process.env.JAVA_HOME = process.env.FOUND; ${late}`)).to.deep.equal(nothing);
    expect(readFileSync(at(".local/jre.json"), "utf8")).to.equal(record);
  });
});
