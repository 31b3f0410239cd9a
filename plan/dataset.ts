import { orphanColumn, orphanTable } from "../config/checks.ts";
import type { Contract, DatasetContract, ReferenceContract } from "../config/contract.ts";
import { silverColumns } from "../config/tables.ts";
import { type Dialect, inDialect } from "./dialect.ts";
import type { Check, DatasetCounts, Expression, Piece, PlanInput, PlanTable, Statement } from "./plan.ts";
import { defaultOf, excludingRules, orphanRule, rejectingReferences, typedValue, warningRules } from "./rules.ts";
import { caseOf, countIf, listed, unionAll } from "./sqlText.ts";

/**
 * Where a row stands in its file, as one number, which joins faster than two. Silver has the part's number in the file
 * and the line's number in the part, which is less than 2 to the 40th.
 */
const place = "cast(_part as bigint) * 1099511627776 + _line";

/** What is counted, in the table that has the counts of all datasets. */
const counted = { read: "read", duplicate: "duplicate", kept: "kept", warned: "warned" } as const;

/** Of a kept row by a reference: the reference names a row, names none, or is null. */
const named = { row: "row", none: "none", null: "null" } as const;

/**
 * A dataset in statements. The names of its own tables and columns have a `#`, which no name of a contract has. Several
 * datasets share a table where that saves time; there the column `dataset` tells their rows apart. Rows are looked up
 * by joins, because DuckDB takes a detour for a correlated `exists`.
 *
 * | table | its rows |
 * | --- | --- |
 * | `D#silver` | as promoted |
 * | `D#unknown_C` | the values of a reference that rejects, which no kept row of the other dataset has |
 * | `D#checked` | all, with the first rule that each breaks in `#rule` |
 * | `groups#N` | how many rows break each rule, and the hashes of the keys that may come more than once |
 * | `duplicates#N` | the places of the rows whose key has a later row |
 * | `D#kept` | those that break no rule and are no duplicates |
 * | `D` | the same with defaults |
 * | `D#referring` | how many kept rows of any dataset name a row of `D`, name none or name null, by the value that names none |
 * | `D_orphans` | the kept rows of `D` whose reference is null or names no row |
 */
export class Dataset {
  readonly name: string;
  readonly #dialect: Dialect;
  readonly #contract: Contract;
  readonly #declared: DatasetContract;

  constructor(dialect: Dialect, contract: Contract, name: string) {
    this.#dialect = dialect;
    this.#contract = contract;
    this.name = name;
    this.#declared = contract.datasets[name]!;
  }

