import type { Json } from "@duckdb/node-api";
import type { OutputContract } from "../../config/contract.ts";
import { ask } from "../gold/ask.ts";
import { literal, name } from "../gold/parquet.ts";
import type { Published } from "../gold/published.ts";

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
 * `bins` have equal width from `from` to `to`; the last one includes both its ends. They cover all values, or all but a
 * few far outliers, whose rows are counted by `below` and `above`.
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
/** At most this share of the values on either side is left out, if all span more than `farOut` times the rest. */
const outside = 0.005;
const farOut = 3;

const isWhole = (type: string) => /^U?((TINY|SMALL|BIG|HUGE)INT|INTEGER)$/.test(type);
const isNumeric = (type: string) => isWhole(type) || /^(DOUBLE|FLOAT|DECIMAL\(\d+,\d+\))$/.test(type);
const isTime = (type: string) => /^(DATE|TIMESTAMP(_S|_MS|_NS| WITH TIME ZONE)?)$/.test(type);
const isText = (type: string) => type === "VARCHAR" || type === "BOOLEAN";

/** A number literal in SQL is a decimal, which is not always equal to the double. */
const exactly = (x: number) => `${literal(String(x))}::double`;

/**
 * Asks DuckDB for a sample and a chart of each column that has one: histograms of numbers and times, the most frequent
 * values of texts. Nested columns, and columns whose values all differ, such as keys, have none.
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
  // Different values are counted of texts, and of numbers and times only if they belong to the grain.
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
      // The declared type, since DuckDB may have another name for it.
      type: columns.find((declared) => declared.name === column)?.type ?? type.toLowerCase(),
      isNumber: isNumeric(type),
    })),
    sample,
    charts,
  };

  /** @returns null when no value is a number */
  async function histogram(column: string, type: string): Promise<Omit<Histogram, keyof ChartBase> | null> {
    const one = name(column);
    const value = isTime(type) ? `epoch_us(${one})::double` : `${one}::double`;
    const shown = isTime(type) ? `strftime(${one}::timestamp, '%Y-%m-%d')` : `${one}::varchar`;
    const finite = `from ${from} where isfinite(${value})`;
    // In the column's own type, so that each is an existing value, with all its digits.
    const ends = `select min(${one}) as least, quantile_disc(${one}, [${outside}, 0.5, ${1 - outside}]) as middle, max(${one}) as greatest ${finite}`;
    const values = (await query(
      `select ${value}, ${shown} from (select unnest([least, middle[1], middle[2], middle[3], greatest]) as ${one} from (${ends}))`,
    )) as [number | null, string][];
    if (values[0]![0] === null) return null;
    type End = readonly [number, string];
    const [least, low, median, high, greatest] = values as unknown as [End, End, End, End, End];
    const isTrimmed = high[0] > low[0] && greatest[0] - least[0] > farOut * (high[0] - low[0]);
    const [[begin, fromText], [end, toText]] = isTrimmed ? [low, high] : [least, greatest];
    const range = isWhole(type) ? end - begin + 1 : end - begin;
    const width = isWhole(type) ? Math.ceil(range / maximumBins) : range / maximumBins;
    const count = range === 0 ? 1 : Math.ceil(range / width - 1e-9);
    const bin = range === 0 ? "0" : `least(${count - 1}, floor((x - ${exactly(begin)}) / ${exactly(width)}))::integer`;
    const counts = (await query(
      `select case when x < ${exactly(begin)} then -1 when x > ${exactly(end)} then ${count} else ${bin} end, count(*) from (select ${value} as x ${finite}) group by 1`,
    )) as [number, number][];
    const rowsIn = (index: number) => counts.find(([bin]) => bin === index)?.[1] ?? 0;
    return {
      kind: "histogram",
      least: least[1],
      median: median[1],
      greatest: greatest[1],
      from: fromText,
      to: toText,
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
