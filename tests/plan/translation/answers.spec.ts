/**
 * That DuckDB answers the translation of every entry of the allow list, every cast and the queries as Spark does: with
 * the same type and values, for all types that an entry takes. spark.spec.ts shows that the answers are Spark's.
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import { expect } from "chai";
import { rows } from "../../../plan/translation/expressions.ts";
import { type Row, uncertain } from "../../../plan/translation/row.ts";
import { translate } from "../../../plan/translation/translate.ts";
import { readAnswers } from "./answers.ts";
import { allCases, type Case, casesOf, castCases, queryCase, sqlOf, tables } from "./cases.ts";
import { differences, failing } from "./differences.ts";
import { type Answer, askDuckdb, openDuckdb } from "./engines.ts";
import { queries } from "./queries.ts";

type Outcome = Answer["values"][number];
const failure = (value: Outcome | undefined) =>
  value !== null && typeof value === "object" && "fails" in value ? value.fails : null;
/** Of entries that may fail: the guards' failures, and values that DuckDB can't hold. */
const isAllowed = (message: string) =>
  message.includes(uncertain) || /Conversion Error|Out of Range Error/.test(message);

describe("DuckDB's answers", () => {
  const answers = readAnswers();
  let connection: DuckDBConnection;
  before(async () => {
    connection = await openDuckdb();
  });
  after(() => connection.closeSync());

  /** What differs; an empty list if nothing does. */
  async function differing(each: Case, mayFail = false): Promise<readonly string[]> {
    const sql = sqlOf(each);
    const expected = answers.get(sql);
    if (!expected) return [`${sql}: no answer of Spark's; run spark.spec.ts with UPDATE_GENERATED=1`];
    const actual = await askDuckdb(connection, each).catch((error): Answer => ({ type: String(error), values: [] }));
    const places = Math.max(expected.values.length, actual.values.length);
    return [
      ...(expected.type === actual.type ? [] : [`${sql}: ${actual.type}, not ${expected.type}`]),
      ...Array.from({ length: places }, (_, place) => [expected.values[place], actual.values[place]] as const).flatMap(
        ([value, found], place) => {
          const [spark, duckdb] = [failure(value), failure(found)];
          if (duckdb !== null ? spark !== null || (mayFail && isAllowed(duckdb)) : spark === null && same(value, found))
            return [];
          return [`${sql} (${each.parts[place] ?? place}): ${JSON.stringify(found)}, not ${JSON.stringify(value)}`];
        },
      ),
    ];
  }

  const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
  const inAll = async (cases: readonly Case[], mayFail?: boolean) => {
    const found: string[] = [];
    for (const each of cases) found.push(...(await differing(each, mayFail)));
    return found;
  };

  const byName = new Map<string, Row[]>();
  for (const row of rows) byName.set(row.name, [...(byName.get(row.name) ?? []), row]);
  for (const [name, entries] of byName)
    it(`are Spark's for ${name}`, async () => {
      for (const row of entries) {
        const cases = casesOf(row);
        // Of an order that is not certain there is nothing to compare; the queries have these, and structs of columns.
        if (cases.length === 0) expect(queries.join()).to.contain(`${name}(`);
        const known = cases.flatMap((each) => answers.get(sqlOf(each))?.values ?? []);
        if (cases.length > 0) expect(known.some((value) => value !== null && failure(value) === null)).to.equal(true);
        expect(await inAll(cases, row.mayFail)).to.deep.equal([]);
      }
    });

  it("are Spark's for casts", async () => {
    expect(await inAll(castCases())).to.deep.equal([]);
  });

  for (const sql of queries)
    it(`are Spark's for ${sql}`, async () => {
      expect(await differing(queryCase(sql))).to.deep.equal([]);
    });

  for (const [sql, construct] of differences)
    if (construct !== null)
      it(`are not asked for ${sql}`, () => {
        const translation = translate(sql, tables);
        expect(translation.kind === "refused" && translation.problems[0]!.construct).to.equal(construct);
      });

  it("fail where Spark fails for a sum that is too large", async () => {
    const translation = translate(failing, tables);
    if (translation.kind === "refused") throw new Error(JSON.stringify(translation.problems));
    const message = await connection.runAndReadAll(translation.sql).then(String, String);
    expect(message).to.contain(uncertain);
  });

  it("are asked for all that Spark answered", () => {
    const cases = allCases();
    expect([...answers.keys()].filter((sql) => !cases.has(sql))).to.deep.equal([]);
  });
});
