/** The command line only: what is measured is for the command itself to show. */
import { execFile } from "node:child_process";
import { expect } from "chai";
import { root } from "../../setup/paths.mjs";

function bench(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ["--import", "tsx", "bench/run.ts", ...args], { cwd: root }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

describe("npm run bench", () => {
  it("names the benchmark that was probably meant, in one line", async () => {
    expect(await bench("promot")).to.deep.equal({
      code: 2,
      stdout: "",
      stderr: '"promot" is not a benchmark; did you mean promote?\n',
    });
    const { code, stderr } = await bench("zzzzzz");
    expect(code).to.equal(2);
    expect(stderr).to.match(/^"zzzzzz" is not a benchmark; the benchmarks are \w+(, \w+)+\n$/);
  });

  it("refuses flags that are not the benchmark's, and a second name", async () => {
    expect((await bench("settle", "--record", "10")).stderr).to.equal(
      "unknown flag --record; the flags are --rounds, --write\n",
    );
    expect((await bench("generator", "--record", "10")).stderr).to.equal(
      "unknown flag --record; did you mean --records?\n",
    );
    expect((await bench("settle", "promote")).stderr).to.equal(
      '"promote" is one name too many: name one benchmark, or none to run all\n',
    );
  });

  it("lists every benchmark, and tells of one", async () => {
    const { code, stdout } = await bench("--help");
    expect(code).to.equal(0);
    expect(stdout).to.match(/^usage: npm run bench \[-- NAME\] \[flags\]\n/);
    for (const name of ["generator", "promote", "settle", "spark", "start"])
      expect(stdout).to.match(new RegExp(`^  ${name} +\\S`, "m"));
    const help = (await bench("promote", "--help")).stdout;
    expect(help).to.match(/^usage: npm run bench -- promote \[flags\]\n/);
    expect(help).to.contain("The figures do not");
  });
});
