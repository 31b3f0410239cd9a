import { ConfigError, environmentsOf } from "../../config/load.ts";
import { differences } from "../../config/validate.ts";
import { engineLinesOf } from "../../plan/engines.ts";
import { problemsOf } from "../../plan/validate.ts";
import { UsageError } from "../../terminal/flags.ts";
import { table } from "../../terminal/table.ts";
import { defineCommand, exitCodes } from "../defineCommand.ts";

const shippedConfig = "config/pipeline_config.yaml";

export const command = defineCommand({
  name: "validate",
  summary: "check whether the config can be deployed",
  words: [],
  flags: {
    config: { kind: "text", value: "FILE", help: `pipeline config (default ${shippedConfig})` },
    diff: { kind: "text", value: "A..B", help: "how two environments differ, such as dev..prod" },
  },
  about: ["Checks every environment and the SQL, and names each problem by file, line and column. Needs no stack."],
  examples: [
    { args: "validate", does: "the shipped config" },
    { args: "validate --diff dev..prod", does: "what differs in prod" },
  ],
  changes: false,
  isLocal: true,
  async run({ flags, style }) {
    const { config = shippedConfig, diff } = flags;
    const problems = await problemsOf(config).catch((error: unknown) => {
      throw error instanceof ConfigError ? new UsageError(error.message) : error;
    });
    if (problems.length > 0)
      return { exitCode: exitCodes.failed, lines: problems.map(style.red), data: { config, problems } };
    const environments = environmentsOf(config);
    if (diff !== undefined) return difference(config, environments, diff);
    const engines = await engineLinesOf(config);
    return {
      exitCode: exitCodes.done,
      lines: [`${config} is valid in ${environments.join(", ")}`, ...engines],
      data: { config, problems, environments, engines },
    };
  },
});

function difference(config: string, environments: readonly string[], diff: string) {
  const [, left, right] = /^([^.]+)\.\.([^.]+)$/.exec(diff) ?? [];
  const unknown = [left, right].find((name) => name === undefined || !environments.includes(name));
  if (left === undefined || right === undefined || unknown !== undefined)
    throw new UsageError(
      `--diff ${diff}: write two environments as ${environments.slice(0, 2).join("..")}; there are ${environments.join(", ")}`,
    );
  const found = differences(config, left, right);
  const rows = [["", left, right], ...found.map((one) => [one.path, one.left, one.right])];
  return { exitCode: exitCodes.done, lines: table(rows, 3), data: { config, left, right, differences: found } };
}
