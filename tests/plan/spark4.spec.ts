/**
 * That Glue 6.0's Spark 4.1 comes to what Glue 5.1's Spark 3.5 comes to: the same tests of the plan, whose rows, counts
 * and checks are written down and compared with DuckDB's, and the same answers to what the translation allows. Not
 * shown: Glue's own build of Spark, and its Python 3.13.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect } from "chai";
import { javaHome, root, venvPython } from "../../setup/paths.mjs";
import { createProgress } from "../../setup/progress.mjs";
import { prepareSpark4 } from "../../setup/spark4.mjs";
import { readAnswers } from "./translation/answers.ts";
import { allCases, sqlOf } from "./translation/cases.ts";
import { type Answer, askSpark, isFailure } from "./translation/engines.ts";

const tests = ["test_plan_runner.py", "test_row_text.py", "test_user_activity.py"];

describe("Spark 4.1", function () {
  this.timeout(900_000);
  let packages: string;
  before(async () => {
    packages = await prepareSpark4(createProgress());
  });

  it("passes the tests of the plan", () => {
    const files = tests.map((file) => join("tests", "glue", file));
    const { status, stdout } = spawnSync(
      venvPython,
      ["-m", "pytest", "-q", "-m", "not slow", "-p", "no:cacheprovider", "--show-capture=no", ...files],
      {
        cwd: root,
        encoding: "utf8",
        env: { ...process.env, JAVA_HOME: javaHome(), PYTHONPATH: packages, SPARK_LOCAL_IP: "127.0.0.1" },
      },
    );
    expect(status, stdout).to.equal(0);
  });

  it("answers what the translation allows as Spark 3.5 does", () => {
    const expected = readAnswers();
    const cases = [...allCases().values()];
    const answers = askSpark(cases, expected, packages);
    /** A failure may have another name. */
    const text = ({ type, values }: Answer) =>
      JSON.stringify([type, values.map((each) => (isFailure(each) ? {} : each))]);
    const differing = cases.flatMap((each, index) => {
      const [one, other] = [text(expected.get(sqlOf(each))!), text(answers[index]!)];
      return one === other ? [] : [`${sqlOf(each)}: ${other}, not ${one}`];
    });
    expect(differing).to.deep.equal([]);
  });
});
