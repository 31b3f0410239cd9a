/** The answers of both engines to the same queries. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import {
  type DuckDBConnection,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBInstance,
  DuckDBListValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  type DuckDBValue,
} from "@duckdb/node-api";
import { translate } from "../../../plan/translation/translate.ts";
import { duckdbTypeOf, elementOf, fieldsOf } from "../../../plan/translation/types.ts";
import { javaHome, root, venvPython } from "../../../setup/paths.mjs";
import { type Case, sqlOf, tables } from "./cases.ts";

type Cell = string | null | readonly Cell[];
export interface Answer {
  /** Spark's. */
  readonly type: string;
  /** The value for each row, or why it fails. */
  readonly values: readonly (Cell | { readonly fails: string })[];
}

const textOf = (engine: 0 | 1) =>
  tables.map(({ name, columns, rows }) => {
    const values = rows.map((row) => `(${row.map((cell) => cell[engine] ?? cell[0]).join(", ")})`);
    // Spark counts such columns from 1, DuckDB from 0.
    const items = columns.map((column, index) => {
      const quote = engine === 0 ? "`" : '"';
      return `col${index + 1 - engine} as ${quote}${column.name}${quote}`;
    });
    return { name, text: `select ${items.join(", ")} from (values ${values.join(", ")}) as t` };
  });

export const isFailure = (value: Answer["values"][number]) =>
  value !== null && typeof value === "object" && "fails" in value;

/**
 * Asks a Spark of its own, which takes seconds to start. What is expected to fail is asked apart from the rest, because
 * a failure costs a query for each of its rows.
 * @param packages the folder of another pyspark than the environment's
 */
export function askSpark(
  cases: readonly Case[],
  expected: ReadonlyMap<string, Answer>,
  ...packages: readonly string[]
): readonly Answer[] {
  const folder = mkdtempSync(join(tmpdir(), "translation-"));
  const [source, target] = [join(folder, "asked.json"), join(folder, "answers.json")];
  const views = textOf(0).map(({ name, text }) => `create or replace temporary view ${name} as ${text}`);
  const kin = new Map<string, Case[]>();
  const failing = (each: Case) =>
    (expected.get(sqlOf(each))?.values ?? []).flatMap((value, index) => (isFailure(value) ? [index] : []));
  for (const each of cases) {
    const apart = failing(each).length > 0 ? each.expression : "";
    const key = JSON.stringify([each.keys, each.source, each.where, each.groupBy, apart]);
    kin.set(key, [...(kin.get(key) ?? []), each]);
  }
  const asked = [...kin.values()].map((each) => ({
    ...each[0],
    failing: failing(each[0]!),
    expressions: each.map(({ expression }) => expression),
  }));
  writeFileSync(source, JSON.stringify({ views, cases: asked }));
  execFileSync(venvPython, [join(root, "tests", "plan", "translation", "answers.py"), source, target], {
    env: {
      ...process.env,
      JAVA_HOME: javaHome(),
      PYTHONPATH: [...packages, join(root, "glue")].join(delimiter),
      SPARK_LOCAL_IP: "127.0.0.1",
      PYSPARK_PYTHON: venvPython,
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const answers: readonly (readonly Answer[])[] = JSON.parse(readFileSync(target, "utf8"));
  rmSync(folder, { recursive: true });
  const byCase = new Map(
    [...kin.values()].flatMap((each, index) => each.map((one, place) => [one, answers[index]![place]!])),
  );
  return cases.map((each) => {
    const { type, values } = byCase.get(each)!;
    return { type, values: inOrder(each, values) };
  });
}

/** Rows without keys come in any order. */
function inOrder({ keys }: Case, values: Answer["values"]): Answer["values"] {
  const text = (value: unknown) => JSON.stringify(value);
  return keys.length > 0 ? values : [...values].sort((one, other) => (text(one) < text(other) ? -1 : 1));
}

/** A value of the Spark type, spelled as `text` in answers.py does. */
function cellOf(value: DuckDBValue, type: string): Cell {
  if (value === null) return null;
  if (value instanceof DuckDBDateValue) return String(value.days);
  if (value instanceof DuckDBTimestampTZValue) return String(value.micros);
  if (value instanceof DuckDBDecimalValue)
    return value
      .toString()
      .replace(/(\.\d*?)0+$/, "$1")
      .replace(/\.$/, "");
  if (value instanceof DuckDBListValue) return value.items.map((item) => cellOf(item, elementOf(type)!));
  if (value instanceof DuckDBStructValue)
    return fieldsOf(type)!.map((field) => cellOf(value.entries[field.name]!, field.type));
  if (type !== "double") return String(value);
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value as number);
  return Number.isNaN(value) ? "NaN" : bytes.toString("hex");
}

export async function openDuckdb(): Promise<DuckDBConnection> {
  const connection = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect();
  await connection.run("set timezone = 'UTC'");
  for (const [index, { name, text }] of textOf(1).entries()) {
    const columns = tables[index]!.columns.map(({ name, type }) => `"${name}" ${duckdbTypeOf(type)}`);
    await connection.run(`create table ${name} (${columns.join(", ")})`);
    await connection.run(`insert into ${name} ${text}`);
  }
  return connection;
}

/** @throws Error when the query is refused, or fails without having parts */
export async function askDuckdb(connection: DuckDBConnection, each: Case): Promise<Answer> {
  const keys = each.keys.length;
  const translation = translate(sqlOf(each), tables);
  if (translation.kind === "refused") throw new Error(JSON.stringify(translation.problems));
  const { type } = translation.columns[keys]!;
  const asked = async (where: string) => {
    const part = translate(sqlOf(each, where), tables);
    const rows = part.kind === "refused" ? [] : (await connection.runAndReadAll(part.sql)).getRows();
    const before = (one: readonly DuckDBValue[], other: readonly DuckDBValue[], index = 0): number =>
      index === keys ? 0 : Number(one[index]) - Number(other[index]) || before(one, other, index + 1);
    return inOrder(
      each,
      rows.sort((one, other) => before(one, other)).map((row) => cellOf(row[keys]!, type)),
    );
  };
  try {
    return { type, values: await asked(each.where) };
  } catch (error) {
    if (each.parts.length === 0) throw error;
  }
  const values: Answer["values"][number][] = [];
  for (const part of each.parts) values.push(...(await asked(part).catch((error) => [{ fails: String(error) }])));
  return { type, values };
}
