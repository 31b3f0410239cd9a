import { readFileSync } from "node:fs";
import { deploy } from "../../components/program.ts";
import type { Sources } from "../../components/sources.ts";
import { changedConfig } from "../config/changedConfig.ts";
import { account, type ProgramRun, type RunOptions, region, runProgram } from "./pulumiMocks.ts";

/** Stands in for what is read and bundled, which takes seconds and is no business of the components. */
export const tinySources: Sources = {
  promote: { code: "export const handler = 1;", map: '{"version":3}', asksFor: [] },
  settle: { code: "export const handler = 2;", map: '{"version":3}', asksFor: [] },
  embedded: { code: "export const handler = 3;", map: '{"version":3}', asksFor: [] },
  release: {
    script: "print('run')\n",
    engine: { "plan_runner/__init__.py": Buffer.from("") },
    sql: { user_activity: readFileSync("glue/sql/user_activity.sql", "utf8") },
    duckdb: {},
  },
};

/** What every stack has to say of itself. */
export const settings = { "aws:region": region, "aws-native:region": region, "commerce:account": account };

/** The real program with the real config file, as `pulumi up` on that stack would run it. */
export const runPipeline = ({
  stack = "dev",
  config = {},
  sql = tinySources.release.sql,
}: RunOptions & { readonly sql?: Sources["release"]["sql"] } = {}): Promise<ProgramRun> => {
  const sources = { ...tinySources, release: { ...tinySources.release, sql } };
  return runProgram(() => deploy({ sources: async () => sources }), { stack, config: { ...settings, ...config } });
};

const declaredEngine = "engine: { embeddedUpTo: 400000000, memory: 3008, timeout: 10m }";

/** The same with another `engine` in the config. */
export const runWithEngine = (engine: string, stack = "dev"): Promise<ProgramRun> =>
  runPipeline({ stack, config: { "commerce:configFile": changedConfig({ [declaredEngine]: `engine: ${engine}` }) } });
