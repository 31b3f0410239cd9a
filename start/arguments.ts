import { maximumRecords } from "../generator/generate.ts";
import { parseFlags, UsageError } from "../terminal/flags.ts";
import { type EngineChoice, parseEngine } from "./engines.ts";

export const startFlags = {
  records: { kind: "integer", minimum: 1, maximum: maximumRecords, help: "lines of each file (default 1000000)" },
  seed: { kind: "integer", minimum: 0, maximum: 4294967295, help: "the same seed gives the same data (default 42)" },
  data: { kind: "text", help: "folder to upload instead; the paths in it are the keys" },
  config: { kind: "text", help: "pipeline config (default config/pipeline_config.yaml)" },
  env: { kind: "text", help: "environment of the config (default dev)" },
  engine: {
    kind: "text",
    value: "NAME",
    help: "glue, embedded, or both to compare them (default as the config says)",
  },
  out: { kind: "text", help: "folder for summary.json and the published Parquet (default out)" },
  keep: { kind: "switch", help: "leave the local stack running, for npm run pipeline, until Ctrl-C or npm stop" },
} as const;

export interface StartOptions {
  readonly data:
    | { readonly kind: "generated"; readonly records: number; readonly seed: number }
    | { readonly kind: "folder"; readonly path: string };
  readonly config: string;
  /** Whether `config` is the repository's own config; the known answer holds only for that one. */
  readonly isShippedConfig: boolean;
  readonly environment: string;
  readonly engine: EngineChoice;
  readonly out: string;
  /** Whether the local stack keeps running after the result is printed. */
  readonly keep: boolean;
}

/** @throws UsageError */
export function parseStart(args: readonly string[]): StartOptions {
  const { records, seed, data, config, env = "dev", engine, out = "out", keep } = parseFlags(args, startFlags);
  if (data !== undefined && (records !== undefined || seed !== undefined))
    throw new UsageError(
      `--data uses existing files, so it can't be combined with --${records === undefined ? "seed" : "records"}`,
    );
  return {
    data:
      data === undefined
        ? { kind: "generated", records: records ?? 1_000_000, seed: seed ?? 42 }
        : { kind: "folder", path: data },
    config: config ?? "config/pipeline_config.yaml",
    isShippedConfig: config === undefined,
    environment: env,
    engine: parseEngine(engine ?? "config"),
    out,
    keep: keep === true,
  };
}
