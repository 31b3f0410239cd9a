import { join } from "node:path";
import { localDirectory } from "../../setup/paths.mjs";
import { UsageError } from "../../terminal/flags.ts";
import { table } from "../../terminal/table.ts";
import { defineCommand, exitCodes } from "../defineCommand.ts";
import { type Answer, ask } from "../gold/ask.ts";
import { fetchPublished, readOut } from "../gold/published.ts";
import { hasNoStack } from "../stack/open.ts";

/** Rows that are shown to people. */
const shownRows = 100;

export const command = defineCommand({
  name: "query",
  summary: "query the published rows with SQL, in DuckDB",
  words: ["SQL"],
  flags: {
    batch: { kind: "text", help: "fetch only this batch (default all published ones)" },
    out: { kind: "text", value: "DIR", help: "where npm start left its Parquet (default out)" },
  },
  about: [
    "Each output is a view with its columns and batch. So are the typed rows of each dataset that the run read: silver_users, with _part and _line, which say where in the file a row is. The ledger says which run of a batch readers see; what the SQL names is fetched once and kept in .local/published.",
    "If no stack is named and no local one is running, it queries the outputs that the last npm start left in out.",
    `People see the first ${shownRows} rows; --json gives all. In JSON, numbers are numbers, but decimals and whole numbers too large for JSON are texts, so that none loses a digit.`,
  ],
  examples: [
    { args: 'query "select count(*), sum(revenue) from user_activity"', does: "all batches" },
    { args: 'query "select count(*) from silver_events"', does: "the events that were read" },
    {
      args: 'query "from user_activity" --batch 2026-11-22 --stack prod',
      does: "one batch of a deployed stack",
    },
  ],
  changes: false,
  async run({ words, flags, choice, target: find, status }) {
    const [sql] = words as [string];
    if (sql.trim() === "") throw new UsageError("query needs SQL, and this is empty: npm run pipeline -- query SQL");
    const isAsked = (table: string) => new RegExp(`\\b${table}\\b`, "i").test(sql);
    if (flags.out !== undefined && (choice.stack !== undefined || choice.local))
      throw new UsageError("--out names what npm start left; give either --out or a stack");
    const published =
      flags.out !== undefined || hasNoStack(choice)
        ? readOut(flags.out ?? "out", flags.batch)
        : await fetchPublished(await find(), join(localDirectory, "published"), isAsked, flags.batch, status);
    const answer = await ask(sql, published);
    const names = answer.columns.map(({ name }) => name);
    return {
      exitCode: exitCodes.done,
      lines: tableOf(answer),
      data: answer.rows.map((row) => Object.fromEntries(row.map((value, index) => [names[index]!, value]))),
    };
  },
});

function tableOf({ columns, rows }: Answer): string[] {
  const cells = rows.slice(0, shownRows).map((row) => row.map(cell));
  const leading = columns.findIndex(({ isNumber }) => isNumber);
  const more = rows.length - shownRows;
  return [
    ...table([columns.map(({ name }) => name), ...cells], leading < 0 ? columns.length : leading),
    ...(rows.length === 0 ? ["no rows"] : []),
    ...(more > 0 ? [`and ${more.toLocaleString("en")} more rows; --json gives all`] : []),
  ];
}

function cell(value: unknown): string {
  if (value === null) return "–";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