  get input(): PlanInput {
    return {
      dataset: this.name,
      required: this.#declared.required,
      table: this.#table("silver"),
      columns: [...this.#declared.columns.map(({ name, type }) => ({ name, type })), ...silverColumns],
    };
  }

  /** What the SQL of outputs and balances may read of it. */
  get tables(): readonly PlanTable[] {
    const columns = this.#declared.columns.map(({ name, type }) => ({ name, type }));
    return [
      { name: this.name, columns },
      ...(this.#declared.references.length > 0
        ? [{ name: orphanTable(this.name), columns: [...columns, { name: orphanColumn, type: "string" }] }]
        : []),
    ];
  }

  /** The rows, each with the first rule that it breaks; before that, what its rejecting references need. */
  get checked(): readonly Statement[] {
    return [...rejectingReferences(this.#declared).map((reference) => this.#unknown(reference)), this.#checked()];
  }

  /** A part of what `groups#N` counts. */
  get keyed(): string {
    const [rule, key] = [
      this.#id("#rule"),
      this.#dialect.hash(this.#declared.primaryKey.map((column) => this.#id(column))),
    ];
    return `select ${[`${this.#text(this.name)} as dataset`, rule, `case when ${rule} is null then ${key} end as ${this.#id("#key")}`].join(", ")}
from ${this.#id(this.#table("checked"))}`;
  }

  /**
   * A part of the table `duplicates#N`. The latest row of a key is kept, and of equally late rows the greatest by every
   * other column. Only rows whose key's hash comes more than once are ranked.
   */
  duplicates(groups: string): string {
    const { primaryKey, latestBy, columns } = this.#declared;
    const rest = columns.map(({ name }) => name).filter((name) => !primaryKey.includes(name) && name !== latestBy);
    const order = [...(primaryKey.includes(latestBy) ? [] : [latestBy]), ...rest, "#place"];
    const keys = primaryKey.map((column) => this.#id(column));
    const rank = this.#id("#rank");
    return `select
    ${listed([`${this.#text(this.name)} as dataset`, this.#id("#place")])}
from (
    select
        ${this.#id("#place")},
        row_number() over (
            partition by ${keys.join(", ")}
            order by
                ${listed(
                  order.map((column) => `${this.#id(column)} desc nulls last`),
                  16,
                )}
        ) as ${rank}
    from ${this.#id(this.#table("checked"))}
    where ${this.#id("#rule")} is null
    and ${this.#dialect.hash(keys)} in (select ${this.#id("#key")} from ${this.#id(groups)})
) as ranked
where ${rank} > 1`;
  }

  kept(duplicates: string): readonly Statement[] {
    const { columns } = this.#declared;
    const names = columns.map(({ name }) => this.#id(name));
    const cleaned = columns.map(({ name }) => {
      const [column, value] = [this.#id(name), this.#cleaned(name)];
      return column === value ? column : `${value} as ${column}`;
    });
    return [
      this.#statement(
        "view",
        this.#table("kept"),
        `The rows of ${this.name} that break no rule and are no duplicates.`,
        `select
    ${listed(names.map((name) => `checked.${name}`))}
from ${this.#id(this.#table("checked"))} as checked
left join ${this.#id(duplicates)} as duplicates
    on duplicates.${this.#id("#place")} = checked.${this.#id("#place")}
    and duplicates.dataset = ${this.#text(this.name)}
where checked.${this.#id("#rule")} is null
and duplicates.${this.#id("#place")} is null`,
      ),
      this.#statement(
        "view",
        this.name,
        `The rows of ${this.name} that the SQL of the outputs reads.`,
        `select
    ${listed(cleaned)}
from ${this.#id(this.#table("kept"))}`,
      ),
    ];
  }

  /** The table of what refers to this dataset; empty when nothing does. */
  get referring(): readonly Statement[] {
    const parts = Object.entries(this.#contract.datasets).flatMap(([name, { references }]) =>
      references
        .filter(({ dataset }) => dataset === this.name)
        .map((reference) => new Dataset(this.#dialect, this.#contract, name).#counted(reference)),
    );
    if (parts.length === 0) return [];
    return [
      this.#statement(
        "table",
        this.#table("referring"),
        `How many rows name a row of ${this.name}, and each value that names none.`,
        unionAll(parts),
      ),
    ];
  }

  get orphans(): readonly Statement[] {
    const { references, columns } = this.#declared;
    if (references.length === 0) return [];
    const names = columns.map(({ name }) => this.#id(name));
    const parts = references.map(
      (reference) => `select
    ${listed([...names.map((name) => `referring.${name}`), `${this.#text(reference.column)} as ${orphanColumn}`])}
from ${this.#id(this.name)} as referring
join ${this.#id(`${reference.dataset}#referring`)} as counted
    on counted.value is not distinct from referring.${this.#id(reference.column)}
where counted.dataset = ${this.#text(this.name)}
and counted.reference = ${this.#text(reference.column)}
and counted.named <> ${this.#text(named.row)}`,
    );
    return [
      this.#statement(
        "view",
        orphanTable(this.name),
        `The rows of ${this.name} whose reference is null or names no row; once for each such reference.`,
        unionAll(parts),
      ),
    ];
  }

  /** Queries of four columns: dataset, one of `counted`, rule or column or null, rows. */
  get countQueries(): readonly string[] {
    const warnings = warningRules(this.#dialect, this.#declared);
    const select = (what: string, detail: string, rows: string, from: string) =>
      `select ${[this.#text(this.name), this.#text(what), detail, rows].join(", ")} from ${this.#id(from)}`;
    const [reference] = this.#declared.references;
    if (reference !== undefined)
      return warnings.map(({ name }) =>
        select(counted.warned, this.#text(name), this.#id(`${this.name}.${name}`), `${reference.dataset}#referring`),
      );
    const kept = this.#table("kept");
    return [
      select(counted.kept, "cast(null as string)", "count(*)", kept),
      ...warnings.map(({ name, condition }) => select(counted.warned, this.#text(name), countIf(condition), kept)),
    ];
  }

  /** The columns of the one row of counts, over the rows of all queries. */
  get counts(): readonly string[] {
    const { references } = this.#declared;
    const sum = (name: string, what: string | readonly string[], detail?: string) => {
      const kinds = [what].flat().map(this.#text);
      const conditions = [`dataset = ${this.#text(this.name)}`, `what in (${kinds.join(", ")})`];
      if (detail !== undefined) conditions.push(`detail = ${this.#text(detail)}`);
      return `cast(coalesce(sum(case when ${conditions.join(" and ")} then row_count end), 0) as bigint) as ${this.#id(name)}`;
    };
    return [
      sum(`${this.name}.read`, counted.read),
      references.length > 0
        ? sum(`${this.name}.kept`, Object.values(named), references[0]!.column)
        : sum(`${this.name}.kept`, counted.kept),
      sum(`${this.name}.deduplicated`, counted.duplicate),
      ...this.#rejectingRules.map((rule) => sum(this.#rejected(rule), counted.read, rule)),
      ...warningRules(this.#dialect, this.#declared).map(({ name }) => sum(this.#warned(name), counted.warned, name)),
      ...references.map((each) => sum(this.#orphaned(each), [named.none, named.null], each.column)),
      ...references.map((each) => sum(this.#dangling(each), named.none, each.column)),
    ];
  }

  get rejectedRows(): Statement {
    const { columns } = this.#declared;
    return {
      ...this.#sql(
        this.#table("rejected"),
        `The rows of ${this.name} that break a rule, each with its rule, file and line.`,
        `select
    ${listed([
      `${this.#id("#rule")} as rule`,
      `${this.#id("#file")} as ${this.#id("file")}`,
      `${this.#id("#file_line")} as line`,
      `${this.#dialect.struct(columns.map(({ name }) => this.#id(name)))} as ${this.#id("row")}`,
    ])}
from ${this.#id(this.#table("checked"))}
where ${this.#id("#rule")} is not null`,
      ),
      kind: "rejected",
      dataset: this.name,
      when: [">", this.#rejectedTotal, 0],
    };
  }

  /** That every promoted row was read. Otherwise nothing that follows can be trusted. */
  get readCheck(): Check {
    const [read, rows] = [`${this.name}.read`, `${this.name}.rows`];
    return {
      name: `${this.name}.rows_read`,
      code: "infrastructure",
      passes: ["=", read, rows],
      detail: ["expected ", { value: rows }, " rows as promoted, actual ", { value: read }],
    };
  }

  get checks(): readonly Check[] {
    const name = this.name;
    const [read, kept, deduplicated, file, uri] = ["read", "kept", "deduplicated", "file", "rejected_uri"].map(
      (what) => `${name}.${what}`,
    ) as [string, string, string, string, string];
    const malformed = `${name}.malformed`;
    // As on arrival: a blank line is no row.
    const rows: Expression = ["+", malformed, read];
    const rejected = this.#rejectedTotal;
    const excluding = excludingRules(this.#dialect, this.#declared);
    const [scale, allowed] = wholeNumbers(this.#declared.maxRejected);
    const lost: Expression = ["+", malformed, rejected];
    const passes: Expression = ["<=", ["*", 100 * scale, lost], ["*", allowed, rows]];
    const why: Piece[] = [
      ": ",
      {
        nonzero: [
          ["malformed", malformed],
          ...this.#rejectingRules.map((rule) => [rule, this.#rejected(rule)] as const),
        ],
      },
      { when: [">", rejected, 0], show: ["; see ", { value: uri }] },
    ];
    return [
      {
        name: `${name}.rows_balance`,
        code: "check_failed",
        passes: ["=", read, ["+", kept, rejected, deduplicated]],
        detail: [
          { value: read },
          " read = ",
          { value: kept },
          " kept + ",
          { value: rejected },
          " rejected + ",
          { value: deduplicated },
          " deduplicated",
        ],
      },
      ...excluding
        .filter(({ action }) => action === "fail")
        .map(
          (rule): Check => ({
            name: `${name}.${rule.name}`,
            code: "rule_violated",
            passes: ["=", this.#rejected(rule.name), 0],
            detail: [
              "expected 0 rows, actual ",
              { value: this.#rejected(rule.name) },
              {
                when: [">", this.#rejected(rule.name), 0],
                show: [` by the column "${rule.column}" of `, { value: file }, "; see ", { value: uri }],
              },
            ],
          }),
        ),
      {
        name: `${name}.max_rejected`,
        code: "too_many_rejected",
        passes,
        detail: [
          `expected at most ${Number(this.#declared.maxRejected)}%, actual `,
          { percent: { part: lost, whole: rows } },
          "% (",
          { value: malformed },
          " malformed + ",
          { value: rejected },
          " rejected of ",
          { value: rows },
          " rows)",
          { when: [">", ["*", 100 * scale, lost], ["*", allowed, rows]], show: why },
        ],
      },
    ];
  }

  get orphanChecks(): readonly Check[] {
    return this.#declared.references
      .filter(({ orphans }) => orphans === "fail")
      .map((reference) => ({
        name: `${this.name}.${orphanRule(reference)}`,
        code: "rule_violated",
        passes: ["=", this.#dangling(reference), 0],
        detail: [
          "expected 0 rows, actual ",
          { value: this.#dangling(reference) },
          {
            when: [">", this.#dangling(reference), 0],
            show: [
              ` by the column "${reference.column}" of `,
              { value: `${this.name}.file` },
              "; no row of ",
              { value: `${reference.dataset}.file` },
              " has its value",
            ],
          },
        ],
      }));
  }

  get report(): DatasetCounts {
    const name = this.name;
    const named = (entries: readonly (readonly [string, string])[]) => Object.fromEntries(entries);
    return {
      lines: `${name}.lines`,
      malformed: `${name}.malformed`,
      read: `${name}.read`,
      kept: `${name}.kept`,
      rejected: named(this.#rejectingRules.map((rule) => [rule, this.#rejected(rule)])),
      warned: named(warningRules(this.#dialect, this.#declared).map((rule) => [rule.name, this.#warned(rule.name)])),
      deduplicated: `${name}.deduplicated`,
      orphans: named(this.#declared.references.map((reference) => [reference.column, this.#orphaned(reference)])),
    };
  }

  #checked(): Statement {
    const references = rejectingReferences(this.#declared);
    const excluding = excludingRules(this.#dialect, this.#declared);
    const value = this.#id("#value");
    const joined = references.map((reference) => this.#id(`#${reference.column}`));
    const cases = [
      ...excluding.map(({ name, condition }) => [condition, this.#dialect.text(name)] as const),
      ...references.map(
        (reference, index) =>
          [`${joined[index]}.${value} is not null`, this.#dialect.text(orphanRule(reference))] as const,
      ),
    ];
    const silver = this.#id(this.#table("silver"));
    const joins = references.map(
      (reference, index) =>
        `\nleft join ${this.#id(this.#unknownTable(reference))} as ${joined[index]}\n    on ${this.#cleaned(reference.column)} = ${joined[index]}.${value}`,
    );
    return this.#statement(
      "view",
      this.#table("checked"),
      `The rows of ${this.name}, each with the first rule that it breaks.`,
      `select
    ${listed([...this.#declared.columns.map(({ name }) => this.#id(name)), `${place} as ${this.#id("#place")}`, this.#id("#file"), this.#id("#file_line"), `${caseOf(cases)} as ${this.#id("#rule")}`])}
from ${silver}${joins.join("")}`,
    );
  }

  #unknown(reference: ReferenceContract): Statement {
    const [column, value] = [this.#cleaned(reference.column), this.#id("#value")];
    return this.#statement(
      "table",
      this.#unknownTable(reference),
      `The values of ${this.name}.${reference.column} that no kept row of ${reference.dataset} has.`,
      `select referring.${value}
from (
    select distinct ${column} as ${value}
    from ${this.#id(this.#table("silver"))}
    where ${column} is not null
) as referring
left join ${this.#id(reference.dataset)} as known
    on known.${this.#id(this.#keyOf(reference))} = referring.${value}
where known.${this.#id(this.#keyOf(reference))} is null`,
    );
  }

  /** A part of the table `#referring` of the other dataset. */
  #counted(reference: ReferenceContract): string {
    const value = this.#cleaned(reference.column);
    const key = `known.${this.#id(this.#keyOf(reference))}`;
    const isFirst = this.#declared.references[0] === reference;
    // All parts need the same columns: the warnings of every dataset that refers to the same one.
    const warnings = Object.entries(this.#contract.datasets)
      .filter(([, { references }]) => references[0]?.dataset === reference.dataset)
      .flatMap(([dataset, declared]) =>
        warningRules(this.#dialect, declared).map(({ name, condition }) => ({
          name: this.#id(`${dataset}.${name}`),
          condition: dataset === this.name && isFirst ? condition : null,
        })),
      );
    const own = warnings.filter(({ condition }) => condition !== null);
    return `select
    ${listed([
      `${this.#text(this.name)} as dataset`,
      `${this.#text(reference.column)} as reference`,
      "named",
      "value",
      "count(*) as row_count",
      ...warnings.map(({ name, condition }) =>
        condition === null ? `cast(0 as bigint) as ${name}` : `${countIf(name)} as ${name}`,
      ),
    ])}
from (
    select
        ${listed(
          [
            `case when ${key} is not null then ${this.#text(named.row)} when referring.value is null then ${this.#text(named.null)} else ${this.#text(named.none)} end as named`,
            `case when ${key} is null then referring.value end as value`,
            ...own.map(({ name }) => `referring.${name}`),
          ],
          8,
        )}
    from (
        select ${[`${value} as value`, ...own.map(({ name, condition }) => `${condition} as ${name}`)].join(", ")}
        from ${this.#id(this.#table("kept"))}
    ) as referring
    left join ${this.#id(reference.dataset)} as known
        on referring.value = ${key}
) as looked_up
group by named, value`;
  }

  /** A column after its default. */
  #cleaned(name: string): string {
    const column = this.#declared.columns.find((each) => each.name === name)!;
    const given = defaultOf(column);
    return given === undefined
      ? this.#id(name)
      : `coalesce(${this.#id(name)}, ${typedValue(this.#dialect, given, column.type)})`;
  }

  get #rejectingRules(): readonly string[] {
    return [
      ...excludingRules(this.#dialect, this.#declared).map(({ name }) => name),
      ...rejectingReferences(this.#declared).map(orphanRule),
    ];
  }

  get #rejectedTotal(): Expression {
    return ["+", ...this.#rejectingRules.map((rule) => this.#rejected(rule))];
  }

  #keyOf({ dataset }: ReferenceContract): string {
    return this.#contract.datasets[dataset]!.primaryKey[0]!;
  }

  #rejected = (rule: string) => `${this.name}.rejected.${rule}`;
  #warned = (rule: string) => `${this.name}.warned.${rule}`;
  #orphaned = ({ column }: ReferenceContract) => `${this.name}.orphans.${column}`;
  #dangling = ({ column }: ReferenceContract) => `${this.name}.dangling.${column}`;
  #table = (role: string) => `${this.name}#${role}`;
  #unknownTable = ({ column }: ReferenceContract) => this.#table(`unknown_${column}`);
  #id = (name: string) => this.#dialect.identifier(name);
  #text = (value: string) => this.#dialect.text(value);

  #sql(name: string, purpose: string, text: string) {
    return {
      name,
      purpose,
      sql: inDialect(this.#dialect, text),
      subject: `dataset "${this.name}"`,
      code: "contract_invalid",
    };
  }

  #statement(kind: "view" | "table", name: string, purpose: string, text: string): Statement {
    return { ...this.#sql(name, purpose, text), kind };
  }
}

/** A share as a fraction of whole numbers, so that it is compared exactly: 33.3 is 333 / 10. */
function wholeNumbers(share: number | string): [scale: number, value: number] {
  const digits = /\.(\d+)$/.exec(String(share))?.[1]?.length ?? 0;
  return [10 ** digits, Math.round(Number(share) * 10 ** digits)];
}
