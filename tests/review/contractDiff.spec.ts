import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Contract, ContractColumn, DatasetContract, OutputContract, ValueRule } from "../../config/contract.ts";
import { contractOf } from "../../config/contract.ts";
import { loadConfig } from "../../config/load.ts";
import { nullActionNames, nullActions } from "../../config/nullActions.ts";
import { contractDiff } from "../../review/contractDiff/command.ts";
import { diffContracts } from "../../review/contractDiff/diff.ts";
import { lines, merge } from "../../review/contractDiff/text.ts";
import { UsageError } from "../../terminal/flags.ts";

const column = (name: string, fields: Partial<ContractColumn> = {}): ContractColumn => ({
  name,
  type: "string",
  onNull: "keep",
  rules: [],
  ...fields,
});
const sales: DatasetContract = {
  required: true,
  file: "sales",
  formats: ["json", "json.gz"],
  columns: [
    column("id", { onNull: "reject" }),
    column("line", { type: "int", onNull: "reject" }),
    column("shop"),
    column("amount", { type: "decimal(12,2)" }),
    column("at", { type: "timestamp" }),
    column("status"),
  ],
  primaryKey: ["id", "line"],
  latestBy: "at",
  references: [{ column: "shop", dataset: "shops", orphans: "keep" }],
  maxRejected: 5,
};
const totals: OutputContract = {
  grain: ["shop"],
  columns: [
    { name: "shop", type: "string" },
    { name: "sales", type: "bigint" },
    { name: "revenue", type: "decimal(22,2)" },
  ],
  clusterBy: [],
  balances: [{ name: "revenue", input: "select 1", output: "select 1" }],
};
const base: Contract = {
  format: 1,
  pipeline: "retail",
  batching: { keyPattern: ".*", maxSpread: 3600, deadline: 86_400 },
  schemaEvolution: "additive",
  datasets: {
    sales,
    shops: {
      ...sales,
      file: "shops",
      columns: [column("shop", { onNull: "reject" })],
      primaryKey: ["shop"],
      latestBy: "shop",
      references: [],
    },
  },
  outputs: { totals },
};

type Edit = (contract: Contract) => Contract;
const ofSales =
  (fields: Partial<DatasetContract>): Edit =>
  (contract) => ({
    ...contract,
    datasets: { ...contract.datasets, sales: { ...contract.datasets.sales!, ...fields } },
  });
const ofColumn =
  (name: string, fields: Partial<ContractColumn>): Edit =>
  (contract) =>
    ofSales({
      columns: contract.datasets.sales!.columns.map((one) => (one.name === name ? { ...one, ...fields } : one)),
    })(contract);
const ofTotals =
  (fields: Partial<OutputContract>): Edit =>
  (contract) => ({ ...contract, outputs: { totals: { ...totals, ...fields } } });
const withColumn =
  (added: ContractColumn): Edit =>
  (contract) =>
    ofSales({ columns: [...contract.datasets.sales!.columns, added] })(contract);
const inMode =
  (schemaEvolution: Contract["schemaEvolution"]): Edit =>
  (contract) => ({ ...contract, schemaEvolution });
const none: Edit = (contract) => contract;
const rule = (one: object, onViolation: ValueRule["onViolation"]) => ({
  rules: [{ ...one, onViolation }] as ValueRule[],
});

/** Every line but the one that sums up. */
const allSaid = (old: Edit, next: Edit) =>
  lines(merge([{ environment: "dev", changes: diffContracts(old(base), next(base)) }])).slice(0, -1);

/** Many changes have the files typed again; this has a test of its own. */
const isTypedAgain = (line: string) => line.startsWith("compatible  producers  datasets: typed again: ");
const said = (old: Edit, next: Edit) => allSaid(old, next).filter((line) => !isTypedAgain(line));

