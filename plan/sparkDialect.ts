import type { Dialect } from "./dialect.ts";

const plainTypes = "tinyint|smallint|int|bigint|float|double|decimal|boolean|date|timestamp|void";

export const sparkDialect: Dialect = {
  name: "spark",
  identifier: (name) => `\`${name.replaceAll("`", "``")}\``,
  // A backslash escapes, inside patterns too.
  text: (value) => `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`,
  type: (name) => name,
  struct: (columns) => `struct(${columns.join(", ")})`,
  hash: (values) => `xxhash64(${values.join(", ")})`,
  matches: (value, pattern) => `${value} rlike ${pattern}`,
  isPlain: (value) => `typeof(${value}) rlike '^(${plainTypes})'`,
};
