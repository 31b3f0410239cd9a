import type { Totals } from "./campaign.ts";
import { callFaults, type Fault, type Transition, transitions, worldFaults } from "./faults.ts";

/** Faults and transitions that cannot meet, or hardly ever do, each with the reason. */
export const unreachable: readonly {
  readonly fault: Fault;
  readonly transitions: readonly Transition[];
  readonly because: string;
  /** They may meet: that they did is no mistake. */
  readonly hardlyEver?: true;
}[] = [
  {
    fault: "throttled",
    transitions: [
      "decided",
      "claim",
      "run",
      "deferred",
      "refused",
      "switched",
      "sweep",
      "overtake",
      "expired",
      "notified",
      "replay",
      "rollback",
      "withdraw",
    ],
    because: "no call of Glue's job is made for it; the catalog's client asks again until it is heard",
  },
  { fault: "poison message", transitions, because: "nothing says which batch it is about" },
  {
    fault: "notices refused",
    transitions: ["notified"],
    because: "they are refused from then on; only one that was sent just before is still entered",
    hardlyEver: true,
  },
];

const reason = (fault: Fault, transition: Transition): string | null =>
  unreachable.find((row) => row.fault === fault && row.transitions.includes(transition))?.because ?? null;

/** Reachable cells that no schedule came to, in words. */
export function emptyCells({ cells }: Totals): string[] {
  return [...callFaults, ...worldFaults].flatMap((fault) =>
    transitions
      .filter((transition) => !cells[`${fault}|${transition}`] && reason(fault, transition) === null)
      .map((transition) => `${fault} at ${transition}`),
  );
}

/** Cells that are said to be unreachable and were reached. */
export function wrongReasons({ cells }: Totals): string[] {
  return unreachable.flatMap(({ fault, transitions, hardlyEver }) =>
    (hardlyEver ? [] : transitions)
      .filter((transition) => cells[`${fault}|${transition}`])
      .map((transition) => `${fault} at ${transition}`),
  );
}

/** Lines of a table: how often each fault was injected, and at which transitions. */
export function tableOf({ faults, cells }: Totals): string[] {
  const rows = [...callFaults, ...worldFaults].map((fault) => [
    fault,
    short(faults[fault] ?? 0),
    ...transitions.map((transition) => {
      const count = cells[`${fault}|${transition}`] ?? 0;
      return count === 0 && reason(fault, transition) !== null ? "–" : short(count);
    }),
  ]);
  const header = ["fault", "all", ...transitions];
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column]!.length)));
  return [header, ...rows].map((row) =>
    row
      .map((text, column) => (column === 0 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!)))
      .join("  "),
  );
}

/** Three digits at most. */
function short(count: number): string {
  if (count < 1000) return String(count);
  if (count < 10_000) return `${(count / 1000).toFixed(1)}k`;
  if (count < 1_000_000) return `${Math.round(count / 1000)}k`;
  return `${(count / 1_000_000).toFixed(1)}M`;
}
