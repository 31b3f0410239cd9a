import { parseArgs } from "node:util";
import { ConfigError, environmentsOf } from "../config/load.ts";
import { differences } from "../config/validate.ts";
import { engineLinesOf } from "../plan/engines.ts";
import { problemsOf } from "../plan/validate.ts";
import { UsageError } from "../terminal/flags.ts";

const usage = `usage: npm run validate [-- --config FILE] [--diff A..B]
  --config  pipeline config (default config/pipeline_config.yaml)
  --diff    in what two environments differ, such as --diff dev..prod`;

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { config: { type: "string" }, diff: { type: "string" }, help: { type: "boolean" } },
    });
    const [left, right, ...rest] = values.diff?.split("..") ?? [];
    if (values.diff !== undefined && (!left || !right || rest.length > 0))
      throw new Error(`--diff ${values.diff}: write two environments as A..B, such as dev..prod`);
    return { config: values.config ?? "config/pipeline_config.yaml", help: values.help ?? false, left, right };
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n${usage}`);
  }
}

async function main(args: readonly string[]): Promise<number> {
  const { config, help, left, right } = parse(args);
  if (help) {
    console.log(usage);
    return 0;
  }
  const problems = await problemsOf(config);
  if (problems.length > 0) {
    console.error(problems.join("\n"));
    return 1;
  }
  if (left !== undefined && right !== undefined) printDifferences(config, left, right);
  else
    console.log(
      [`${config} is valid in ${environmentsOf(config).join(", ")}`, ...(await engineLinesOf(config))].join("\n"),
    );
  return 0;
}

function printDifferences(config: string, left: string, right: string): void {
  const rows = [{ path: "", left, right }, ...differences(config, left, right)];
  const width = (of: (row: (typeof rows)[number]) => string) => Math.max(...rows.map((row) => of(row).length));
  const [first, second] = [width(({ path }) => path), width((row) => row.left)];
  for (const row of rows) console.log(`${row.path.padEnd(first)}  ${row.left.padEnd(second)}  ${row.right}`);
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = error instanceof UsageError || error instanceof ConfigError ? 2 : 1;
  },
);
