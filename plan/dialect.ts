import type { DialectName, Sql } from "./plan.ts";

/** Where engines differ in the SQL of the plan. Everything that is not here, all of them must read alike. */
export interface Dialect {
  readonly name: DialectName;
  identifier(name: string): string;
  /** A text literal. */
  text(value: string): string;
  /** A type of the contract, as Hive spells it. */
  type(name: string): string;
  /** One value of all these columns, under their names. */
  struct(columns: readonly string[]): string;
  /** A 64-bit hash of several values, null or not. Different values may have the same one. */
  hash(values: readonly string[]): string;
  /** Whether the pattern is found in the value. */
  matches(value: string, pattern: string): string;
  /** Whether the value's type is a number, a truth or a time. */
  isPlain(value: string): string;
}

/** The SQL of a statement that is written in one dialect; a plan has Spark's in any case. */
export const inDialect = ({ name }: Dialect, text: string): Sql["sql"] => ({ [name]: text }) as unknown as Sql["sql"];
