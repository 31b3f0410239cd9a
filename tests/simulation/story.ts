import { invariants } from "./invariants.ts";
import type { ScheduleResult } from "./schedule.ts";

const noise = / (?:begins \(|logs (?:gate|sweep|reconciliation)\.)/;

/** What happened in a recorded schedule, up to the violation. */
export function storyOf({ story, violation }: ScheduleResult): string[] {
  const told = story.filter((line) => !noise.test(line));
  if (!violation) return told;
  const invariant = violation.invariant as keyof typeof invariants;
  return [...told, `violated: ${violation.invariant}: ${invariants[invariant]}`, `  ${violation.detail}`];
}
