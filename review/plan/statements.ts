import type { Check, Expression, Piece, Plan as RunPlan, Statement } from "../../plan/plan.ts";
import { diffText, lineDiff } from "./lineDiff.ts";

/** A statement of the plan that a run executes, or another part of that plan. */
interface Part {
  /** A name with a `#` at its beginning is of no statement. */
  readonly name: string;
  /** `view`, `output`, … */
  readonly kind: string;
  readonly purpose: string;
  /** All that it consists of, for people. */
  readonly lines: readonly string[];
}

export interface StatementChange {
  /** `moved`: it is the same, but executed earlier or later. */
  readonly change: "removed" | "changed" | "added" | "moved";
  /** As it is now or, when it is removed, as it was. */
  readonly part: Omit<Part, "lines">;
  /** Its difference, as in a patch. */
  readonly diff: readonly string[];
}

export function statementChanges(before: RunPlan | undefined, after: RunPlan | undefined): StatementChange[] {
  const [old, now] = [partsOf(before), partsOf(after)];
  const find = (parts: readonly Part[], wanted: string) => parts.find(({ name }) => name === wanted);
  const order = lineDiff(
    old.map(({ name }) => name),
    now.map(({ name }) => name),
  );
  return order.flatMap(({ sign, text: name }): StatementChange[] => {
    const [was, is] = [find(old, name), find(now, name)];
    // A part that moved is in the list twice.
    if (was && is && sign === "-") return [];
    if (!is) return [{ change: "removed", part: was!, diff: diffText(was!.lines, []) }];
    if (!was) return [{ change: "added", part: is, diff: diffText([], is.lines) }];
    const diff = diffText(...textsOf(was, is));
    if (diff.length > 0) return [{ change: "changed", part: is, diff }];
    return sign === "+" ? [{ change: "moved", part: is, diff: [] }] : [];
  });
}

function textsOf(was: Part, is: Part): [string[], string[]] {
  const head = ({ kind, purpose }: Part) => `(${kind}) ${purpose}`;
  return head(was) === head(is)
    ? [[...was.lines], [...is.lines]]
    : [
        [head(was), ...was.lines],
        [head(is), ...is.lines],
      ];
}

/** Its tables are left out: they have the columns of the inputs. */
function partsOf(plan: RunPlan | undefined): Part[] {
  if (!plan) return [];
  const inputs = plan.inputs.flatMap(({ table, required, columns }) => [
    `${table}${required ? "" : ", which may be absent"}`,
    ...columns.map(({ name, type }) => `    ${name} ${type}`),
  ]);
  return [
    { name: "#inputs", kind: "tables", purpose: "What a run reads of Silver.", lines: inputs },
    ...plan.statements.map((statement) => ({ ...statement, lines: linesOf(statement) })),
    { name: "#report", kind: "numbers", purpose: "The numbers of the run report.", lines: numbers(plan.report) },
  ];
}

function linesOf(statement: Statement): string[] {
  if (statement.kind === "check") return statement.checks.flatMap(checkLines);
  const { sql, subject, code } = statement;
  return [
    ...(statement.kind === "rejected" ? [`if ${shown(statement.when)}:`] : []),
    ...(statement.kind === "output" ? outputLines(statement) : []),
    ...sql.spark.trimEnd().split("\n"),
    `when it can't be executed: ${code}, ${subject}`,
  ];
}

const outputLines = ({ columns, clusterBy, check }: Extract<Statement, { kind: "output" }>) => [
  ...columns.map(({ name, type }) => `${name} ${type}`),
  ...(clusterBy.length > 0 ? [`clustered by ${clusterBy.join(", ")}`] : []),
  `${check.name}, else ${check.code}:`,
];

const checkLines = ({ name, code, passes, detail }: Check): string[] => [
  `${name}, else ${code}:`,
  `    ${shown(passes)}`,
  ...detail
    .map(pieceText)
    .join("")
    .split("\n")
    .map((line) => `    ${line}`),
];

const bindings = { "=": 1, "<=": 1, ">": 1, "+": 2, "*": 3 };

/** @param binding of the operator around it; what binds less is in brackets */
function shown(expression: Expression, binding = 0): string {
  if (typeof expression !== "object") return String(expression);
  const [operator, ...operands] = expression;
  if (operands.length < 2) return shown(operands[0] ?? 0, binding);
  const own = bindings[operator];
  const text = operands.map((operand) => shown(operand, own)).join(` ${operator} `);
  return own < binding ? `(${text})` : text;
}

/** What is shown under a condition is on a line of its own. */
function pieceText(piece: Piece): string {
  if (typeof piece === "string") return piece;
  if ("value" in piece) return `{${shown(piece.value)}}`;
  if ("percent" in piece)
    return `{100 * ${shown(piece.percent.part, bindings["*"])} / ${shown(piece.percent.whole, bindings["*"])}}`;
  if ("nonzero" in piece) return `{${piece.nonzero.map(([label, number]) => `${label} ${shown(number)}`).join(", ")}}`;
  return `\nif ${shown(piece.when)}: ${piece.show.map(pieceText).join("")}`;
}

type Numbers = { readonly [name: string]: Expression | Numbers };
const isExpression = (value: Expression | Numbers): value is Expression =>
  typeof value !== "object" || Array.isArray(value);

/** `datasets.users.kept = users.kept` */
const numbers = (from: object, place = ""): string[] =>
  Object.entries(from as Numbers).flatMap(([name, value]) =>
    isExpression(value) ? [`${place}${name} = ${shown(value)}`] : numbers(value, `${place}${name}.`),
  );
