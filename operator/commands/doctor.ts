import { UsageError } from "../../terminal/flags.ts";
import type { Style } from "../../terminal/style.ts";
import { wrap } from "../../terminal/text.ts";
import { defineCommand, exitCodes } from "../defineCommand.ts";
import { bad, type Check, type Probe, runProbe } from "../doctor/check.ts";
import { machineProbes } from "../doctor/machine.ts";
import { stackProbes } from "../doctor/stack.ts";
import { choiceText } from "../stack/open.ts";
import type { Target } from "../stack/target.ts";

export const command = defineCommand({
  name: "doctor",
  summary: "check the machine and the stack; say what to do",
  words: [],
  flags: {},
  about: [
    "Checks this machine, then the stack: buckets, key, functions, the embedded engine and room for its calls, job and its release, queues, schedules and the last sweep. It changes nothing. A check that lacks the rights to look is a warning.",
    "Ends with 1 when something keeps the pipeline from working.",
  ],
  examples: [
    { args: "doctor", does: "for the local stack" },
    { args: "doctor --stack prod --json", does: "for programs" },
  ],
  changes: false,
  async run({ target: find, choice, style, status }) {
    const checks: Check[] = [];
    const look = async (probes: readonly Probe[]) => {
      for (const probe of probes) {
        status.show("doctor", `${probe.area}, ${probe.name}`);
        checks.push(await runProbe(probe));
      }
    };
    try {
      await look(machineProbes(choice.stack === undefined));
      const stack = choiceText(choice);
      const step = (args: string) => `npm run pipeline -- ${args}${stack === "" ? "" : ` ${stack}`}`;
      const target = await findOrTell(find, checks);
      if (target) await look(stackProbes(target, step));
    } finally {
      status.clear();
    }
    const isBad = checks.some(({ state }) => state === "bad");
    return {
      exitCode: isBad ? exitCodes.failed : exitCodes.done,
      lines: [...checksText(checks, style), "", summaryText(checks, style)],
      data: { healthy: !isBad, checks },
    };
  },
});

async function findOrTell(find: () => Promise<Target>, checks: Check[]): Promise<Target | null> {
  try {
    return await find();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const [detail, ...fix] = error.message.split("; ");
    checks.push({ area: "stack", name: "outputs", ...bad(detail!, fix.join("; ") || "name a stack with --stack") });
    return null;
  }
}

const marks = { good: "✔", warning: "!", bad: "✖" } as const;

function checksText(checks: readonly Check[], { green, yellow, red, dim }: Style): string[] {
  const colours = { good: green, warning: yellow, bad: red };
  const areas = Math.max(...checks.map(({ area }) => area.length));
  const names = Math.max(...checks.map(({ name }) => name.length));
  const indent = areas + names + 8;
  return checks.flatMap(({ area, name, state, detail, fix }, index) => {
    const shownArea = checks[index - 1]?.area === area ? "" : area;
    const [first = "", ...rest] = wrap(detail, indent);
    return [
      `${colours[state](marks[state])} ${dim(shownArea.padEnd(areas))}  ${name.padEnd(names)}    ${first.trimStart()}`,
      ...rest,
      ...(fix === null ? [] : wrap(`→ ${fix}`, indent)),
    ];
  });
}

function summaryText(checks: readonly Check[], { green, yellow, red, bold }: Style): string {
  const count = (state: Check["state"]) => checks.filter((check) => check.state === state).length;
  if (count("bad") > 0) return bold(red(`not healthy: ${count("bad")} of ${checks.length} checks`));
  if (count("warning") > 0)
    return bold(yellow(`healthy; ${count("warning")} of ${checks.length} checks gave a warning`));
  return bold(green(`healthy: ${checks.length} checks`));
}
