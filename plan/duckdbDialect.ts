import { type ColumnType, parseColumnType } from "../config/columnType.ts";
import type { Dialect } from "./dialect.ts";

const identifier = (name: string) => `"${name.replaceAll('"', '""')}"`;

/**
 * DuckDB's name of a type.
 * @param timestamp what an instant is called: Parquet has to say that it is one, while JSON holds it as it is in UTC
 */
export function duckdbType(type: ColumnType, timestamp: "timestamp" | "timestamptz" = "timestamptz"): string {
  switch (type.kind) {
    case "string":
      return "varchar";
    case "long":
      return "bigint";
    case "decimal":
      return `decimal(${type.precision},${type.scale})`;
    case "timestamp":
      return timestamp;
    case "array":
      return `${duckdbType(type.element, timestamp)}[]`;
    case "struct":
      return `struct(${type.fields.map((field) => `${identifier(field.name)} ${duckdbType(field.type, timestamp)}`).join(", ")})`;
    default:
      return type.kind;
  }
}

/**
 * A timestamp of UTC as an instant. A cast would ask for the session's zone, and would load DuckDB's calendar for each
 * row.
 */
export const instantOf = (utc: string): string => `make_timestamptz(epoch_us(${utc}))`;

const plainTypes = "TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|FLOAT|DOUBLE|DECIMAL|BOOLEAN|DATE|TIMESTAMP";

export const duckdbDialect: Dialect = {
  name: "duckdb",
  identifier,
  text: (value) => `'${value.replaceAll("'", "''")}'`,
  type: (name) => duckdbType(parseColumnType(name)),
  struct: (columns) => `struct_pack(${columns.map((column) => `${column} := ${column}`).join(", ")})`,
  hash: (values) => `hash(${values.join(", ")})`,
  matches: (value, pattern) => `regexp_matches(${value}, ${pattern})`,
  isPlain: (value) => `regexp_matches(typeof(${value}), '^(${plainTypes})')`,
};
