/** The tables of docs/costs.md, from the prices, the shipped config and the times that docs/performance.md has. */
import { readFileSync } from "node:fs";
import { temporaryStorage } from "../../components/embeddedEngine.ts";
import { leastSecondsOfGlue } from "../../components/prices.ts";
import { loadConfig } from "../../config/load.ts";
import { functionRun, glueRun, runsPerMonth } from "../../review/plan/cost.ts";
import { expectGenerated } from "./generatedFile.ts";

const longestFunction = 15 * 60;

const configOf = (stack: string) => loadConfig("config/pipeline_config.yaml", stack).config;
const [dev, prod] = [configOf("dev"), configOf("prod")];
const { memory, timeout } = dev.engine as Exclude<typeof dev.engine, "glue">;
const functionOf = (seconds: number) => functionRun(memory, temporaryStorage, seconds).perRun;

/** In seconds. */
function measured(what: string): number {
  const found = new RegExp(`^\\| ${what} +\\| ([\\d.]+) s`, "m").exec(readFileSync("docs/performance.md", "utf8"));
  if (!found) throw new Error(`docs/performance.md has no seconds of "${what}"`);
  return Number(found[1]);
}

/** Three digits, without an exponent. */
const usd = (amount: number) => amount.toFixed(Math.max(2, 2 - Math.floor(Math.log10(amount))));
const table = (rows: readonly (readonly string[])[]) =>
  [rows[0]!, rows[0]!.map(() => "---"), ...rows.slice(1)].map((row) => `| ${row.join(" | ")} |`).join("\n");

function limits(): string {
  const rows = [
    ...Object.entries({ dev, prod }).map(([stack, { glue }]) => ({
      what: `${stack}: Glue ${glue.version}, ${glue.workers} × ${glue.workerType}, ${glue.timeout / 60} minutes`,
      perRun: glueRun(glue.version, glue.workers, glue.workerType, glue.timeout).perRun,
      attempts: glue.attempts,
    })),
    {
      what: `the embedded engine, ${memory} MiB, ${timeout / 60} minutes`,
      perRun: functionOf(timeout),
      attempts: dev.glue.attempts,
    },
  ];
  return table([
    ["", "a run at its timeout, USD", `${runsPerMonth} such runs`, "each with all of its attempts"],
    ...rows.map(({ what, perRun, attempts }) => [
      what,
      ...[perRun, perRun * runsPerMonth, perRun * runsPerMonth * attempts].map(usd),
    ]),
  ]);
}

function engines(): string {
  const records = ["1,000", "1,000,000"];
  const batch = (perRun: number) => [usd(perRun), usd(perRun * runsPerMonth)];
  const spark = [measured("run, time of 1,000 records"), measured("run, time")];
  const duckdb = records.map((count) => measured(`time, ${count} records`));
  const glue = (version: string, { workers, workerType }: typeof dev.glue) => {
    const run = (seconds: number) =>
      glueRun(version, workers, workerType, Math.max(seconds, leastSecondsOfGlue)).perRun;
    const most = run(0) / functionOf(1);
    return [
      `Glue ${version}, ${workers} × ${workerType}`,
      ...spark.flatMap((seconds) => batch(run(seconds))),
      most > longestFunction ? "always" : `up to ${Math.round(most)} s`,
    ];
  };
  return table([
    [
      "USD",
      ...records.flatMap((count, index) => [
        `${count} records in each file (${spark[index]} s in Spark, ${duckdb[index]} s embedded)`,
        `${runsPerMonth} of them`,
      ]),
      "the function is cheaper",
    ],
    ...[dev, prod].flatMap((config) => ["5.1", "6.0"].map((version) => glue(version, config.glue))),
    [`the embedded engine, ${memory} MiB`, ...duckdb.flatMap((seconds) => batch(functionOf(seconds))), ""],
  ]);
}

describe("docs/costs.md", () => {
  it("has the limits of the shipped config, and a small batch in each engine", () => {
    const page = Object.entries({ limits: limits(), engines: engines() }).reduce(
      (text, [name, made]) =>
        text.replace(
          new RegExp(`(<!-- tests/docs/costs.spec.ts: ${name} -->\n).*?(?=<!-- end -->)`, "s"),
          (_, mark) => `${mark}${made}\n`,
        ),
      readFileSync("docs/costs.md", "utf8"),
    );
    expectGenerated("docs/costs.md", page);
  });
});
