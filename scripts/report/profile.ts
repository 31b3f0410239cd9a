import type { Json } from "@duckdb/node-api";
import type { OutputContract } from "../../config/contract.ts";
import { ask } from "../pipeline/query/ask.ts";
import type { Published } from "../pipeline/query/published.ts";
import { literal, name } from "../start/parquet.ts";

/** What the published rows of one output look like. */
export interface OutputProfile {
  readonly output: string;
  readonly rows: number;
  readonly columns: readonly { readonly name: string; readonly type: string; readonly isNumber: boolean }[];
  /** The first in the order of the grain. */
  readonly sample: readonly (readonly Json[])[];
  readonly charts: readonly Chart[];
}

interface ChartBase {
  readonly column: string;
  readonly nulls: number;
}

/**
 * `bins` are of equal width from `from` to `to`, the last one with both its ends. That is all values, or where few lie far
 * out those without them: so many rows are `below` and `above`.
 */
export interface Histogram extends ChartBase {
  readonly kind: "histogram";
  readonly least: string;
  readonly median: string;
  readonly greatest: string;
  readonly from: string;
  readonly to: string;
  readonly below: number;
  readonly above: number;
  readonly bins: readonly number[];
}

export interface TopValues extends ChartBase {
  readonly kind: "values";
  /** How many different ones there are. */
  readonly distinct: number;
  /** The most frequent first. */
  readonly values: readonly { readonly value: string; readonly rows: number }[];
}

export type Chart = Histogram | TopValues;

const sampleRows = 8;
const maximumCharts = 16;
const maximumBins = 20;
const shownValues = 5;
/** This part of the values on either side may lie outside a histogram, if all take so many times its width. */
const outside = 0.005;
const farOut = 3;

const isWhole = (type: string) => /^U?((TINY|SMALL|BIG|HUGE)INT|INTEGER)$/.test(type);
const isNumeric = (type: string) => isWhole(type) || /^(DOUBLE|FLOAT|DECIMAL\(\d+,\d+\))$/.test(type);
const isTime = (type: string) => /^(DATE|TIMESTAMP(_S|_MS|_NS| WITH TIME ZONE)?)$/.test(type);
const isText = (type: string) => type === "VARCHAR" || type === "BOOLEAN";

/** A number in SQL is a decimal, which is not always the double that it was. */
const exactly = (x: number) => `${literal(String(x))}::double`;

/**
 * Asks DuckDB for a sample and a chart of each column that has one: histograms of numbers and times, the most frequent
 * values of texts. Keys, whose every value differs, and nested columns have none.
 */
export async function profile(
  output: string,
  { grain, columns }: Pick<OutputContract, "grain" | "columns">,
  published: Published,
): Promise<OutputProfile> {
  const from = name(output);
  const query = async (sql: string) => (await ask(sql, published)).rows;
  const described = (await query(`describe select * exclude (batch) from ${from}`)) as [string, string][];
  const order = grain.length > 0 ? grain.map(name).join(", ") : "all";
  const sample = await query(`select * exclude (batch) from ${from} order by ${order} limit ${sampleRows}`);
  // Of numbers and times nobody asks how many different ones there are, unless they are a key's.
  const isCounted = ([column, type]: [string, string]) => isText(type) || grain.includes(column);
  const counts = described.flatMap((one) => [
    `count(${name(one[0])})`,
    isCounted(one) ? `count(distinct ${name(one[0])})` : "null",
  ]);
  const [[rows, ...each]] = (await query(`select count(*), ${counts.join(", ")} from ${from}`)) as [
    [number, ...(number | null)[]],
  ];
  const charts: Chart[] = [];
  for (const [index, [column, type]] of described.entries()) {
    const [filled, distinct] = [each[2 * index]!, each[2 * index + 1]!];
    if (charts.length === maximumCharts || filled === 0 || distinct === filled) continue;
    const base = { column, nulls: rows - filled };
    if (isNumeric(type) || isTime(type)) {
      const found = await histogram(column, type);
      if (found) charts.push({ ...base, ...found });
    } else if (isText(type)) charts.push({ ...base, kind: "values", distinct, values: await topValues(column) });
  }
  return {
    output,
    rows,
    columns: described.map(([column, type]) => ({
      name: column,
      // As it is declared, where DuckDB has another word for it.
      type: columns.find((declared) => declared.name === column)?.type ?? type.toLowerCase(),
      isNumber: isNumeric(type),
    })),
    sample,
    charts,
  };

  /** @returns null when no value is a number */
  async function histogram(column: string, type: string): Promise<Omit<Histogram, keyof ChartBase> | null> {
    const value = isTime(type) ? `epoch_us(${name(column)})::double` : `${name(column)}::double`;
    const shown = isTime(type) ? `strftime(${name(column)}::timestamp, '%Y-%m-%d')` : `${name(column)}::varchar`;
    const found = `with found as (select ${value} as x from ${from} where isfinite(x))`;
    const at = (quantile: number) => `quantile_disc(x, ${quantile})`;
    const [ends] = (await query(
      `${found} select min(x), max(x), ${at(outside)}, ${at(0.5)}, ${at(1 - outside)} from found`,
    )) as [[number | null, number, number, number, number]];
    const [least, greatest, low, median, high] = ends;
    if (least === null) return null;
    const isTrimmed = high > low && greatest - least > farOut * (high - low);
    const [begin, end] = isTrimmed ? [low, high] : [least, greatest];
    const range = isWhole(type) ? end - begin + 1 : end - begin;
    const width = isWhole(type) ? Math.ceil(range / maximumBins) : range / maximumBins;
    const count = range === 0 ? 1 : Math.ceil(range / width - 1e-9);
    const bin = range === 0 ? "0" : `least(${count - 1}, floor((x - ${exactly(begin)}) / ${exactly(width)}))::integer`;
    const counts = (await query(
      `${found} select case when x < ${exactly(begin)} then -1 when x > ${exactly(end)} then ${count} else ${bin} end, count(*) from found group by 1`,
    )) as [number, number][];
    const rowsIn = (index: number) => counts.find(([bin]) => bin === index)?.[1] ?? 0;
    const texts = [least, median, greatest, begin, end].map(
      (x) => `(select ${shown} from ${from} where ${value} = ${exactly(x)} limit 1)`,
    );
    const [words] = (await query(`select ${texts.join(", ")}`)) as [string[]];
    return {
      kind: "histogram",
      least: words[0]!,
      median: words[1]!,
      greatest: words[2]!,
      from: words[3]!,
      to: words[4]!,
      below: rowsIn(-1),
      above: rowsIn(count),
      bins: Array.from({ length: count }, (_, index) => rowsIn(index)),
    };
  }

  async function topValues(column: string): Promise<TopValues["values"]> {
    const found = (await query(
      `select ${name(column)}::varchar, count(*) from ${from} where ${name(column)} is not null group by 1 order by 2 desc, 1 limit ${shownValues}`,
    )) as [string, number][];
    return found.map(([value, rows]) => ({ value, rows }));
  }
}
