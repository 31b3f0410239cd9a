import { orphanColumn, orphanTable } from "../config/checks.ts";
import type { Contract, DatasetContract, ReferenceContract } from "../config/contract.ts";
import { type Dialect, inDialect } from "./dialect.ts";
import type { Check, DatasetCounts, Expression, Piece, PlanInput, Statement } from "./plan.ts";
import { defaultOf, excludingRules, orphanRule, rejectingReferences, typedValue, warningRules } from "./rules.ts";
import { caseOf, listed } from "./sqlText.ts";

/** The number of the line within its part, and of the part within the file: columns of Silver beside the declared ones. */
const place = ["_part", "_line"] as const;

/**
 * A dataset in statements. The names of its own tables and columns have a `#`, which no name of a contract has.
 *
 * | table | its rows |
 * | --- | --- |
 * | `D#silver` | as promoted |
 * | `D#unknown_C` | the values of a reference that rejects, which no kept row of the other dataset has |
 * | `D#checked` | all, with the first rule that each breaks in `#rule` |
 * | `D#groups` | how many rows break each rule, and the hashes of the keys that may come more than once |
 * | `D#duplicates` | the places of the rows whose key has a later row |
 * | `D#kept` | those that break no rule and are no duplicates |
 * | `D` | the same with defaults |
 * | `D#by_C` | how many kept rows have a reference that is known, and each value that is not |
 * | `D_orphans` | the kept rows of these values |
 */
export class Dataset {
  readonly #dialect: Dialect;
  readonly #contract: Contract;
  readonly #name: string;
  readonly #declared: DatasetContract;

  constructor(dialect: Dialect, contract: Contract, name: string) {
    this.#dialect = dialect;
    this.#contract = contract;
    this.#name = name;
    this.#declared = contract.datasets[name]!;
  }

  get input(): PlanInput {
    return {
      dataset: this.#name,
      required: this.#declared.required,
      rows: this.#table("silver"),
      columns: [
        ...this.#declared.columns.map(({ name, type }) => ({ name, type })),
        { name: place[0], type: "int" },
        { name: place[1], type: "bigint" },
      ],
      parts: this.#table("parts"),
    };
  }

