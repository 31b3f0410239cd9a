import type { LoadedConfig } from "../config/load.ts";
import type { FunctionScope, FunctionSettings } from "../handlers/settings.ts";

/** An invocation that was cut off by its timeout has surely ended a minute later. */
const leaseMargin = 60;

export const scopeOf = ({ environment, config }: LoadedConfig): FunctionScope => ({
  pipeline: config.name,
  environment,
});

/** The part of the config that one function gets as its own settings. */
export function functionSettings(
  loaded: LoadedConfig,
  lambda: keyof LoadedConfig["config"]["lambda"],
): FunctionSettings {
  const { config } = loaded;
  return {
    ...scopeOf(loaded),
    files: config.files,
    attempts: config.glue.attempts,
    keepRuns: config.retention.runs,
    effectLease: config.lambda[lambda].timeout + leaseMargin,
    reconciliationEvery: config.lambda.settle.reconciliation,
    runAge: config.alerts.runAge,
  };
}
