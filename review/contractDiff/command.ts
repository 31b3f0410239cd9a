import { parseArgs } from "node:util";
import { UsageError } from "../../terminal/flags.ts";
import { compareSources } from "./compare.ts";
import { readSource } from "./read.ts";
import { lines, merge } from "./text.ts";

const usage = `usage: npm run contract-diff -- OLD NEW [--environment NAME]
  OLD, NEW       pipeline_config.yaml or contract.json, or git:REF for
                 config/pipeline_config.yaml at that commit, or git:REF:PATH
  --environment  one of the config's environments (default each of them)

Exits with 0 when every change is compatible, 3 when one is breaking.

  npm run contract-diff -- git:main config/pipeline_config.yaml
  npm run contract-diff -- git:v1.2 git:v1.3 --environment prod`;

export const exitCodes = { compatible: 0, failed: 1, usage: 2, breaking: 3 } as const;

function parse(args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { environment: { type: "string" }, help: { type: "boolean" } },
      allowPositionals: true,
    });
    if (values.help) return null;
    const [old, next, ...rest] = positionals;
    if (old === undefined || next === undefined || rest.length > 0)
      throw new Error(
        `name two contracts to compare; ${positionals.length} ${positionals.length === 1 ? "was" : "were"} named`,
      );
    return { old, next, environment: values.environment };
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n${usage}`);
  }
}

/** @returns the exit code. @throws UsageError */
export function contractDiff(args: readonly string[], print: (text: string) => void): number {
  const asked = parse(args);
  if (asked === null) {
    print(usage);
    return exitCodes.compatible;
  }
  const changes = merge(compareSources(readSource(asked.old), readSource(asked.next), asked.environment));
  print(lines(changes).join("\n"));
  return changes.some(({ verdict }) => verdict === "breaking") ? exitCodes.breaking : exitCodes.compatible;
}
