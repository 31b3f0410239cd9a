import { parseArgs } from "node:util";
import { configFile } from "../components/stackSettings.ts";
import { loadConfig } from "../config/load.ts";
import { engineLines } from "../plan/engines.ts";
import { bind } from "../plan/translation/bind.ts";
import { markdown } from "../review/plan/markdown.ts";
import { planOf } from "../review/plan/plan.ts";
import { commitOf, PlanError, settingsOf, snapshot, withCommit } from "../review/plan/trees.ts";
import { UsageError } from "../terminal/flags.ts";

const usage = `usage: npm run plan -- STACK [--base REF]
  STACK   an environment of the config, such as prod
  --base  commit to compare the working tree with (default main)

Says in Markdown what the working tree would change. Needs no credentials: both programs run on mocks.`;

function parse(args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { base: { type: "string" }, help: { type: "boolean" } },
      allowPositionals: true,
    });
    const [stack, ...rest] = positionals;
    if (values.help) return null;
    if (stack === undefined || rest.length > 0) throw new Error("one stack is planned at a time");
    return { stack, base: values.base ?? "main" };
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n${usage}`);
  }
}

try {
  const asked = parse(process.argv.slice(2));
  if (asked === null) console.log(usage);
  else {
    const commit = commitOf(asked.base);
    const [before, after] = await Promise.all([
      withCommit(commit, (tree) => snapshot(tree, asked.stack)),
      snapshot(process.cwd(), asked.stack),
    ]);
    const config = configFile(settingsOf(process.cwd(), asked.stack));
    const engines = await engineLines(loadConfig(config, asked.stack), bind);
    process.stdout.write(markdown(planOf({ ...asked, engines }, before, after)));
  }
} catch (error) {
  console.error(error instanceof PlanError || error instanceof UsageError ? error.message : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
