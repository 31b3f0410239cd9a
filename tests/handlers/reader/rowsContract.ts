import { parseColumnType } from "../../../config/columnType.ts";
import type { TypedColumn } from "../../../handlers/reader/row.ts";

/** The columns of rows.jsonl: each kind of type, also nested. */
const declared = {
  id: "string",
  at: "timestamp",
  day: "date",
  amount: "decimal(12,2)",
  wide: "decimal(38,18)",
  whole: "integer",
  big: "long",
  ratio: "double",
  is_new: "boolean",
  tags: "array<string>",
  home: "struct<city:string,zip:integer>",
  price: "struct<net:decimal(12,2),due:date>",
  taxes: "array<decimal(12,2)>",
  stops: "array<struct<place:string,at:timestamp>>",
};

export const rowsColumns: readonly TypedColumn[] = Object.entries(declared).map(([name, type]) => ({
  name,
  type: parseColumnType(type),
}));
