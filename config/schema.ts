import { z } from "zod";
import { parseColumnType } from "./columnType.ts";

/** The only place where the shape of `pipeline_config.yaml` is written. Every level is strict: a typo is an error. */

const secondsPer = { s: 1, m: 60, h: 3600, d: 86400 } as const;
const durationForm = /^[1-9]\d{0,4}[smhd]$/;
const secondsOf = (text: string) => Number(text.slice(0, -1)) * secondsPer[text.at(-1) as keyof typeof secondsPer];

/** Written as `15m`, read as seconds. */
const duration = (atLeast = "1s", atMost = "3650d") =>
  z
    .string()
    .regex(durationForm, {
      error: 'a duration is a whole number and s, m, h or d, such as "90s", "15m", "6h", "30d"',
      abort: true,
    })
    .refine(
      (text) => secondsOf(text) >= secondsOf(atLeast) && secondsOf(text) <= secondsOf(atMost),
      `must lie between ${atLeast} and ${atMost}`,
    )
    .transform(secondsOf);

/** Written as `30d`, read as days. */
const days = (atLeast = 1, atMost = 3650) =>
  z
    .string()
    .regex(/^[1-9]\d{0,4}d$/, { error: 'written in days, such as "30d"', abort: true })
    .refine(
      (text) => Number.parseInt(text, 10) >= atLeast && Number.parseInt(text, 10) <= atMost,
      `must lie between ${atLeast}d and ${atMost}d`,
    )
    .transform((text) => Number.parseInt(text, 10));

/** The retentions that CloudWatch Logs knows. */
const logRetentions = [
  "1d",
  "3d",
  "5d",
  "7d",
  "14d",
  "30d",
  "60d",
  "90d",
  "120d",
  "150d",
  "180d",
  "365d",
  "400d",
  "545d",
  "731d",
  "1096d",
  "1827d",
  "2192d",
  "2557d",
  "2922d",
  "3288d",
  "3653d",
] as const;

const identifier = z
  .string()
  .regex(
    /^[a-z][a-z0-9_]{0,62}$/,
    "a name is lower case letters, digits and _, begins with a letter, and is at most 63 long",
  );

const columnType = z.string().superRefine((text, context) => {
  try {
    parseColumnType(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: (error as Error).message });
  }
});

const column = z.strictObject({
  type: columnType,
  /** What a null does: reject the row, keep the null, or take a default. */
  onNull: z.union(
    [z.enum(["reject", "keep"]), z.strictObject({ default: z.union([z.string(), z.number(), z.boolean()]) })],
    { error: "must be reject, keep, or { default: a text, a number, true or false }" },
  ),
});

export const fileFormats = ["json", "json.gz"] as const;

export const datasetSchema = z.strictObject({
  /** A required dataset must be there before its batch runs; an optional one is an empty table when it is absent. */
  required: z.boolean(),
  /** The file's name without its format: `users` for `users.json`. */
  file: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, "a file name is letters, digits, _ and -"),
  formats: z.array(z.enum(fileFormats)).min(1),
  primaryKey: z.array(z.string()).min(1),
  /** Of rows with equal keys the one with the greatest value here is kept. */
  latestBy: z.string(),
  /** Column to the dataset whose primary key it names; rows that name none are counted as orphans. */
  references: z.record(z.string(), z.string()).optional(),
  columns: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/), column),
});

export const outputSchema = z.strictObject({
  sql: z.string().regex(/\.sql$/, "a path to a .sql file"),
  description: z.string(),
  /** The columns of which each value occurs once. */
  grain: z.array(z.string()).min(1),
  columns: z.record(z.string().regex(/^[a-z_][a-z0-9_]{0,127}$/), columnType),
});

export const configSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{1,19}$/, "lower case letters, digits and -, 2 to 20 long"),
  batching: z.strictObject({
    keyPattern: z.string().superRefine((text, context) => {
      try {
        new RegExp(text);
      } catch (error) {
        context.addIssue({ code: "custom", message: `not a regular expression: ${(error as Error).message}` });
      }
    }),
    maxSpread: duration(),
    deadline: duration(),
  }),
  datasets: z.record(identifier, datasetSchema),
  outputs: z.record(identifier, outputSchema),
  files: z.strictObject({
    sampleBytes: z.int().min(1024).max(8_388_608),
    sampleRecords: z.int().min(1).max(10_000),
    maxArrayBytes: z.int().min(1024).max(134_217_728),
    maxUnpackedBytes: z.int().min(1024),
  }),
  lambda: z.strictObject({
    promote: z.strictObject({
      memory: z.int().min(256).max(10_240),
      timeout: duration("30s", "15m"),
      concurrency: z.int().min(2).max(1000),
    }),
    settle: z.strictObject({
      memory: z.int().min(256).max(10_240),
      timeout: duration("30s", "15m"),
      schedule: duration("1m", "1d"),
    }),
  }),
  glue: z.strictObject({
    version: z.enum(["5.0", "5.1"]),
    workerType: z.enum(["G.1X", "G.2X", "G.4X", "G.8X"]),
    workers: z.int().min(2).max(100),
    timeout: duration("1m", "1d"),
    attempts: z.int().min(1).max(10),
    maxConcurrentRuns: z.int().min(1).max(100),
  }),
  encryption: z.strictObject({ rotation: z.boolean(), deletionWindow: days(7, 30) }),
  iam: z.strictObject({
    path: z.string().regex(/^\/([\w+=,.@-]+\/)*$/, "an IAM path begins and ends with /"),
    permissionsBoundary: z
      .string()
      .regex(/^arn:[\w-]+:iam::\d{12}:policy\/.+$/, "the ARN of a policy")
      .optional(),
  }),
  retention: z.strictObject({
    bronze: days(),
    silver: days(),
    rejected: days(),
    ledgerVersions: days(),
    artifactVersions: days(),
    runs: z.int().min(1).max(100),
    logs: z.enum(logRetentions).transform((text) => Number.parseInt(text, 10)),
  }),
  alerts: z.strictObject({ queueAge: duration() }),
  removal: z.strictObject({ data: z.enum(["retain", "destroy"]), protect: z.boolean() }),
  tags: z.record(z.string(), z.string()),
});

/** The parsed configuration of one environment: durations in seconds, retention in days. */
export type PipelineConfig = z.output<typeof configSchema>;
export type DatasetConfig = PipelineConfig["datasets"][string];
export type OutputConfig = PipelineConfig["outputs"][string];
export type FileFormat = (typeof fileFormats)[number];
