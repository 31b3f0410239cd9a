import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { catalogType, parseColumnType } from "./columnType.ts";
import { ConfigError, type LoadedConfig } from "./load.ts";
import { suggestion } from "./nearest.ts";

/** Where something is wrong in an SQL file; offsets are characters from its beginning. */
interface SqlProblem {
  readonly offset: number;
  readonly message: string;
}

/**
 * Holds every output's SQL against the declared datasets: it must be one query in Spark's dialect, read only declared
 * tables and columns, and return the declared columns. What the parser lets pass Spark itself may still refuse.
 * @throws ConfigError with every problem, as `file:line:column output: what is wrong`.
 */
export async function checkSql({ config, sqlFiles }: LoadedConfig): Promise<void> {
  // Two thirds of a second of WebAssembly, which a config with problems of its own need not wait for.
  const parser = await import("@polyglot-sql/sdk");
  const tables = Object.entries(config.datasets).map(([name, { columns }]) => ({
    name,
    columns: Object.entries(columns).map(([column, { type }]) => ({
      name: column,
      type: catalogType(parseColumnType(type)),
    })),
  }));

  const check = (text: string, declared: readonly string[]): SqlProblem[] => {
    const parsed = parser.parse(text, parser.Dialect.Spark);
    if (!parsed.success)
      return [
        {
          offset: offsetOf(text, parsed.errorLine, parsed.errorColumn),
          message: `is not Spark SQL: ${parsed.error ?? "it can't be parsed"}`,
        },
      ];
    const statements = parsed.ast as readonly object[];
    if (statements.length !== 1) return [{ offset: 0, message: `must be one statement, and is ${statements.length}` }];
    const [kind] = Object.keys(statements[0]!);
    if (!queries.has(kind ?? ""))
      return [{ offset: 0, message: `must be a query, and is ${kind?.replaceAll("_", " ") ?? "nothing"}` }];

    const { errors } = parser.validateWithSchema(text, { strict: true, tables }, parser.Dialect.Spark);
    const unknown = errors
      .filter(({ severity, start }) => severity === "error" && !isUnit(text, start ?? 0))
      .map(({ message, start }) => ({ offset: start ?? 0, message: `${message}${meant(message, tables)}` }));
    return unknown.length > 0
      ? unknown
      : compareColumns(namesOf(parser.outputColumns(text, parser.Dialect.Spark)), declared);
  };

  const problems = Object.entries(config.outputs).flatMap(([output, { columns }]) => {
    const file = sqlFiles[output]!;
    const text = readFileSync(file, "utf8");
    return check(text, Object.keys(columns)).map(
      ({ offset, message }) =>
        `${relative(process.cwd(), file)}:${position(text, offset)} outputs.${output}.sql: ${message}`,
    );
  });
  if (problems.length > 0) throw new ConfigError(problems.join("\n"));
}

/** The parser takes the unit in `timestampdiff(minute, a, b)` and its kind for a column. */
const isUnit = (text: string, offset: number): boolean =>
  /\b(?:timestamp|date)_?(?:add|diff)\s*\(\s*$/i.test([...text].slice(0, offset).join(""));

const queries = new Set(["select", "union", "intersect", "except"]);

interface OutputColumns {
  readonly success: boolean;
  readonly output?: { readonly columns: readonly { readonly kind: string; readonly name?: string }[] };
}

/** The names that a query returns; null when it hides them behind a star. */
function namesOf(result: unknown): string[] | null {
  const columns = (result as OutputColumns).output?.columns ?? [];
  return columns.every(({ kind, name }) => kind === "named" && name !== undefined)
    ? columns.map(({ name }) => name!)
    : null;
}

function compareColumns(returned: readonly string[] | null, declared: readonly string[]): SqlProblem[] {
  if (returned === null || returned.length === 0) return [];
  const missing = declared.filter((name) => !returned.includes(name));
  const extra = returned.filter((name) => !declared.includes(name));
  const say = (message: string) => [{ offset: 0, message }];
  if (missing.length > 0) return say(`does not return the declared ${missing.join(", ")}`);
  if (extra.length > 0) return say(`returns ${extra.join(", ")}, which the output does not declare`);
  return returned.join() === declared.join()
    ? []
    : say(`returns its columns in another order than declared: ${declared.join(", ")}`);
}

type Tables = readonly { readonly name: string; readonly columns: readonly { readonly name: string }[] }[];

/** `; did you mean ...?` for the parser's words on an unknown table or column. */
function meant(message: string, tables: Tables): string {
  const [, table] = /^Unknown table '([^']+)'/.exec(message) ?? [];
  if (table)
    return `${suggestion(
      table,
      tables.map(({ name }) => name),
    )}; datasets: ${tables.map(({ name }) => name).join(", ")}`;
  const [, column, owner] = /^Unknown column '([^']+)' in table '([^']+)'/.exec(message) ?? [];
  const owned = tables.find(({ name }) => name === owner)?.columns.map(({ name }) => name);
  return column && owned ? suggestion(column, owned) : "";
}

/** Characters before a position that the parser tells by line and column. */
function offsetOf(text: string, line = 1, column = 1): number {
  const before = text.split("\n").slice(0, line - 1);
  return before.reduce((sum, earlier) => sum + [...earlier].length + 1, 0) + column - 1;
}

/** `offset` counts characters as Unicode does, not as JavaScript does. */
function position(text: string, offset: number): string {
  const before = [...text].slice(0, offset).join("").split("\n");
  return `${before.length}:${before.at(-1)!.length + 1}`;
}