  /** The tables of what rejects the rows, and a query that counts them; null when no reference rejects. */
  get unknown(): { readonly statements: readonly Statement[]; readonly counts: string } | null {
    const rejecting = rejectingReferences(this.#declared);
    if (rejecting.length === 0) return null;
    const value = this.#id("#value");
    const statements = rejecting.map((reference): Statement => {
      const column = this.#id(reference.column);
      return this.#statement(
        "table",
        this.#unknownTable(reference),
        `The values of ${this.#name}.${reference.column} that no kept row of ${reference.dataset} has.`,
        `with referring as (
    select distinct ${column} as ${value}
    from ${this.#id(this.#table("silver"))}
    where ${column} is not null
)

select ${value}
from referring
where not exists (
    select 1
    from ${this.#id(reference.dataset)} as known
    where known.${this.#id(this.#keyOf(reference))} = referring.${value}
)`,
      );
    });
    const counts = rejecting.map(
      (reference) =>
        `(select count(*) from ${this.#id(this.#unknownTable(reference))}) as ${this.#id(`${this.#name}.unknown.${reference.column}`)}`,
    );
    return { statements, counts: `select\n    ${listed(counts)}` };
  }

  get judged(): readonly Statement[] {
    const key = this.#dialect.hash(this.#declared.primaryKey.map((column) => this.#id(column)));
    const [rule, hash] = [this.#id("#rule"), this.#id("#key")];
    return [
      this.#checked(),
      this.#statement(
        "table",
        this.#table("groups"),
        `How many rows of ${this.#name} break each rule, and the hashes of the keys that may come more than once.`,
        `with keyed as (
    select
        ${rule},
        case when ${rule} is null then ${key} end as ${hash}
    from ${this.#id(this.#table("checked"))}
),

counted as (
    select
        ${rule},
        ${hash},
        count(*) as row_count
    from keyed
    group by ${rule}, ${hash}
),

marked as (
    select
        ${rule},
        case when row_count > 1 then ${hash} end as ${hash},
        row_count
    from counted
)

select
    ${rule},
    ${hash},
    sum(row_count) as row_count
from marked
group by ${rule}, ${hash}`,
      ),
    ];
  }

  /** One row: the rows read, and the rows that each rule rejects. */
  get groupCounts(): string {
    const rule = this.#id("#rule");
    const counts = this.#rejectingRules.map((name) =>
      this.#sum(`case when ${rule} = ${this.#dialect.text(name)} then row_count end`, this.#rejected(name)),
    );
    return `select
    ${listed([this.#sum("row_count", `${this.#name}.read`), ...counts])}
from ${this.#id(this.#table("groups"))}`;
  }

  /** The latest row of a key is kept, and of equally late rows the greatest by every other column. */
  get duplicates(): Statement {
    const { primaryKey, latestBy, columns } = this.#declared;
    const rest = columns.map(({ name }) => name).filter((name) => !primaryKey.includes(name) && name !== latestBy);
    const order = [...(primaryKey.includes(latestBy) ? [] : [latestBy]), ...rest, ...place];
    const keys = primaryKey.map((column) => this.#id(column));
    const [rule, hash] = [this.#id("#rule"), this.#id("#key")];
    return this.#statement(
      "table",
      this.#table("duplicates"),
      `The places of the rows of ${this.#name} whose key has a later row. Only keys whose hash comes more than once are ranked.`,
      `with candidates as (
    select *
    from ${this.#id(this.#table("checked"))} as checked
    where ${rule} is null
    and exists (
        select 1
        from ${this.#id(this.#table("groups"))} as groups
        where groups.${hash} = ${this.#dialect.hash(primaryKey.map((column) => `checked.${this.#id(column)}`))}
    )
),

ranked as (
    select
        ${listed(place, 8)},
        row_number() over (
            partition by ${keys.join(", ")}
            order by
                ${listed(
                  order.map((column) => `${this.#id(column)} desc nulls last`),
                  16,
                )}
        ) as ${this.#id("#rank")}
    from candidates
)

select
    ${listed(place)}
from ranked
where ${this.#id("#rank")} > 1`,
    );
  }

  get duplicateCounts(): string {
    return `select count(*) as ${this.#id(`${this.#name}.deduplicated`)}
from ${this.#id(this.#table("duplicates"))}`;
  }

  get rejectedRows(): Statement {
    const { columns } = this.#declared;
    return {
      ...this.#sql(
        this.#table("rejected"),
        `The rows of ${this.#name} that break a rule, each with its rule, file and line.`,
        `select
    ${listed([
      `checked.${this.#id("#rule")} as rule`,
      `parts.source_key as ${this.#id("key")}`,
      "parts.lines_before + checked._line as line",
      ...columns.map(({ name }) => `checked.${this.#id(name)}`),
    ])}
from ${this.#id(this.#table("checked"))} as checked
inner join ${this.#id(this.#table("parts"))} as parts
    on checked._part = parts.part
where checked.${this.#id("#rule")} is not null`,
      ),
      kind: "rejected",
      dataset: this.#name,
      when: [">", this.#rejectedTotal, 0],
    };
  }

  get kept(): readonly Statement[] {
    const { columns } = this.#declared;
    const names = columns.map(({ name }) => this.#id(name));
    return [
      this.#statement(
        "view",
        this.#table("kept"),
        `The rows of ${this.#name} that break no rule and are no duplicates.`,
        `select
    ${listed(names)}
from ${this.#id(this.#table("checked"))} as checked
where ${this.#id("#rule")} is null
and not exists (
    select 1
    from ${this.#id(this.#table("duplicates"))} as duplicates
    where ${place.map((column) => `duplicates.${column} = checked.${column}`).join(" and ")}
)`,
      ),
      this.#statement(
        "view",
        this.#name,
        `The rows of ${this.#name} that the SQL of the outputs reads.`,
        `select
    ${listed(columns.map(({ name }) => (this.#cleaned(name) === this.#id(name) ? this.#id(name) : `${this.#cleaned(name)} as ${this.#id(name)}`)))}
from ${this.#id(this.#table("kept"))}`,
      ),
    ];
  }

  get orphans(): readonly Statement[] {
    const { references, columns } = this.#declared;
    if (references.length === 0) return [];
    const names = columns.map(({ name }) => this.#id(name));
    const parts = references.map(
      (reference) => `select
    ${listed([...names, `${this.#dialect.text(reference.column)} as ${orphanColumn}`])}
from ${this.#id(this.#name)} as referring
where exists (
    select 1
    from ${this.#id(this.#referenceTable(reference))} as counted
    where not counted.is_known
    and counted.value is not distinct from referring.${this.#id(reference.column)}
)`,
    );
    return [
      ...references.map((reference, index) => this.#byReference(reference, index === 0)),
      this.#statement(
        "view",
        orphanTable(this.#name),
        `The rows of ${this.#name} whose reference is null or names no row; once for each such reference.`,
        parts.join("\nunion all\n"),
      ),
    ];
  }

  /** Queries of one row each: the kept rows, those that break each rule that only warns, and the orphans. */
  get keptCounts(): readonly string[] {
    const { references } = this.#declared;
    const warning = warningRules(this.#dialect, this.#declared);
    const [first] = references;
    if (!first)
      return [
        `select
    ${listed([
      `count(*) as ${this.#id(`${this.#name}.kept`)}`,
      ...warning.map(({ name, condition }) => `count_if(${condition}) as ${this.#id(this.#warned(name))}`),
    ])}
from ${this.#id(this.#table("kept"))}`,
      ];
    return references.map((reference) => {
      const kept = [
        this.#sum("row_count", `${this.#name}.kept`),
        ...warning.map(({ name }) => this.#sum(this.#id(name), this.#warned(name))),
      ];
      const orphans = [
        this.#sum("case when not is_known then row_count end", this.#orphaned(reference)),
        this.#sum("case when not is_known and value is not null then row_count end", this.#dangling(reference)),
      ];
      return `select
    ${listed([...(reference === first ? kept : []), ...orphans])}
from ${this.#id(this.#referenceTable(reference))}`;
    });
  }

  /** That every promoted row was read. Otherwise nothing that follows can be trusted. */
  get readCheck(): Check {
    const [read, rows] = [`${this.#name}.read`, `${this.#name}.rows`];
    return {
      name: `${this.#name}.rows_read`,
      code: "infrastructure",
      passes: ["=", read, rows],
      detail: ["expected ", { value: rows }, " rows as promoted, actual ", { value: read }],
    };
  }

  get checks(): readonly Check[] {
    const name = this.#name;
    const [read, kept, deduplicated, file, uri] = ["read", "kept", "deduplicated", "file", "rejected_uri"].map(
      (what) => `${name}.${what}`,
    ) as [string, string, string, string, string];
    const [malformed, lines] = [`${name}.malformed`, `${name}.lines`];
    const rejected = this.#rejectedTotal;
    const excluding = excludingRules(this.#dialect, this.#declared);
    const [scale, allowed] = wholeNumbers(this.#declared.maxRejected);
    const lost: Expression = ["+", malformed, rejected];
    const passes: Expression = ["<=", ["*", 100 * scale, lost], ["*", allowed, lines]];
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
          { percent: { part: lost, whole: lines } },
          "% (",
          { value: malformed },
          " malformed + ",
          { value: rejected },
          " rejected of ",
          { value: lines },
          " lines)",
          { when: [">", ["*", 100 * scale, lost], ["*", allowed, lines]], show: why },
        ],
      },
    ];
  }

  get orphanChecks(): readonly Check[] {
    return this.#declared.references
      .filter(({ orphans }) => orphans === "fail")
      .map((reference) => ({
        name: `${this.#name}.${orphanRule(reference)}`,
        code: "rule_violated",
        passes: ["=", this.#dangling(reference), 0],
        detail: [
          "expected 0 rows, actual ",
          { value: this.#dangling(reference) },
          {
            when: [">", this.#dangling(reference), 0],
            show: [
              ` by the column "${reference.column}" of `,
              { value: `${this.#name}.file` },
              "; no row of ",
              { value: `${reference.dataset}.file` },
              " has its value",
            ],
          },
        ],
      }));
  }

  get report(): DatasetCounts {
    const name = this.#name;
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
        `\nleft join ${this.#id(this.#unknownTable(reference))} as ${joined[index]}\n    on ${silver}.${this.#id(reference.column)} = ${joined[index]}.${value}`,
    );
    return this.#statement(
      "view",
      this.#table("checked"),
      `The rows of ${this.#name}, each with the first rule that it breaks.`,
      `select
    ${listed([...this.#declared.columns.map(({ name }) => this.#id(name)), ...place, `${caseOf(cases)} as ${this.#id("#rule")}`])}
from ${silver}${joins.join("")}`,
    );
  }

  #byReference(reference: ReferenceContract, isFirst: boolean): Statement {
    const warning = isFirst ? warningRules(this.#dialect, this.#declared) : [];
    const value = this.#cleaned(reference.column);
    const sums = warning.map(({ name }) => `sum(${this.#id(name)}) as ${this.#id(name)}`);
    return this.#statement(
      "table",
      this.#referenceTable(reference),
      `How many kept rows of ${this.#name} name a kept row of ${reference.dataset}, and which other values of ${reference.column} they have.`,
      `with referring as (
    select
        ${listed([`${value} as value`, "count(*) as row_count", ...warning.map(({ name, condition }) => `count_if(${condition}) as ${this.#id(name)}`)], 8)}
    from ${this.#id(this.#table("kept"))}
    group by ${value}
),

compared as (
    select
        referring.*,
        known.${this.#id(this.#keyOf(reference))} is not null as is_known
    from referring
    left join ${this.#id(reference.dataset)} as known
        on referring.value = known.${this.#id(this.#keyOf(reference))}
)

select
    ${listed(["is_known", "case when not is_known then value end as value", "sum(row_count) as row_count", ...sums])}
from compared
group by is_known, case when not is_known then value end`,
    );
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

  #rejected = (rule: string) => `${this.#name}.rejected.${rule}`;
  #warned = (rule: string) => `${this.#name}.warned.${rule}`;
  #orphaned = ({ column }: ReferenceContract) => `${this.#name}.orphans.${column}`;
  #dangling = ({ column }: ReferenceContract) => `${this.#name}.dangling.${column}`;
  #table = (role: string) => `${this.#name}#${role}`;
  #unknownTable = ({ column }: ReferenceContract) => this.#table(`unknown_${column}`);
  #referenceTable = ({ column }: ReferenceContract) => this.#table(`by_${column}`);
  #id = (name: string) => this.#dialect.identifier(name);
  #sum = (value: string, name: string) => `cast(coalesce(sum(${value}), 0) as bigint) as ${this.#id(name)}`;

  #sql(name: string, purpose: string, text: string) {
    return {
      name,
      purpose,
      sql: inDialect(this.#dialect, text),
      subject: `dataset "${this.#name}"`,
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
