import { instantOf } from "../duckdbDialect.ts";
import { inUtc } from "./casts.ts";
import { asInt, certain, functions, given, infix, type Row, scalar } from "./row.ts";
import { isInteger } from "./types.ts";

/** A part of a date or time. */
const part = (name: string, type: "date" | "timestamp"): readonly Row[] =>
  functions(name, [type], "int", ([value]) =>
    asInt(`${name === "dayofmonth" ? "day" : name}(${type === "date" ? value : inUtc(value!)})`),
  );
/** Seconds are left out: with their fraction, they are a decimal. */
const extracted = (name: string, type: "date" | "timestamp"): readonly Row[] =>
  part(name, type).map((row) => ({
    ...row,
    name: `extract:${name}`,
    spark: ([value]) => `extract(${name} from ${value})`,
  }));

const units = ["year", "quarter", "month", "week"];

/** The beginning of the unit in which it lies. Spark has more names for units. */
const beginning = (type: "date" | "timestamp", unit: string | undefined, known: readonly string[], value: string) => {
  const name = unit?.toLowerCase() ?? "";
  if (!known.includes(name)) return null;
  return type === "date"
    ? { type, sql: `cast(date_trunc('${name}', ${value}) as date)` }
    : { type, sql: instantOf(`date_trunc('${name}', ${inUtc(value)})`) };
};
const literals = (names: readonly string[]) => names.map((name) => `'${name}'`);
const unitsOfTime = [...units, "day", "hour", "minute", "second"];

/** Both engines go on to count days where they write and read years differently. */
const calendarDay = (day: string) =>
  given(day, (each) =>
    certain(`${each} is null or year(${each}) between 1 and 9999`, each, "a day beyond the years 1 to 9999"),
  );

const moved = (name: string, text: (date: string, count: string) => string): Row => ({
  ...scalar(name, [["date", "int"]], ([date, count]) =>
    date!.type === "date" && isInteger(count!.type) && count!.type !== "bigint"
      ? { type: "date", sql: calendarDay(`cast(${text(date!.sql, asInt(count!.sql))} as date)`) }
      : null,
  ),
  mayFail: true,
});

/** Of dates and of instants, all in UTC. */
export const dates: readonly Row[] = [
  ...["year", "quarter", "month", "day", "dayofmonth", "dayofyear", "weekofyear"].flatMap((name) => [
    ...part(name, "date"),
    ...part(name, "timestamp"),
  ]),
  ...["hour", "minute", "second"].flatMap((name) => part(name, "timestamp")),
  ...["year", "quarter", "month", "day"].flatMap((name) => [
    ...extracted(name, "date"),
    ...extracted(name, "timestamp"),
  ]),
  ...["hour", "minute"].flatMap((name) => extracted(name, "timestamp")),
  scalar("date_trunc", [[literals(unitsOfTime), "timestamp"]], ([unit, value]) =>
    value!.type === "timestamp" ? beginning("timestamp", unit!.literal, unitsOfTime, value!.sql) : null,
  ),
  scalar("trunc", [["date", literals(units)]], ([value, unit]) =>
    value!.type === "date" ? beginning("date", unit!.literal, units, value!.sql) : null,
  ),
  ...functions("datediff date_diff", ["date", "date"], "int", (args) => asInt(infix("-")(args))),
  ...functions("last_day", ["date"], "date", ([day]) => `last_day(${day})`),
  moved("date_add", (date, count) => `(${date} + ${count})`),
  moved("date_sub", (date, count) => `(${date} - ${count})`),
  moved("add_months", (date, count) => `(${date} + to_months(${count}))`),
  ...functions("unix_timestamp", ["timestamp"], "bigint", ([instant]) => `(epoch_us(${instant}) // 1000000)`),
  ...functions("unix_micros", ["timestamp"], "bigint", ([instant]) => `epoch_us(${instant})`),
];