describe("a change of a contract", () => {
  const toProducers = (verdict: string, text: string) => `${verdict.padEnd(10)}  producers  ${text}`;
  const toReaders = (verdict: string, text: string) => `${verdict.padEnd(10)}  readers    ${text}`;
  const [compatible, breaking] = ["compatible", "breaking"];

  const cases: [string, Edit, Edit, string[]][] = [
    // ---- columns of a dataset
    ...(["additive", "ignore-unknown"] as const).flatMap((mode): [string, Edit, Edit, string[]][] => [
      [
        `a column that may be null, under ${mode}`,
        inMode(mode),
        (contract) => withColumn(column("till"))(inMode(mode)(contract)),
        [
          toProducers(
            compatible,
            `datasets.sales.columns.till: added as string, onNull keep; a file without it is accepted, with nulls`,
          ),
        ],
      ],
      [
        `a column gone, under ${mode}`,
        (contract) => withColumn(column("till"))(inMode(mode)(contract)),
        inMode(mode),
        [toProducers(compatible, `datasets.sales.columns.till: removed; a field of that name is ignored`)],
      ],
    ]),
    [
      "a column with a default",
      none,
      withColumn(column("till", { type: "int", onNull: { default: "0" } })),
      [
        toProducers(
          compatible,
          "datasets.sales.columns.till: added as int, onNull default 0; a file without it is accepted, with the default",
        ),
      ],
    ],
    ...nullActionNames
      .filter((onNull) => nullActions[onNull].refuses)
      .map((onNull): [string, Edit, Edit, string[]] => [
        `a column with the null rule ${onNull}`,
        none,
        withColumn(column("till", { onNull })),
        [
          toProducers(
            breaking,
            `datasets.sales.columns.till: added as string, onNull ${onNull}; a row without it ${nullActions[onNull].row}`,
          ),
        ],
      ]),
    [
      "a column that may not be null, under ignore-unknown",
      inMode("ignore-unknown"),
      (contract) => withColumn(column("till", { onNull: "reject" }))(inMode("ignore-unknown")(contract)),
      [
        toProducers(
          breaking,
          "datasets.sales.columns.till: added as string, onNull reject; with schemaEvolution ignore-unknown, a file without it is rejected on arrival, and a row without it is rejected",
        ),
      ],
    ],
    [
      "a column under strict",
      inMode("strict"),
      (contract) => withColumn(column("till"))(inMode("strict")(contract)),
      [
        toProducers(
          breaking,
          "datasets.sales.columns.till: added as string, onNull keep; with schemaEvolution strict, a file without it is rejected on arrival",
        ),
      ],
    ],
    [
      "a column gone under strict",
      (contract) => withColumn(column("till"))(inMode("strict")(contract)),
      inMode("strict"),
      [
        toProducers(
          breaking,
          "datasets.sales.columns.till: removed; with schemaEvolution strict, a file that still has it is rejected on arrival",
        ),
      ],
    ],
    // ---- types
    ...(
      [
        ["int", "bigint", true],
        ["int", "double", true],
        ["int", "decimal(12,2)", true],
        ["int", "decimal(11,2)", false],
        ["bigint", "int", false],
        ["bigint", "double", false],
        ["bigint", "decimal(19,0)", true],
        ["bigint", "decimal(19,1)", false],
        ["decimal(12,2)", "decimal(14,2)", true],
        ["decimal(12,2)", "decimal(14,4)", true],
        ["decimal(12,2)", "decimal(12,4)", false],
        ["decimal(12,2)", "decimal(14,1)", false],
        ["decimal(12,2)", "double", false],
        ["date", "timestamp", true],
        ["timestamp", "date", false],
        ["int", "string", false],
        ["string", "int", false],
        ["array<int>", "array<bigint>", true],
        ["array<bigint>", "array<int>", false],
        ["struct<a:int>", "struct<b:string,a:bigint>", true],
        ["struct<a:int,b:string>", "struct<a:int>", false],
        ["struct<a:int>", "struct<a:boolean>", false],
      ] as const
    ).map(([old, next, isWidened]): [string, Edit, Edit, string[]] => [
      `the type ${old} to ${next}`,
      ofColumn("amount", { type: old }),
      ofColumn("amount", { type: next }),
      [
        isWidened
          ? toProducers(
              compatible,
              `datasets.sales.columns.amount.type: ${old} → ${next}; every value that was accepted still is`,
            )
          : toProducers(
              breaking,
              `datasets.sales.columns.amount.type: ${old} → ${next}; a row whose value is not of type ${next} is malformed`,
            ),
      ],
    ]),
    // ---- null rules
    ...nullActionNames.flatMap((milder, place) =>
      nullActionNames.slice(place + 1).flatMap((stricter) =>
        (
          [
            [milder, stricter, breaking],
            [stricter, milder, compatible],
          ] as const
        ).map(([old, next, verdict]): [string, Edit, Edit, string[]] => [
          `the null rule ${old} to ${next}`,
          ofColumn("status", { onNull: old }),
          ofColumn("status", { onNull: next }),
          [
            toProducers(
              verdict!,
              `datasets.sales.columns.status.onNull: ${old} → ${next}; a row without it ${nullActions[next].row}`,
            ),
          ],
        ]),
      ),
    ),
    [
      "a default where nulls were rejected",
      ofColumn("status", { onNull: "reject" }),
      ofColumn("status", { onNull: { default: "open" } }),
      [
        toProducers(
          compatible,
          'datasets.sales.columns.status.onNull: reject → default "open"; a row without it is kept',
        ),
      ],
    ],
    [
      "a rejection where there was a default",
      ofColumn("status", { onNull: { default: "open" } }),
      ofColumn("status", { onNull: "reject" }),
      [
        toProducers(
          breaking,
          'datasets.sales.columns.status.onNull: default "open" → reject; a row without it is rejected',
        ),
      ],
    ],
    [
      "a default where nulls were kept",
      none,
      ofColumn("status", { onNull: { default: "open" } }),
      [
        toReaders(
          breaking,
          'datasets.sales.columns.status.onNull: keep → default "open"; a missing value was null and is now "open"',
        ),
      ],
    ],
    [
      "nulls where there was a default",
      ofColumn("status", { onNull: { default: "open" } }),
      none,
      [
        toReaders(
          breaking,
          'datasets.sales.columns.status.onNull: default "open" → keep; a missing value was the default and is now null',
        ),
      ],
    ],
    [
      "another default",
      ofColumn("status", { onNull: { default: "open" } }),
      ofColumn("status", { onNull: { default: "new" } }),
      [
        toReaders(
          breaking,
          'datasets.sales.columns.status.onNull: default "open" → default "new"; a missing value was "open" and is now "new"',
        ),
      ],
    ],
    // ---- value rules
    ...(
      [
        ["warn", compatible, "a value that breaks it is only counted"],
        ["reject", breaking, "a row whose value breaks it is rejected"],
        ["fail", breaking, "a row whose value breaks it fails the run"],
      ] as const
    ).flatMap(([action, verdict, why]): [string, Edit, Edit, string[]][] => [
      [
        `a pattern added that does ${action}`,
        none,
        ofColumn("status", rule({ pattern: "[a-z]+" }, action)),
        [toProducers(verdict!, `datasets.sales.columns.status.rules.pattern: added: [a-z]+; ${why}`)],
      ],
      [
        `a pattern changed that does ${action}`,
        ofColumn("status", rule({ pattern: "[a-z]+" }, action)),
        ofColumn("status", rule({ pattern: "[a-z]*" }, action)),
        [toProducers(verdict!, `datasets.sales.columns.status.rules.pattern: [a-z]+ → [a-z]*; ${why}`)],
      ],
      [
        `an allowed value taken away, where others do ${action}`,
        ofColumn("status", rule({ allowed: ["open", "paid"] }, action)),
        ofColumn("status", rule({ allowed: ["paid", "late"] }, action)),
        [toProducers(verdict!, `datasets.sales.columns.status.rules.allowed: without "open" and with "late"; ${why}`)],
      ],
      [
        `a range made narrower, where others do ${action}`,
        ofColumn("amount", rule({ range: { min: "0", max: "100" } }, action)),
        ofColumn("amount", rule({ range: { min: "1", max: "1000" } }, action)),
        [toProducers(verdict!, `datasets.sales.columns.amount.rules.range: 0 to 100 → 1 to 1000; ${why}`)],
      ],
      [
        `a range given a maximum, where others do ${action}`,
        ofColumn("amount", rule({ range: { min: "0" } }, action)),
        ofColumn("amount", rule({ range: { min: "0", max: "9" } }, action)),
        [toProducers(verdict!, `datasets.sales.columns.amount.rules.range: at least 0 → 0 to 9; ${why}`)],
      ],
    ]),
    [
      "an allowed value more",
      ofColumn("status", rule({ allowed: ["open"] }, "fail")),
      ofColumn("status", rule({ allowed: ["paid", "open"] }, "fail")),
      [
        toProducers(
          compatible,
          'datasets.sales.columns.status.rules.allowed: with "paid"; every value that was accepted still is',
        ),
      ],
    ],
    [
      "a range made wider at both ends",
      ofColumn("amount", rule({ range: { min: "9", max: "100" } }, "reject")),
      ofColumn("amount", rule({ range: { max: "1000" } }, "reject")),
      [
        toProducers(
          compatible,
          "datasets.sales.columns.amount.rules.range: 9 to 100 → at most 1000; every value that was accepted still is",
        ),
      ],
    ],
    [
      "numbers that an earlier release wrote as JSON's",
      ofColumn("amount", rule({ range: { min: 9, max: 100 } }, "reject")),
      ofColumn("amount", rule({ range: { min: "9", max: "100" } }, "reject")),
      [],
    ],
    [
      "a range of times written otherwise",
      ofColumn("at", rule({ range: { min: "2020-01-01T01:00:00+01:00" } }, "reject")),
      ofColumn("at", rule({ range: { min: "2020-01-01" } }, "reject")),
      [
        toProducers(
          compatible,
          "datasets.sales.columns.at.rules.range: at least 2020-01-01T01:00:00+01:00 → at least 2020-01-01; every value that was accepted still is",
        ),
      ],
    ],
    [
      "a range of times made narrower",
      ofColumn("at", rule({ range: { min: "2020-01-01" } }, "reject")),
      ofColumn("at", rule({ range: { min: "2024-01-01" } }, "reject")),
      [
        toProducers(
          breaking,
          "datasets.sales.columns.at.rules.range: at least 2020-01-01 → at least 2024-01-01; a row whose value breaks it is rejected",
        ),
      ],
    ],
    [
      "allowed values in another order",
      ofColumn("status", rule({ allowed: ["open", "paid"] }, "fail")),
      ofColumn("status", rule({ allowed: ["paid", "open"] }, "fail")),
      [],
    ],
    [
      "a rule gone",
      ofColumn("amount", rule({ range: { min: "0" } }, "fail")),
      none,
      [
        toProducers(
          compatible,
          "datasets.sales.columns.amount.rules.range: removed (at least 0); any value is accepted",
        ),
      ],
    ],
    ...(
      [
        ["warn", "reject", breaking, "a row whose value breaks it is rejected"],
        ["warn", "fail", breaking, "a row whose value breaks it fails the run"],
        ["reject", "fail", breaking, "a row whose value breaks it fails the run"],
        ["fail", "reject", compatible, "a row whose value breaks the rule is rejected and no longer fails the run"],
        ["reject", "warn", compatible, "a row whose value breaks the rule is kept"],
      ] as const
    ).map(([old, next, verdict, why]): [string, Edit, Edit, string[]] => [
      `onViolation ${old} to ${next}`,
      ofColumn("amount", rule({ range: { min: "0" } }, old)),
      ofColumn("amount", rule({ range: { min: "0" } }, next)),
      [toProducers(verdict!, `datasets.sales.columns.amount.rules.range.onViolation: ${old} → ${next}; ${why}`)],
    ]),
    // ---- datasets
    [
      "a required dataset",
      (contract) => ({ ...contract, datasets: { shops: contract.datasets.shops! } }),
      none,
      [
        toProducers(
          breaking,
          "datasets.sales: added as required; no batch is complete without sales.json or sales.json.gz",
        ),
      ],
    ],
    [
      "an optional dataset",
      (contract) => ({ ...contract, datasets: { shops: contract.datasets.shops! } }),
      ofSales({ required: false }),
      [toProducers(compatible, "datasets.sales: added as optional; a batch may have sales.json or sales.json.gz")],
    ],
    [
      "a dataset gone",
      none,
      (contract) => ({ ...contract, datasets: { shops: contract.datasets.shops! } }),
      [toProducers(breaking, "datasets.sales: removed; a file named sales is skipped")],
    ],
    [
      "an optional dataset made required",
      ofSales({ required: false }),
      none,
      [toProducers(breaking, "datasets.sales.required: false → true; no batch is complete without it")],
    ],
    [
      "a required dataset made optional",
      none,
      ofSales({ required: false }),
      [
        toReaders(
          breaking,
          "datasets.sales.required: true → false; a batch is published without its rows when the file is late",
        ),
        toProducers(compatible, "datasets.sales.required: true → false; a batch no longer waits for it"),
      ],
    ],
    [
      "another file name",
      none,
      ofSales({ file: "tickets" }),
      [toProducers(breaking, "datasets.sales.file: sales → tickets; a file named sales is skipped")],
    ],
    [
      "a format less",
      none,
      ofSales({ formats: ["json"] }),
      [toProducers(breaking, "datasets.sales.formats: json.gz removed; sales.json.gz is skipped")],
    ],
    [
      "a format more",
      ofSales({ formats: ["json"] }),
      none,
      [toProducers(compatible, "datasets.sales.formats: json.gz added; sales.json.gz is accepted as well")],
    ],
    [
      "a primary key of fewer columns",
      none,
      ofSales({ primaryKey: ["id"] }),
      [
        toProducers(
          breaking,
          "datasets.sales.primaryKey: id, line → id; rows that differ in line alone are duplicates, and one is kept",
        ),
        toReaders(
          breaking,
          "datasets.sales.primaryKey: id, line → id; other rows are duplicates, so the same files give other rows",
        ),
      ],
    ],
    [
      "a primary key of more columns",
      ofSales({ primaryKey: ["id"] }),
      none,
      [
        toReaders(
          breaking,
          "datasets.sales.primaryKey: id → id, line; other rows are duplicates, so the same files give other rows",
        ),
        toProducers(
          compatible,
          "datasets.sales.primaryKey: id → id, line; rows that differ in line are no longer duplicates",
        ),
      ],
    ],
    ["a primary key in another order", none, ofSales({ primaryKey: ["line", "id"] }), []],
    [
      "another latestBy",
      none,
      ofSales({ latestBy: "line" }),
      [
        toProducers(
          breaking,
          "datasets.sales.latestBy: at → line; the row with the greatest line is kept, no longer the one with the greatest at",
        ),
        toReaders(breaking, "datasets.sales.latestBy: at → line; another one of the rows with equal keys is kept"),
      ],
    ],
    [
      "a smaller share of rejected rows",
      none,
      ofSales({ maxRejected: 0.5 }),
      [
        toProducers(
          breaking,
          "datasets.sales.maxRejected: 5% → 0.5%; a file with more than 0.5% malformed rows is rejected on arrival; with more malformed and rejected ones, the run fails",
        ),
      ],
    ],
    [
      "a larger share of rejected rows",
      none,
      ofSales({ maxRejected: 10 }),
      [
        toProducers(
          compatible,
          "datasets.sales.maxRejected: 5% → 10%; up to 10% of a file's rows may be malformed or rejected",
        ),
      ],
    ],
    // ---- references
    ...(
      [
        ["keep", compatible, "a row that names no row of shops is only counted"],
        ["reject", breaking, "a row that names no row of shops is rejected"],
        ["fail", breaking, "a row that names no row of shops fails the run"],
      ] as const
    ).map(([orphans, verdict, why]): [string, Edit, Edit, string[]] => [
      `a reference whose orphans do ${orphans}`,
      ofSales({ references: [] }),
      ofSales({ references: [{ column: "shop", dataset: "shops", orphans }] }),
      [toProducers(verdict!, `datasets.sales.references.shop: added: to shops, orphans ${orphans}; ${why}`)],
    ]),
    [
      "a reference gone",
      none,
      ofSales({ references: [] }),
      [toProducers(compatible, "datasets.sales.references.shop: removed (to shops); any value is accepted")],
    ],
    [
      "a reference to another dataset",
      ofSales({ references: [{ column: "shop", dataset: "tills", orphans: "reject" }] }),
      ofSales({ references: [{ column: "shop", dataset: "shops", orphans: "reject" }] }),
      [
        toProducers(
          breaking,
          "datasets.sales.references.shop.dataset: tills → shops; a row that names no row of shops is rejected",
        ),
      ],
    ],
    ...(
      [
        ["keep", "reject", breaking, "is rejected"],
        ["keep", "fail", breaking, "fails the run"],
        ["reject", "keep", compatible, "is kept"],
        ["fail", "reject", compatible, "is rejected and no longer fails the run"],
      ] as const
    ).map(([old, next, verdict, why]): [string, Edit, Edit, string[]] => [
      `orphans ${old} to ${next}`,
      ofSales({ references: [{ column: "shop", dataset: "shops", orphans: old }] }),
      ofSales({ references: [{ column: "shop", dataset: "shops", orphans: next }] }),
      [
        toProducers(
          verdict!,
          `datasets.sales.references.shop.orphans: ${old} → ${next}; a row that names no row of shops ${why}`,
        ),
      ],
    ]),
    // ---- outputs
    [
      "an output",
      (contract) => ({ ...contract, outputs: {} }),
      none,
      [toReaders(compatible, "outputs.totals: added; a table of its own")],
    ],
    [
      "an output gone",
      none,
      (contract) => ({ ...contract, outputs: {} }),
      [toReaders(breaking, "outputs.totals: removed; it is no longer published and its table is removed")],
    ],
    [
      "an output column at the end",
      none,
      ofTotals({ columns: [...totals.columns, { name: "tax", type: "double" }] }),
      [
        toReaders(
          compatible,
          "outputs.totals.columns.tax: added as double at the end; null in batches published before",
        ),
      ],
    ],
    [
      "an output column in the middle",
      none,
      ofTotals({ columns: [totals.columns[0]!, { name: "tax", type: "double" }, ...totals.columns.slice(1)] }),
      [
        toReaders(
          breaking,
          "outputs.totals.columns.tax: added as double in the middle; the columns after it move; at the end it would be compatible",
        ),
      ],
    ],
    [
      "an output column gone",
      none,
      ofTotals({ columns: totals.columns.slice(0, 2) }),
      [toReaders(breaking, "outputs.totals.columns.revenue: removed; a query that names it fails")],
    ],
    [
      "an output column of another type",
      none,
      ofTotals({ columns: totals.columns.map((one) => (one.name === "sales" ? { ...one, type: "int" } : one)) }),
      [
        toReaders(
          breaking,
          "outputs.totals.columns.sales: bigint → int; batches published before keep bigint, but the table declares int for them too",
        ),
      ],
    ],
    [
      "output columns in another order",
      none,
      ofTotals({ columns: totals.columns.toReversed() }),
      [
        toReaders(
          breaking,
          "outputs.totals.columns: order: shop, sales, revenue → revenue, sales, shop; a query that reads by position gets another column",
        ),
      ],
    ],
    [
      "another grain",
      none,
      ofTotals({ grain: ["shop", "sales"] }),
      [
        toReaders(
          breaking,
          "outputs.totals.grain: shop → shop, sales; a row means something else, so joins and sums differ",
        ),
      ],
    ],
    [
      "another clustering",
      none,
      ofTotals({ clusterBy: ["shop"] }),
      [
        toReaders(
          compatible,
          "outputs.totals.clusterBy: none → shop; the same rows, sorted into files in another order",
        ),
      ],
    ],
    [
      "balances gone, come and changed",
      ofTotals({ balances: [...totals.balances, { name: "shops", input: "select 1", output: "select 1" }] }),
      ofTotals({
        balances: [
          { name: "revenue", input: "select 2", output: "select 1" },
          { name: "sales", input: "select 1", output: "select 1" },
        ],
      }),
      [
        toReaders(compatible, "outputs.totals.balances.shops: removed; it is no longer checked before a publication"),
        toReaders(compatible, "outputs.totals.balances.sales: added; if the two sides differ, a run publishes nothing"),
        toReaders(
          compatible,
          "outputs.totals.balances.revenue: changed; if the two sides differ, a run publishes nothing",
        ),
      ],
    ],
    // ---- the whole
    [
      "strict from now on",
      none,
      inMode("strict"),
      [
        toProducers(
          breaking,
          "schemaEvolution: additive → strict; a file with a field that is not declared, or without a column, is rejected on arrival",
        ),
      ],
    ],
    [
      "strict no longer",
      inMode("strict"),
      inMode("ignore-unknown"),
      [
        toProducers(
          compatible,
          "schemaEvolution: strict → ignore-unknown; a field that is not declared is ignored; a file without a column that must not be null is rejected on arrival",
        ),
      ],
    ],
    [
      "additive from now on",
      inMode("ignore-unknown"),
      none,
      [toProducers(compatible, "schemaEvolution: ignore-unknown → additive; a field that is not declared is ignored")],
    ],
    [
      "another name of the pipeline",
      none,
      (contract) => ({ ...contract, pipeline: "shop" }),
      [
        toProducers(breaking, "name: retail → shop; files go to another bucket"),
        toReaders(breaking, "name: retail → shop; the outputs are in another database, which begins empty"),
      ],
    ],
    ["nothing", none, none, []],
  ];
  for (const [title, old, next, expected] of cases)
    it(`${title}: ${expected.length === 0 ? "is none" : [...new Set(expected.map((line) => line.split("  ")[0]!.trim()))].join(" and ")}`, () => {
      expect(said(old, next)).to.deep.equal(expected);
    });

  const typing: [string, Edit, string][] = [
    ["a type", ofColumn("amount", { type: "double" }), "sales"],
    ["a null rule", ofColumn("status", { onNull: "reject" }), "sales"],
    ["a column", withColumn(column("till")), "sales"],
    ["maxRejected", ofSales({ maxRejected: 10 }), "sales"],
    ["the evolution mode", inMode("strict"), "sales, shops"],
  ];
  for (const [title, edit, datasets] of typing)
    it(`of ${title} has the files typed again`, () => {
      expect(allSaid(none, edit).filter(isTypedAgain)).to.deep.equal([
        toProducers(
          compatible,
          `datasets: typed again: ${datasets}; before its next run, a file is typed under the new contract; one that Bronze no longer has must be uploaded again`,
        ),
      ]);
    });
  it("of a value rule, a reference, a key or an output leaves the files as they were typed", () => {
    const edits = [
      ofColumn("status", rule({ pattern: "[a-z]+" }, "reject")),
      ofSales({ references: [], primaryKey: ["id"] }),
      ofTotals({ clusterBy: ["shop"] }),
    ];
    expect(edits.flatMap((edit) => allSaid(none, edit)).filter(isTypedAgain)).to.deep.equal([]);
  });

  it("is said once where environments agree, and with its environments where they don't", () => {
    const [gone] = diffContracts(base, ofSales({ references: [] })(base));
    const [strict] = diffContracts(base, inMode("strict")(base));
    const merged = merge([
      { environment: "dev", changes: [gone!] },
      { environment: "prod", changes: [gone!, strict!] },
    ]);
    expect(lines(merged)).to.deep.equal([
      toProducers(
        breaking,
        "schemaEvolution: additive → strict; a file with a field that is not declared, or without a column, is rejected on arrival (in prod)",
      ),
      toProducers(compatible, "datasets.sales.references.shop: removed (to shops); any value is accepted"),
      "2 changes, 1 breaking for producers",
    ]);
  });
});

