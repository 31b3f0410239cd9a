import { z } from "zod";
import { parseColumnType } from "./columnType.ts";

/** The only place where the shape of `pipeline_config.yaml` is written. Every level is strict: a typo is an error. */

const seconds = { s: 1, m: 60, h: 3600, d: 86400 } as const;
const durationText = z
  .string()
  .regex(/^[1-9]\d{0,4}[smhd]$/, 'a duration is a whole number and s, m, h or d, such as "90s", "15m", "6h", "30d"');
/** Written as `15m`, read as seconds. */
const duration = durationText.transform(
  (text) => Number(text.slice(0, -1)) * seconds[text.at(-1) as keyof typeof seconds],
);
const days = durationText
  .refine((text) => text.endsWith("d"), 'written in days, such as "30d"')
  .transform((text) => Number(text.slice(0, -1)));

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
  onNull: z.union([
    z.enum(["reject", "keep"]),
    z.strictObject({ default: z.union([z.string(), z.number(), z.boolean()]) }),
  ]),
});

export const fileFormats = ["json", "json.gz"] as const;

const dataset = z.strictObject({
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

const output = z.strictObject({
  sql: z.string().regex(/\.sql$/, "a path to a .sql file"),
  description: z.string(),
  /** The columns of which each value occurs once. */
  grain: z.array(z.string()).min(1),
  columns: z.record(z.string().regex(/^[a-z_][a-z0-9_]{0,127}$/), columnType),
});

const settings = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{1,19}$/, "lower case letters, digits and -, 2 to 20 long"),
  batching: z.strictObject({
    keyPattern: z.string().superRefine((text, context) => {
      try {
        new RegExp(text);
      } catch (error) {
        context.addIssue({ code: "custom", message: `not a regular expression: ${(error as Error).message}` });
      }
    }),
    maxSpread: duration,
    deadline: duration,
  }),
  datasets: z.record(identifier, dataset),
  outputs: z.record(identifier, output),
  files: z.strictObject({
    sampleBytes: z.int().min(1024).max(8_388_608),
    sampleRecords: z.int().min(1).max(10_000),
    maxArrayBytes: z.int().min(1024).max(134_217_728),
    maxUnpackedBytes: z.int().min(1024),
  }),
  lambda: z.strictObject({
    promote: z.strictObject({
      memory: z.int().min(256).max(10_240),
      timeout: duration.pipe(z.int().min(30).max(900)),
      concurrency: z.int().min(2).max(1000),
    }),
    settle: z.strictObject({
      memory: z.int().min(256).max(10_240),
      timeout: duration.pipe(z.int().min(30).max(900)),
      schedule: duration.pipe(z.int().min(60).max(86_400)),
    }),
  }),
  glue: z.strictObject({
    version: z.enum(["5.0", "5.1"]),
    workerType: z.enum(["G.1X", "G.2X", "G.4X", "G.8X"]),
    workers: z.int().min(2).max(100),
    timeout: duration.pipe(z.int().min(60).max(86_400)),
    attempts: z.int().min(1).max(10),
    maxConcurrentRuns: z.int().min(1).max(100),
  }),
  encryption: z.strictObject({ rotation: z.boolean(), deletionWindow: days.pipe(z.int().min(7).max(30)) }),
  iam: z.strictObject({
    path: z.string().regex(/^\/([\w+=,.@-]+\/)*$/, "an IAM path begins and ends with /"),
    permissionsBoundary: z
      .string()
      .regex(/^arn:[\w-]+:iam::\d{12}:policy\/.+$/, "the ARN of a policy")
      .optional(),
  }),
  retention: z.strictObject({
    bronze: days,
    silver: days,
    rejected: days,
    ledgerVersions: days,
    artifactVersions: days,
    runs: z.int().min(1).max(100),
    logs: days.pipe(
      z.union(
        (
          [
            1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
          ] as const
        ).map((value) => z.literal(value)),
        {
          error:
            "CloudWatch keeps logs for 1d, 3d, 5d, 7d, 14d, 30d, 60d, 90d, 120d, 150d, 180d, 365d, 400d, 545d, 731d, ...",
        },
      ),
    ),
  }),
  alerts: z.strictObject({ queueAge: duration, runDuration: duration }),
  removal: z.strictObject({ data: z.enum(["retain", "destroy"]), protect: z.boolean() }),
  tags: z.record(z.string(), z.string()),
});

type Issue = (path: (string | number)[], message: string) => void;

/** What holds between parts of the file and so is in no single field. */
function crossChecks(config: z.output<typeof settings>, issue: Issue): void {
  const datasets = Object.entries(config.datasets);
  if (!datasets.some(([, { required }]) => required)) issue(["datasets"], "at least one dataset must be required");
  for (const [name, { columns, primaryKey, latestBy, references = {} }] of datasets) {
    const known = (column: string, path: (string | number)[]) => {
      if (!(column in columns)) issue(["datasets", name, ...path], `"${column}" is not a column of ${name}`);
    };
    for (const [index, column] of primaryKey.entries()) {
      known(column, ["primaryKey", index]);
      if (column in columns && columns[column]!.onNull !== "reject")
        issue(
          ["datasets", name, "columns", column, "onNull"],
          `"${column}" is in the primary key, so its null must reject the row`,
        );
    }
    known(latestBy, ["latestBy"]);
    for (const [column, target] of Object.entries(references)) {
      known(column, ["references", column]);
      if (!(target in config.datasets)) issue(["datasets", name, "references", column], `"${target}" is not a dataset`);
      else if (config.datasets[target]!.primaryKey.length !== 1)
        issue(["datasets", name, "references", column], `"${target}" has a primary key of several columns`);
    }
  }
  for (const [name, { grain, columns }] of Object.entries(config.outputs))
    for (const [index, column] of grain.entries())
      if (!(column in columns)) issue(["outputs", name, "grain", index], `"${column}" is not a column of ${name}`);
}

export const configSchema = settings.superRefine((config, context) =>
  crossChecks(config, (path, message) => context.addIssue({ code: "custom", path, message })),
);

/** The parsed configuration of one environment: durations in seconds, retention in days. */
export type PipelineConfig = z.output<typeof configSchema>;
export type DatasetConfig = PipelineConfig["datasets"][string];
export type OutputConfig = PipelineConfig["outputs"][string];
export type FileFormat = (typeof fileFormats)[number];
