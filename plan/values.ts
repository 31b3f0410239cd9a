import type { Contract, ContractColumn, Scalar } from "../config/contract.ts";
import { type Dialect, inDialect } from "./dialect.ts";
import type { Statement } from "./plan.ts";
import { defaultOf, wholeText } from "./rules.ts";
import { listed } from "./sqlText.ts";

/**
 * Whether the values that the contract gives are of their columns' types, and its patterns can be read. No row is read
 * for that. Empty when the contract gives none.
 */
export function checkedValues(dialect: Dialect, contract: Contract): readonly Statement[] {
  const tests = Object.entries(contract.datasets).flatMap(([dataset, { columns }]) =>
    columns.flatMap((column) =>
      testsOf(dialect, column).map(([what, test]) => [`${what} of ${dataset}.${column.name}`, test] as const),
    ),
  );
  if (tests.length === 0) return [];
  const selected = tests.map(([what, test]) => `case when ${test} then 1 else 0 end as ${dialect.identifier(what)}`);
  const sql = inDialect(dialect, `select\n    ${listed(selected)}`);
  const name = "contract#values";
  const purpose = "The values that the contract gives are of their columns' types, and its patterns can be read.";
  return [
    { kind: "count", name, purpose, sql, subject: "the contract's values", code: "contract_invalid" },
    {
      kind: "check",
      name: "contract#checks",
      purpose,
      checks: [
        {
          name: "contract.values",
          code: "contract_invalid",
          passes: ["=", ["+", ...tests.map(([what]) => what)], 0],
          detail: [
            "expected 0 values of another type than their column's, actual ",
            { value: ["+", ...tests.map(([what]) => what)] },
            {
              when: [">", ["+", ...tests.map(([what]) => what)], 0],
              show: [": ", { nonzero: tests.map(([what]) => [what, what] as const) }],
            },
          ],
        },
      ],
    },
  ];
}

type Test = readonly [what: string, condition: string];

/** A condition is true when the value, or the pattern, is of no use for the column. */
function testsOf(dialect: Dialect, column: ContractColumn): readonly Test[] {
  const unfit = (what: string, given: Scalar | undefined): readonly Test[] =>
    given === undefined
      ? []
      : [[what, `try_cast(${dialect.text(String(given))} as ${dialect.type(column.type)}) is null`]];
  return [
    ...unfit("default", defaultOf(column)),
    ...column.rules.flatMap((rule): readonly Test[] => {
      if ("allowed" in rule) return rule.allowed.flatMap((value) => unfit(`allowed value ${value}`, value));
      if ("range" in rule) return Object.entries(rule.range).flatMap(([side, value]) => unfit(`${side}imum`, value));
      // An engine raises an error for a pattern that it can't read.
      return [["pattern", `(${dialect.matches("''", dialect.text(wholeText(rule.pattern)))}) is null`]];
    }),
  ];
}
