import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../setup/paths.mjs";
import { defineBenchmark, type Line, of } from "../benchmark.ts";
import { runOutput, timed } from "../process.ts";

/** All files that set-up reads. */
const needed = ["package.json", "package-lock.json", ".npmrc", "requirements.txt", "requirements-jre.txt", "setup"];

const megabytes = async (path: string) => Number((await runOutput("du", ["-sk", path])).split("\t")[0]) / 1000;

/** Reads the seconds from a line such as `setup: Node packages done in 12.3 s`. */
const stepSeconds = (log: string, step: string) =>
  Number(new RegExp(`^setup: ${step} done in ([\\d.]+) s$`, "m").exec(log)?.[1] ?? 0);

export const setup = defineBenchmark({
  name: "setup",
  summary: "what the first command in a checkout installs, with empty caches: seconds and megabytes; then the second",
  about: [
    "Everything is downloaded again, so the seconds depend on the network. If Java is already installed, it is used",
    "and not counted.",
  ],
  flags: {},
  async prepare(_, { folder }) {
    const environment = (home: string) => ({
      HOME: home,
      npm_config_cache: join(home, "npm"),
      PIP_CACHE_DIR: join(home, "pip"),
      PIP_FIND_LINKS: undefined,
      JAVA_HOME: undefined,
    });
    let checkout = "";
    const setUp = async (name: string) => {
      const log = join(folder, `${name}.log`);
      const script = `import("./setup/index.mjs").then(({ setUp }) => setUp({ python: true, spark: true }))`;
      const options = { cwd: checkout, env: environment(join(checkout, "home")) };
      return { ...(await timed(log, process.execPath, ["-e", script], options)), log: readFileSync(log, "utf8") };
    };
    const steps = ["Node packages", "Python environment", "Python packages", "Java 17", "Spark's S3 jars"];
    const folders = { node_modules: "node_modules", ".venv": "Python packages", ".local": "Java and jars" };
    const line = (what: string, unit: Line["unit"], figure: string): Line => ({
      what,
      unit,
      figure: of("first", figure),
    });
    return {
      rounds: 1,
      subjects: [
        {
          name: "first",
          async measure() {
            checkout = mkdtempSync(join(folder, "checkout-"));
            mkdirSync(join(checkout, "home"));
            for (const name of needed) cpSync(join(root, name), join(checkout, name), { recursive: true });

            const { log, seconds, cpu } = await setUp("first");
            const figures: Record<string, number> = { seconds, cpu };
            for (const step of steps) figures[step] = stepSeconds(log, step);
            for (const name of Object.keys(folders)) figures[name] = await megabytes(join(checkout, name));
            return figures;
          },
        },
        {
          name: "second",
          async measure() {
            const { seconds, cpu } = await setUp("second");
            rmSync(checkout, { recursive: true });
            return { seconds, cpu };
          },
        },
      ],
      lines: [
        line("first time", "s", "seconds"),
        line("CPU of it", "s", "cpu"),
        ...steps.map((step) => line(step, "s", step)),
        ...Object.entries(folders).map(([name, what]) => line(`${what} on disk`, "MB", name)),
        {
          what: "second time",
          unit: "s",
          figure: of("second", "seconds"),
          baseline: { what: "first time", figure: of("first", "seconds") },
        },
      ],
    };
  },
});
