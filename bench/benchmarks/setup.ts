import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../setup/paths.mjs";
import { defineBenchmark, type Line, of } from "../benchmark.ts";
import { runOutput, timed } from "../process.ts";

/** All files that set-up reads. */
const needed = [
  "package.json",
  "package-lock.json",
  ".npmrc",
  "requirements.txt",
  "requirements-spark.txt",
  "requirements-jre.txt",
  "setup",
];

const megabytes = async (path: string) => Number((await runOutput("du", ["-sk", path])).split("\t")[0]) / 1000;

/** Reads the seconds from a line such as `setup: Node packages done in 12.3 s`. */
const stepSeconds = (log: string, step: string) =>
  Number(new RegExp(`^setup: ${step} done in ([\\d.]+) s$`, "m").exec(log)?.[1] ?? 0);

export const setup = defineBenchmark({
  name: "setup",
  summary:
    "what the first command in a checkout installs, with empty caches, without Spark and with it: seconds and megabytes; then the second",
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
    const checkouts: string[] = [];
    const setUp = async (checkout: string, needs: object) => {
      const log = join(checkout, "setup.log");
      const script = `import("./setup/index.mjs").then(({ setUp }) => setUp(${JSON.stringify(needs)}))`;
      const options = { cwd: checkout, env: environment(join(checkout, "home")) };
      return { ...(await timed(log, process.execPath, ["-e", script], options)), log: readFileSync(log, "utf8") };
    };
    const baseSteps = ["Node packages", "Python environment", "Python packages"];
    const sparkSteps = ["Java 17", "Spark's packages", "Spark's S3 jars"];
    const first = async (needs: object) => {
      const checkout = mkdtempSync(join(folder, "checkout-"));
      checkouts.push(checkout);
      mkdirSync(join(checkout, "home"));
      for (const name of needed) cpSync(join(root, name), join(checkout, name), { recursive: true });
      const { log, seconds, cpu } = await setUp(checkout, needs);
      const figures: Record<string, number> = { seconds, cpu };
      for (const step of [...baseSteps, ...sparkSteps]) figures[step] = stepSeconds(log, step);
      figures.disk = 0;
      for (const name of ["node_modules", ".venv", ".local"]) figures.disk += await megabytes(join(checkout, name));
      return figures;
    };
    const base = { python: true };
    const against = (what: string, unit: Line["unit"], figure: string): Line => ({
      what,
      unit,
      figure: of("base", figure),
      baseline: { what: "with Spark", figure: of("everything", figure) },
    });
    const step = (subject: string) => (name: string) => ({ what: name, unit: "s", figure: of(subject, name) }) as const;
    return {
      rounds: 1,
      subjects: [
        { name: "base", measure: () => first(base) },
        { name: "everything", measure: () => first({ ...base, spark: true }) },
        {
          name: "second",
          async measure() {
            const { seconds, cpu } = await setUp(checkouts[0]!, base);
            for (const checkout of checkouts.splice(0)) rmSync(checkout, { recursive: true });
            return { seconds, cpu };
          },
        },
      ],
      lines: [
        against("first time", "s", "seconds"),
        against("CPU of it", "s", "cpu"),
        against("on disk", "MB", "disk"),
        ...baseSteps.map(step("base")),
        ...sparkSteps.map(step("everything")),
        {
          what: "second time",
          unit: "s",
          figure: of("second", "seconds"),
          baseline: { what: "first time", figure: of("base", "seconds") },
        },
      ],
    };
  },
});
