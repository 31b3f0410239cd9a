import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { orphanColumn, orphanTable } from "./checks.ts";
import { catalogType, parseColumnType } from "./columnType.ts";
import { ConfigError, type LoadedConfig } from "./load.ts";
import { suggestion } from "./nearest.ts";

/** A problem in an SQL file. `offset` counts characters from the beginning of the file. */
interface SqlProblem {
  readonly offset: number;
  readonly message: string;
}

/**
 * Checks the SQL of every output and its balances against the declared datasets. Each must be one query in Spark's
 * dialect that reads only declared tables and columns. An output's query must return the declared columns; a balance's
 * query must return one value. Spark may still refuse SQL that this parser accepts.
 * @throws ConfigError with every problem, as `file:line:column output: what is wrong`.
 */
export async function checkSql({ config, sqlFiles, placeOf }: LoadedConfig): Promise<void> {
  // Loading this WebAssembly takes two thirds of a second, so a config with other problems does not wait for it.
  const parser = await import("@polyglot-sql/sdk");

  const check = (text: string, tables: Tables, compare: (returned: Returned) => SqlProblem[]): SqlProblem[] => {
    const parsed = parser.parse(text, parser.Dialect.Spark);
    if (!parsed.success)
      return [
        {
          offset: offsetOf(text, parsed.errorLine, parsed.errorColumn),
          message: `is not Spark SQL: ${parsed.error ?? "it can't be parsed"}`,
        },
      ];
    const statements = parsed.ast as readonly object[];
    if (statements.length !== 1) return [{ offset: 0, message: `must be one statement, not ${statements.length}` }];
    const [kind] = Object.keys(statements[0]!);
    if (!queries.has(kind ?? ""))
      return [{ offset: 0, message: `must be a query, not ${kind?.replaceAll("_", " ") ?? "nothing"}` }];

    const { errors } = parser.validateWithSchema(text, { strict: true, tables: [...tables] }, parser.Dialect.Spark);
    const unknown = errors
      .filter(({ severity, start }) => severity === "error" && !isUnit(text, start ?? 0))
      .map(({ message, start }) => ({ offset: start ?? 0, message: `${message}${meant(message, tables)}` }));
    return unknown.length > 0 ? unknown : compare(namesOf(parser.outputColumns(text, parser.Dialect.Spark)));
  };

  const datasets = Object.entries(config.datasets).map(([name, { columns }]) => tableOf(name, columns));
  const orphans = Object.entries(config.datasets)
    .filter(([, { references = {} }]) => Object.keys(references).length > 0)
    .map(([name, { columns }]) => tableOf(orphanTable(name), { ...columns, ...orphanColumns }));
  const problems = Object.entries(config.outputs).flatMap(([output, { columns, balances = {} }]) => {
    const file = sqlFiles[output]!;
    const text = readFileSync(file, "utf8");
    const declared = Object.entries(columns).map(([name, type]) => [name, { type }] as const);
    const balanced = [...datasets, ...orphans, tableOf(output, Object.fromEntries(declared))];
    return [
      ...check(text, datasets, (returned) => compareColumns(returned, Object.keys(columns))).map(
        ({ offset, message }) =>
          `${relative(process.cwd(), file)}:${position(text, offset)} outputs.${output}.sql: ${message}`,
      ),
      ...Object.entries(balances).flatMap(([name, sides]) =>
        Object.entries(sides).flatMap(([side, query]) => {
          const path = ["outputs", output, "balances", name, side];
          return [...check(query, balanced, oneValue), ...endsOpen(query)].map(
            ({ message }) => `${placeOf(path)} ${path.join(".")}: ${message}`,
          );
        }),
      ),
    ];
  });
  if (problems.length > 0) throw new ConfigError(problems.join("\n"));
}

const orphanColumns = { [orphanColumn]: { type: "string" } };
const tableOf = (name: string, columns: Readonly<Record<string, { readonly type: string }>>) => ({
  name,
  columns: Object.entries(columns).map(([column, { type }]) => ({
    name: column,
    type: catalogType(parseColumnType(type)),
  })),
});

/** In functions such as `timestampdiff(minute, a, b)`, the parser mistakes the unit for a column. */
const isUnit = (text: string, offset: number): boolean =>
  /\b(?:timestamp|date)_?(?:add|diff)\s*\(\s*$/i.test([...text].slice(0, offset).join(""));

const queries = new Set(["select", "union", "intersect", "except"]);

interface OutputColumns {
  readonly success: boolean;
  readonly output?: { readonly columns: readonly { readonly kind: string; readonly name?: string }[] };
}

/** The columns that a query returns, each with its name if it has one; null when a star hides them. */
type Returned = readonly (string | undefined)[] | null;

function namesOf(result: unknown): Returned {
  const columns = (result as OutputColumns).output?.columns ?? [];
  return columns.some(({ kind }) => kind === "star") ? null : columns.map(({ name }) => name);
}

/** The query becomes a part of a statement, so it can't end with a semicolon. */
const endsOpen = (query: string): SqlProblem[] =>
  query.trimEnd().endsWith(";") ? [{ offset: 0, message: "must not end with a semicolon" }] : [];

function oneValue(returned: Returned): SqlProblem[] {
  if (returned === null || returned.length === 1) return [];
  return [{ offset: 0, message: `must return one column, not ${returned.length}` }];
}

function compareColumns(returned: Returned, declared: readonly string[]): SqlProblem[] {
  if (returned === null || returned.length === 0 || returned.includes(undefined)) return [];
  const missing = declared.filter((name) => !returned.includes(name));
  const extra = returned.filter((name) => name !== undefined && !declared.includes(name));
  const say = (message: string) => [{ offset: 0, message }];
  if (missing.length > 0) return say(`does not return the declared ${missing.join(", ")}`);
  if (extra.length > 0) return say(`returns ${extra.join(", ")}, which the output does not declare`);
  return returned.join() === declared.join()
    ? []
    : say(`returns its columns in another order than declared; declared: ${declared.join(", ")}`);
}

type Tables = readonly ReturnType<typeof tableOf>[];

/** `; did you mean ...?` for the parser's message about an unknown table or column. */
function meant(message: string, tables: Tables): string {
  const [, table] = /^Unknown table '([^']+)'/.exec(message) ?? [];
  if (table)
    return `${suggestion(
      table,
      tables.map(({ name }) => name),
    )}; tables: ${tables.map(({ name }) => name).join(", ")}`;
  const [, column, owner] = /^Unknown column '([^']+)' in table '([^']+)'/.exec(message) ?? [];
  const owned = tables.find(({ name }) => name === owner)?.columns.map(({ name }) => name);
  return column && owned ? suggestion(column, owned) : "";
}

/** The number of characters before a position that the parser gives as line and column. */
function offsetOf(text: string, line = 1, column = 1): number {
  const before = text.split("\n").slice(0, line - 1);
  return before.reduce((sum, earlier) => sum + [...earlier].length + 1, 0) + column - 1;
}

/** `offset` counts characters as Unicode does, not as JavaScript does. */
function position(text: string, offset: number): string {
  const before = [...text].slice(0, offset).join("").split("\n");
  return `${before.length}:${before.at(-1)!.length + 1}`;
}
