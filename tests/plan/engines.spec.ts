/** What people are told of the engines that can run their outputs. What is translated, and why not, is in translation/. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { expect } from "chai";
import { loadConfig } from "../../config/load.ts";
import { engineLines, engineLinesOf } from "../../plan/engines.ts";
import { changedConfig } from "../config/changedConfig.ts";
import { tables } from "./translation/cases.ts";
import { differences } from "./translation/differences.ts";

describe("the engines of an output", () => {
  const folder = mkdtempSync(join(tmpdir(), "engines-"));
  after(() => rmSync(folder, { recursive: true }));

  for (const [config, lines] of [
    ["config", ["user_activity: DuckDB or Spark"]],
    ["examples/clinic", ["patient_week: DuckDB or Spark", "department_week: DuckDB or Spark"]],
    ["examples/fleet", ["vehicle_day: DuckDB or Spark", "stop_times: DuckDB or Spark"]],
  ] as const)
    it(`are told of ${config}, where DuckDB reads each translation as it is meant`, async () => {
      expect(await engineLinesOf(`${config}/pipeline_config.yaml`)).to.deep.equal(lines);
    });

  const users = `  users_per_country:
    sql: ${folder}/users_per_country.sql
    description: One row per country
    grain: [country]
    balances:
      users:
        input: select count(*) from users
        output: select sum(upper(users)) from users_per_country
    columns: { country: string, users: long }

`;
  it("are told with each reason of the SQL and of the balances, at its place, and where it holds", async () => {
    const sql = join(folder, "users_per_country.sql");
    writeFileSync(
      sql,
      "select\n    initcap(country) as country, -- 🎉\n    count(*) as users\nfrom users\ngroup by 1\n",
    );
    const config = changedConfig({
      "outputs:\n": `outputs:\n${users}`,
      "            select total_events as events from": "            select 0 + hash(total_events) as events from",
      "    glue: { workers: 10,":
        "    outputs: { user_activity: { balances: { users: { output: 'select  rand() from user_activity' } } } }\n    glue: { workers: 10,",
    });
    const text = readFileSync(config, "utf8");
    const place = (at: string) => {
      const before = text.slice(0, text.indexOf(at)).split("\n");
      return `pipeline.yaml:${before.length}:${before.at(-1)!.length + 1}`;
    };
    const shown = relative(process.cwd(), sql);
    const unlisted = "it is not on the list of what both engines answer alike";
    expect((await engineLinesOf(config)).map((line) => line.replaceAll(config, "pipeline.yaml"))).to.deep.equal([
      `users_per_country: Spark only, because of ${shown}:2:5 initcap(string): ${unlisted}`,
      `users_per_country: Spark only, because of ${shown}:5:10 group by: a constant may be the place of a column`,
      `users_per_country: Spark only, because of ${place("upper(")} upper(bigint): the engines have other capitals for some letters, such as ß`,
      `user_activity: Spark only, because of ${place("hash(")} hash(bigint): ${unlisted}`,
      `user_activity: Spark only, because of ${place("rand(")} rand(): it is another value each time (in prod)`,
    ]);
  });

  it("are Spark's where DuckDB reads a translation in another way, which is no fault of the query", async () => {
    const loaded = loadConfig("examples/clinic/pipeline_config.yaml", "dev");
    const defect = "this is a defect of the pipeline, not of the query: report this line with the query";
    const lines = await engineLines(loaded, async (_, tables, columns) =>
      tables.some(({ name }) => name === "patient_week") && columns.length === 1 ? "column 1 is a\n  DATE" : null,
    );
    const places = lines.map((line) => line.replace(/yaml:\d+:\d+/, "yaml:"));
    expect([...new Set(places)]).to.deep.equal([
      `patient_week: Spark only, because of examples/clinic/pipeline_config.yaml: the translation: column 1 is a DATE; ${defect}`,
      "department_week: Spark only, because of patient_week: DuckDB could run department_week, but one engine runs all outputs",
    ]);
  });

  describe("are Spark's for SQL that a translation word by word gets wrong:", () => {
    const loaded = loadConfig("config/pipeline_config.yaml", "dev");
    const { users } = loaded.config.datasets;
    const output = { ...loaded.config.outputs.user_activity!, columns: { r: "string" }, balances: {} };
    const file = join(folder, "answer.sql");

    for (const [sql, construct] of differences)
      if (construct !== null)
        it(sql, async () => {
          writeFileSync(file, sql);
          const read = tables.filter(({ name }) => sql.endsWith(` from ${name}`));
          const datasets = read.map(({ name, columns }) => [
            name,
            {
              ...users!,
              primaryKey: [columns[0]!.name],
              latestBy: columns[0]!.name,
              columns: Object.fromEntries(columns.map(({ name, type }) => [name, { type, onNull: "keep" as const }])),
            },
          ]);
          const config = { ...loaded.config, datasets: Object.fromEntries(datasets), outputs: { answer: output } };
          const [line] = await engineLines({ ...loaded, config, sqlFiles: { answer: file } });
          const [place, ...told] = line!.split(` ${construct}: `);
          expect(place!.replace(/:\d+:\d+$/, "")).to.equal(
            `answer: Spark only, because of ${relative(process.cwd(), file)}`,
          );
          expect(told.join()).not.to.equal("");
        });
  });
});