describe("npm run contract-diff", () => {
  let folder: string;
  const shipped = readFileSync("config/pipeline_config.yaml", "utf8");
  const file = (name: string) => join(folder, name);
  const compared = (...args: string[]) => {
    const printed: string[] = [];
    const code = contractDiff(args, (text) => printed.push(...text.split("\n")));
    return { code, printed };
  };

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "contract-diff-"));
    mkdirSync(file("config"));
    writeFileSync(file("config/pipeline_config.yaml"), shipped);
    const git = (...args: string[]) => execFileSync("git", args, { cwd: folder, stdio: "ignore" });
    git("init");
    git("add", ".");
    git("-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-m", "The shipped config");
    process.env.GIT_DIR = file(".git");

    writeFileSync(file("same.yaml"), shipped);
    writeFileSync(file("narrower.yaml"), shipped.replace("formats: [json, json.gz]", "formats: [json]"));
    writeFileSync(file("wrong.yaml"), shipped.replace("latestBy: signup_date", "latestby: signup_date"));
    const contract = contractOf(loadConfig("config/pipeline_config.yaml", "prod").config);
    writeFileSync(file("contract.json"), JSON.stringify(contract));
    const output = contract.outputs.user_activity!;
    const [first, ...rest] = output.columns;
    const outputs = { user_activity: { ...output, columns: [...rest, first!] } };
    writeFileSync(file("moved.json"), JSON.stringify({ ...contract, outputs }));
    writeFileSync(file("other.json"), '{"format": 2}');
  });
  after(() => {
    delete process.env.GIT_DIR;
    rmSync(folder, { recursive: true, force: true });
  });

  it("ends with 0 when nothing has changed, also since the contract that was deployed", () => {
    const same = { code: 0, printed: ["no change in the contract"] };
    expect(compared("config/pipeline_config.yaml", file("same.yaml"))).to.deep.equal(same);
    expect(compared(file("contract.json"), file("same.yaml"), "--environment", "prod")).to.deep.equal(same);
    expect(compared("git:HEAD", "git:HEAD:config/pipeline_config.yaml")).to.deep.equal(same);
  });

  it("ends with 0 when all changes are compatible", () => {
    expect(compared(file("narrower.yaml"), file("same.yaml"))).to.deep.equal({
      code: 0,
      printed: [
        "compatible  producers  datasets.users.formats: json.gz added; users.json.gz is accepted as well",
        "1 change, compatible for producers and readers",
      ],
    });
  });

  it("ends with 3 when one is breaking", () => {
    const { code, printed } = compared(file("contract.json"), file("moved.json"));
    expect(code).to.equal(3);
    expect(printed[0]).to.match(/^breaking {4}readers {4}outputs\.user_activity\.columns: order: user_id, country, /);
    expect(printed[1]).to.equal("1 change, 1 breaking for readers");
  });

  it("is a task whose exit code is the comparison's", () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["scripts/run.mjs", "contract-diff", file("contract.json"), file("moved.json")],
      { encoding: "utf8" },
    );
    expect({ status, stderr }).to.deep.equal({ status: 3, stderr: "" });
    expect(stdout).to.match(/\n1 change, 1 breaking for readers\n$/);
  });

  it("refuses without a stack trace, and ends with 2", () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["scripts/run.mjs", "contract-diff", "git:nowhere", file("same.yaml")],
      { encoding: "utf8" },
    );
    expect({ status, stdout, stderr }).to.deep.equal({
      status: 2,
      stdout: "",
      stderr: "git:nowhere: invalid object name 'nowhere'.\n",
    });
  });

  const refusals: [string, () => string[], RegExp][] = [
    ["one side only", () => ["config/pipeline_config.yaml"], /^name two contracts to compare; 1 was named\nusage: /],
    ["an unknown flag", () => ["a", "b", "--enviroment", "dev"], /^Unknown option '--enviroment'/],
    ["a file that is not there", () => ["nothing.yaml", file("same.yaml")], /^nothing\.yaml: no such file$/],
    ["a contract that is not there", () => ["nothing.json", file("same.yaml")], /^nothing\.json can't be read: .*$/],
    ["git: alone", () => ["git:", file("same.yaml")], /^git: names no commit; write git:main, /],
    [
      "a file that the commit does not have",
      () => ["git:HEAD:nothing.yaml", file("same.yaml")],
      /^git:HEAD:nothing\.yaml: path 'nothing\.yaml' does not exist in 'HEAD'$/,
    ],
    [
      "an environment that is not declared",
      () => [file("same.yaml"), file("narrower.yaml"), "--environment", "prd"],
      /^"prd" is not an environment of .*same\.yaml \(did you mean "prod"\?\); it declares: dev, prod$/,
    ],
    [
      "an environment of a contract.json",
      () => [file("contract.json"), file("moved.json"), "--environment", "dev"],
      /^--environment applies to a config; /,
    ],
    [
      "a config that says what no schema knows",
      () => [file("same.yaml"), file("wrong.yaml"), "--environment", "dev"],
      /^.*wrong\.yaml \(dev\) datasets\.users\.latestBy: is missing; it is a text\n.*wrong\.yaml \(dev\) datasets\.users\.latestby: unknown key "latestby" \(did you mean "latestBy"\?\)/,
    ],
    [
      "a contract.json of another format",
      () => [file("other.json"), file("contract.json")],
      /^.*other\.json is not a contract\.json: its format is 2; only format 1 is supported$/,
    ],
  ];
  for (const [title, args, message] of refusals)
    it(`refuses ${title}`, () => {
      expect(() => compared(...args())).to.throw(UsageError, message);
    });
});
