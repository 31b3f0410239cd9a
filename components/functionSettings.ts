import type { LoadedConfig } from "../config/load.ts";
import type { FunctionSettings } from "../handlers/settings.ts";

/** An invocation that was cut off by its timeout has surely ended a minute later. */
const leaseMargin = 60;

/** The part of the config that one function gets as its own settings. */
export function functionSettings(
  { environment, config }: LoadedConfig,
  lambda: keyof LoadedConfig["config"]["lambda"],
): FunctionSettings {
  return {
    pipeline: config.name,
    environment,
    files: config.files,
    attempts: config.glue.attempts,
    keepRuns: config.retention.runs,
    effectLease: config.lambda[lambda].timeout + leaseMargin,
    reconciliationEvery: config.lambda.settle.reconciliation,
    runAge: config.alerts.runAge,
  };
}
