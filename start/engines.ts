import { contractOf } from "../config/contract.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { PipelineConfig } from "../config/schema.ts";
import { compilePlan } from "../plan/compile.ts";
import { readSql } from "../plan/ownSql.ts";
import { isForDuckdb } from "../plan/plan.ts";
import { setUpSpark } from "../setup/index.mjs";
import { UsageError } from "../terminal/flags.ts";
import type { Status } from "../terminal/status.ts";

/** Which engine computes: as the config says, one of them, or one after the other. */
export const engineChoices = ["config", "glue", "embedded", "both"] as const;
export type EngineChoice = (typeof engineChoices)[number];

/** @throws UsageError */
export function parseEngine(text: string): EngineChoice {
  const found = engineChoices.find((choice) => choice === text);
  if (!found) throw new UsageError(`--engine ${text}: it is one of ${engineChoices.join(", ")}`);
  return found;
}

type DeclaredEngine = PipelineConfig["engine"];

/** The declared engine, made to run all or nothing. */
const forced: Readonly<Record<"glue" | "embedded", (declared: DeclaredEngine) => DeclaredEngine>> = {
  glue: () => "glue",
  embedded: (declared) => ({
    ...(declared === "glue" ? { memory: 3008, timeout: 600 } : declared),
    embeddedUpTo: Number.MAX_SAFE_INTEGER,
  }),
};

/** What is deployed, one after the other; an engine as the config declares it is changed, or left as it is. */
export const deploymentsOf = (
  choice: EngineChoice,
): readonly [(declared: DeclaredEngine) => DeclaredEngine, ((declared: DeclaredEngine) => DeclaredEngine)?] =>
  choice === "both" ? [forced.embedded, forced.glue] : [choice === "config" ? (declared) => declared : forced[choice]];

/**
 * Whether a run may need Spark from the first upload on. Where the config leaves it to the size of the files, Spark is
 * fetched when a run asks for it.
 * @throws UsageError when the embedded engine is asked for and can't run the SQL
 */
export function needsSpark(loaded: LoadedConfig, choice: EngineChoice): boolean {
  const { config } = loaded;
  if (choice === "glue" || (choice === "config" && config.engine === "glue")) return true;
  const { sql, duckdb } = readSql(loaded, choice === "both");
  const isEmbeddable = isForDuckdb(compilePlan(contractOf(config), sql, duckdb));
  if (choice !== "config" && !isEmbeddable)
    throw new UsageError(
      `--engine ${choice}: the embedded engine can't run the SQL of this config; npm run validate says why`,
    );
  return choice === "both" || !isEmbeddable;
}

/** Fetches Spark before the first run asks for it, beside what else has to be brought up. */
export async function bringSpark(status: Status): Promise<void> {
  const say = (text: string) => status.show("setup", text);
  const isNew = await setUpSpark("runs of Glue", {
    say,
    step(name, work) {
      say(name);
      return work();
    },
  });
  if (isNew) status.done("setup", "Spark is ready");
}
