import type { OutputContract } from "../config/contract.ts";
import { type Dialect, inDialect } from "./dialect.ts";
import type { Check, Checks, Expression, Statement } from "./plan.ts";
import { countIf, listed, oneRow } from "./sqlText.ts";

/** An output in statements: its rows are written first, and then asked whether they are right. */
export class Output {
  readonly #dialect: Dialect;
  readonly #name: string;
  readonly #declared: OutputContract;
  readonly #text: string;

  constructor(dialect: Dialect, name: string, declared: OutputContract, text: string) {
    this.#dialect = dialect;
    this.#name = name;
    this.#declared = declared;
    this.#text = text;
  }

  get statements(): readonly Statement[] {
    const { columns, clusterBy, balances } = this.#declared;
    return [
      {
        ...this.#sql(this.#name, `The rows of ${this.#name}, by the SQL of the output.`, this.#text),
        kind: "output",
        columns: columns.map(({ name, type }) => ({ name, type })),
        clusterBy,
        check: { name: `${this.#name}.schema`, code: "schema_mismatch" },
      },
      {
        ...this.#sql(
          `${this.#name}#counts`,
          `The rows of ${this.#name}, those that repeat a grain or lack it, and the results of the balances.`,
          oneRow([this.#grainCounts, ...(balances.length > 0 ? [this.#balances] : [])]),
        ),
        kind: "count",
      },
      this.#checks,
    ];
  }

  get rows(): Expression {
    return `${this.#name}.rows`;
  }

  get #grainCounts(): string {
    const grain = this.#declared.grain.map((column) => this.#id(column));
    const isNull = grain.map((column) => `${column} is null`).join(" or ");
    return `select
    ${listed([
      this.#sum("row_count", "rows"),
      `${countIf("row_count > 1")} as ${this.#number("repeated")}`,
      this.#sum("case when is_null then row_count end", "nulls"),
    ])}
from (
    select
        ${listed([`${isNull} as is_null`, "count(*) as row_count"], 8)}
    from ${this.#id(this.#name)}
    group by ${grain.join(", ")}
) as grains`;
  }

  /** For each balance the results of its two queries as texts, and whether they are equal. Null equals nothing. */
  get #balances(): string {
    const results: string[] = [];
    const values: string[] = [];
    for (const { name, input, output } of this.#declared.balances) {
      const sides = Object.entries({ input, output }).map(([side, query]) => {
        const value = this.#id(`${name} ${side}`);
        // The query stands on its own lines, because it may end with a comment.
        values.push(`(\n${query}\n    ) as ${value}`);
        results.push(`${this.#shown(value)} as ${this.#number(`${name}.${side}`)}`);
        return value;
      });
      results.push(`coalesce(${sides.join(" = ")}, false) as ${this.#number(`${name}.is_equal`)}`);
    }
    return `select\n    ${listed(results)}\nfrom (select\n    ${listed(values)}\n) as balances`;
  }

  /** A result that is not a number, a truth or a time is not shown, because it may be a row's value. */
  #shown(value: string): string {
    return `case when ${value} is null then null when ${this.#dialect.isPlain(value)} then cast(${value} as string) else '…' end`;
  }

  get #checks(): Checks {
    const { grain, balances } = this.#declared;
    const none = (what: string, number: string, counted: string): Check => ({
      name: `${this.#name}.${what}_${grain.join("_")}`,
      code: "check_failed",
      passes: ["=", `${this.#name}.${number}`, 0],
      detail: [`expected 0 ${counted}, actual `, { value: `${this.#name}.${number}` }],
    });
    return {
      kind: "check",
      name: `${this.#name}#checks`,
      purpose: `The rows of ${this.#name} are as declared, and its totals agree with those of the inputs.`,
      checks: [
        none("one_row_per", "repeated", "values of more than one row"),
        none("no_null_in", "nulls", "rows"),
        ...balances.map(({ name }) => ({
          name: `${this.#name}.balance_${name}`,
          code: "check_failed",
          passes: `${this.#name}.${name}.is_equal`,
          detail: [
            "expected ",
            { value: `${this.#name}.${name}.input` },
            ", actual ",
            { value: `${this.#name}.${name}.output` },
          ],
        })),
      ],
    };
  }

  #id = (name: string) => this.#dialect.identifier(name);
  #number = (name: string) => this.#id(`${this.#name}.${name}`);
  #sum = (value: string, name: string) => `cast(coalesce(sum(${value}), 0) as bigint) as ${this.#number(name)}`;

  #sql(name: string, purpose: string, text: string) {
    return {
      name,
      purpose,
      sql: inDialect(this.#dialect, text),
      subject: `output "${this.#name}"`,
      code: "sql_failed",
    };
  }
}
