import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { LocalStack } from "../../local/index.ts";
import { readRunning } from "../../local/running.ts";
import { UsageError } from "../../terminal/flags.ts";
import { quoted } from "../../terminal/text.ts";
import { askPulumi } from "./pulumi.ts";
import { createTarget, type OperatorOutputs, operatorOutputs, type Target } from "./target.ts";

/** Says which stack is meant; every command has these flags. */
export const targetFlags = {
  stack: { kind: "text", help: "a deployed stack, such as prod, with the AWS credentials of this shell" },
  local: { kind: "switch", help: "the local stack that npm start -- --keep left running (the default)" },
  outputs: {
    kind: "text",
    value: "FILE",
    help: "without Pulumi: a file with what pulumi stack output --json printed for that stack",
  },
} as const;

export interface TargetChoice {
  readonly stack?: string | undefined;
  readonly local?: true | undefined;
  readonly outputs?: string | undefined;
}

/** @throws UsageError when two stacks are meant */
export function checkChoice({ stack, local, outputs }: TargetChoice): void {
  if (stack !== undefined && local) throw new UsageError("--stack and --local are two stacks; name one");
  if (outputs !== undefined && stack === undefined)
    throw new UsageError("--outputs belongs to a deployed stack; name it with --stack");
}

/** The same choice as flags of a command line to paste; empty for the local stack. */
export const choiceText = ({ stack, outputs }: TargetChoice): string =>
  stack === undefined ? "" : `--stack ${quoted(stack)}${outputs === undefined ? "" : ` --outputs ${quoted(outputs)}`}`;

/** Whether only a local stack can be meant, and none is running. */
export const hasNoStack = ({ stack, local }: TargetChoice): boolean =>
  stack === undefined && !local && readRunning() === null;

/** @throws UsageError that says how to name or start a stack */
export function openTarget({ stack, outputs }: TargetChoice): Target {
  return stack === undefined ? openLocal() : openStack(stack, outputs);
}

function openLocal(): Target {
  const running = readRunning();
  if (running === null)
    throw new UsageError("no local stack is running; start one with npm start -- --keep, or name one with --stack");
  return localTarget(running);
}

/** The local stack as the commands see it. */
export function localTarget(stack: Omit<LocalStack, "redeploy" | "stop">): Target {
  const { region, endpoint, glueEndpoint, credentials, outputs, logFile } = stack;
  return createTarget("the local stack", operatorOutputs(outputs, "the local stack"), {
    region,
    local: { endpoint, glueEndpoint, credentials, runs: join(dirname(logFile), "runs") },
  });
}

function openStack(stack: string, file: string | undefined): Target {
  const from = file ?? `stack ${stack}`;
  const outputs = operatorOutputs(file === undefined ? deployedOutputs(stack) : readOutputs(file), from);
  if (!outputs.glueJob.endsWith(`-${stack}-refine`))
    throw new UsageError(`${from} holds the outputs of another stack, not of ${stack}: its job is ${outputs.glueJob}`);
  return createTarget(`stack ${stack}`, outputs, { region: regionOf(outputs) });
}

/** `arn:aws:kms:<region>:…`: the whole stack is in the region of its key. */
const regionOf = ({ keyArn }: OperatorOutputs): string => keyArn.split(":")[3] ?? "";

const deployedOutputs = (stack: string): unknown =>
  askPulumi(
    ["stack", "output", "--json", "--stack", stack],
    UsageError,
    `; on a machine that has it, run pulumi stack output --json --stack ${quoted(stack)} > outputs.json, then add --outputs outputs.json`,
  );

function readOutputs(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const reason = (error as Error).message.replace(/\s+/g, " ");
    throw new UsageError(
      `--outputs ${file} can't be read as JSON (${reason}); write the output of pulumi stack output --json into it`,
    );
  }
}
