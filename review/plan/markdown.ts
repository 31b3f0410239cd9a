import type { Change } from "../contractDiff/change.ts";
import { type EngineCost, runsPerMonth } from "./cost.ts";
import type { PermissionChange } from "./permissions.ts";
import type { Plan } from "./plan.ts";
import { knowsReplacement, type PropertyChange, type ResourceChange } from "./resources.ts";
import type { Json, PlannedResource } from "./snapshot/snapshot.ts";
import type { StatementChange } from "./statements.ts";

const count = (number: number, one: string, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;
/** Names and values may contain characters that mean something in Markdown. */
const code = (text: string) => `\`${text.replaceAll("`", "'").replaceAll("|", "\\|").replace(/\s+/g, " ")}\``;
/** Config values also occur in sentences, where they must not format the text or end a table's cell. */
const plain = (text: string) => text.replace(/[\\`*_~<>[\]|]/g, "\\$&");
const shortType = (type: string) => type.split(":").at(-1)!;
const nameOf = ({ type, name }: PlannedResource) => `${code(name)} (${shortType(type)})`;
const usd = (amount: number) => `USD ${amount.toFixed(2)}`;

const longestValue = 80;
function valueText(value: Json | undefined): string {
  if (value === undefined) return "none";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return code(text.length > longestValue ? `${text.slice(0, longestValue)}…` : text);
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] => [
  `| ${head.join(" | ")} |`,
  `|${" --- |".repeat(head.length)}`,
  ...rows.map((row) => `| ${row.join(" | ")} |`),
];

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ["", `### ${title}`, "", ...lines];

function permissionSummary(permissions: readonly PermissionChange[]): string {
  if (permissions.length === 0) return "Permissions: no change";
  const principals = (direction: PermissionChange["direction"]) => {
    const changes = permissions.filter((change) => change.direction === direction);
    const names = [...new Set(changes.map(({ principal }) => principal))];
    const actions = new Set(changes.map(({ principal, action }) => `${principal} ${action}`));
    return changes.length === 0
      ? []
      : [`${count(actions.size, "action")} ${direction} by ${names.map(code).join(", ")}`];
  };
  const gained = principals("gained");
  const text = [...gained, ...principals("lost")].join("; ");
  return gained.length > 0 ? `**Permissions widened**: ${text}` : `Permissions narrowed: ${text}`;
}

function contractSummary(contract: readonly Change[]): string {
  if (contract.length === 0) return "Contract: no change";
  const breaking = contract.filter(({ verdict }) => verdict === "breaking");
  const shown = (changes: readonly Change[]) =>
    changes.map(({ key, what }) => `${code(key)} ${plain(what)}`).join(", ");
  return breaking.length > 0
    ? `**Contract breaks**: ${shown(breaking)}`
    : `Contract: ${count(contract.length, "compatible change")}: ${shown(contract)}`;
}

/** `1 removed, 2 changed` */
function counted(kinds: readonly string[]): string {
  if (kinds.length === 0) return "no change";
  const numbers = ["removed", "replaced", "changed", "added", "moved"].map(
    (kind) => [kind, kinds.filter((one) => one === kind).length] as const,
  );
  return numbers.flatMap(([kind, number]) => (number > 0 ? [`${number} ${kind}`] : [])).join(", ");
}

function costSummary({ before, after }: Plan["costs"]): string {
  const total = (costs: readonly EngineCost[]) => costs.reduce((sum, { perRun }) => sum + perRun, 0);
  const [old, now] = [total(before), total(after)];
  const a = `Cost: at most ${usd(now)} a run`;
  if (old === now) return `${a}, as before`;
  return `${now > old ? `**${a}**` : a}, ${now > old ? "up" : "down"} from ${usd(old)}`;
}

function engineSummary({ before, after }: Plan["engines"]): string {
  const text = (hasDuckdb: boolean) => (hasDuckdb ? "DuckDB or Spark" : "Spark only");
  const now = `Engines: ${text(after)}`;
  if (before === after) return `${now}, as before`;
  return `${after ? now : `**${now}**`}, before ${text(before)}`;
}

function riskSummary({ risks }: Plan): string {
  if (risks.length === 0) return "Data: nothing at risk";
  const names = [...new Set(risks.map(({ resource }) => nameOf(resource)))];
  return `**Data at risk**: ${names.join(", ")}`;
}

function propertyLine({ path, before, after }: PropertyChange): string {
  return `${code(path)}: ${valueText(before)} → ${valueText(after)}`;
}

const shownProperties = 6;
function resourceRow({ kind, resource, before, properties, because }: ResourceChange): string[] {
  const shown = properties.slice(0, shownProperties).map(propertyLine);
  const more = properties.length > shown.length ? [`and ${properties.length - shown.length} more`] : [];
  const why = because.length > 0 ? [`because of ${because.map(code).join(", ")}`] : [];
  const stays =
    (kind === "replaced" || kind === "removed") && before?.retainOnDelete ? ["the old one stays in AWS"] : [];
  const unsure =
    kind === "changed" && !knowsReplacement(resource.type) ? ["may be replaced: this type is not known"] : [];
  return [kind, nameOf(resource), [...why, ...stays, ...unsure, ...shown, ...more].join("<br>")];
}

function costLines({ before, after }: Plan["costs"]): string[] {
  const old = new Map(before.map((cost) => [cost.name, cost]));
  const amount = (cost: EngineCost, read: (cost: EngineCost) => number) => {
    const earlier = old.get(cost.name);
    const now = usd(read(cost));
    return earlier && read(earlier) !== read(cost) ? `${now} (was ${usd(read(earlier))})` : now;
  };
  return [
    ...table(
      ["engine", "a run", `a month of ${runsPerMonth} runs`, "such a month if every attempt fails"],
      after.map((cost) => [
        `${code(cost.name)}: ${cost.size}, ${count(cost.attempts, "attempt")}`,
        amount(cost, ({ perRun }) => perRun),
        amount(cost, ({ perMonth }) => perMonth),
        amount(cost, ({ perMonthOfFailures }) => perMonthOfFailures),
      ]),
    ),
    "",
    `The worst case: everything busy until the timeout, one batch a day, ${[...new Set(after.map(({ price }) => price))].join(" and ")}.${after.length > 1 ? " A run that the function can't finish costs both." : ""}`,
  ];
}

function fenced(language: string, lines: readonly string[]): string[] {
  const longest = Math.max(2, ...(lines.join("\n").match(/`+/g) ?? []).map(({ length }) => length));
  const fence = "`".repeat(longest + 1);
  return [`${fence}${language}`, ...lines, fence];
}

const shownLines = 60;
function statementLines(statements: readonly StatementChange[]): string[] {
  const diffs = statements.flatMap(({ part, diff }) => {
    if (diff.length === 0) return [];
    const more = diff.length - shownLines;
    const lines = more > 0 ? [...diff.slice(0, shownLines), `@@ ${count(more, "more line")} @@`] : diff;
    return ["", `#### ${code(part.name)}`, "", ...fenced("diff", lines)];
  });
  const rows = statements.map(({ change, part: { name, kind, purpose } }) => [
    change,
    `${code(name)} (${kind})`,
    plain(purpose),
  ]);
  return statements.length === 0 ? [] : [...table(["", "statement", "what it is for"], rows), ...diffs];
}

/** The plan as the text of a comment. The first lines sum it up, beginning with data at risk. */
export function markdown(plan: Plan): string {
  const { stack, base, risks, permissions, contract, statements, engines, resources, costs } = plan;
  const lines = [
    `## Plan for ${code(stack)}, against ${code(base)}`,
    "",
    ...[
      riskSummary(plan),
      permissionSummary(permissions),
      contractSummary(contract),
      `Statements: ${counted(statements.map(({ change }) => change))}`,
      `Resources: ${counted(resources.map(({ kind }) => kind))}`,
      costSummary(costs),
      engineSummary(engines),
    ].map((line) => `- ${line}`),
    ...section(
      "Data at risk",
      risks.map(({ resource, what }) => `- ${nameOf(resource)}: ${what}`),
    ),
    ...section(
      "Permissions",
      permissions.length === 0
        ? []
        : table(
            ["principal", "", "action", "on"],
            permissions.map(({ principal, direction, action, on }) => [
              code(principal),
              direction,
              code(action),
              code(on),
            ]),
          ),
    ),
    ...section(
      "Contract",
      contract.length === 0
        ? []
        : table(
            ["", "for", "what", "why"],
            [...contract]
              .sort((a, b) => (a.verdict === b.verdict ? 0 : a.verdict === "breaking" ? -1 : 1))
              .map(({ verdict, audience, key, what, why }) => [
                verdict,
                audience,
                `${code(key)} ${plain(what)}`,
                plain(why),
              ]),
          ),
    ),
    ...section("Resources", resources.length === 0 ? [] : table(["", "resource", "what"], resources.map(resourceRow))),
    ...section("Cost, at worst", costLines(costs)),
    ...section("Engines", fenced("text", engines.lines)),
    // Last, because it is the longest, and a long comment is cut at its end.
    ...section("Statements", statementLines(statements)),
  ];
  return `${lines.join("\n")}\n`;
}
