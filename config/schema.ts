import { z } from "zod";
import { matchesSomeBatch } from "./batchName.ts";
import { parseColumnType, scalarKinds } from "./columnType.ts";
import { Decimal } from "./decimal.ts";
import { nullActionNames, nullActions } from "./nullActions.ts";
import { PatternError, portablePattern } from "./pattern.ts";

/**
 * The shape of `pipeline_config.yaml` and the meaning of each setting, written here only. The JSON Schema for editors
 * and docs/configuration.md are generated from it. Every level is strict: a typo is an error.
 */

const secondsPer = { s: 1, m: 60, h: 3600, d: 86400 } as const;
const durationForm = /^[1-9]\d{0,4}[smhd]$/;
const secondsOf = (text: string) => Number(text.slice(0, -1)) * secondsPer[text.at(-1) as keyof typeof secondsPer];

/** Written as `15m`, read as seconds. */
const duration = (about: string, atLeast = "1s", atMost = "3650d") =>
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
    .transform(secondsOf)
    .meta({ title: "duration", description: `${about}; ${atLeast} to ${atMost}` });

/** Written as `30d`, read as days. */
const days = (about: string, atLeast = 1, atMost = 3650) =>
  z
    .string()
    .regex(/^[1-9]\d{0,4}d$/, { error: 'written in days, such as "30d"', abort: true })
    .refine(
      (text) => Number.parseInt(text, 10) >= atLeast && Number.parseInt(text, 10) <= atMost,
      `must lie between ${atLeast}d and ${atMost}d`,
    )
    .transform((text) => Number.parseInt(text, 10))
    .meta({ title: "days", description: `${about}; ${atLeast}d to ${atMost}d` });

/** How long a bucket keeps what it holds. */
const kept = (about: string) => days(`${about}; for ever when absent`).optional();

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

const columnType = z
  .string()
  .superRefine((text, context) => {
    try {
      parseColumnType(text);
    } catch (error) {
      context.addIssue({ code: "custom", message: (error as Error).message });
    }
  })
  .meta({
    title: "column type",
    description: `Spark's name of a type: ${scalarKinds.join(", ")}, decimal(precision,scale), array<type>, struct<name:type,...>`,
  });

/** Only the functions read it, in JavaScript. */
const keyPattern = z.string().superRefine((text, context) => {
  const refuse = (message: string) => context.addIssue({ code: "custom", message });
  try {
    new RegExp(text);
  } catch (error) {
    return refuse(`not a regular expression: ${(error as Error).message}`);
  }
  if (!matchesSomeBatch(text))
    refuse(
      'matches no name that a batch can have: up to 64 letters, digits, ".", "_" and "-", the first a letter or a digit, and not "current"; choose folders named so, such as 2026-11-22',
    );
});

/** What the engines of the pipeline read. */
const valuePattern = z.string().superRefine((text, context) => {
  try {
    portablePattern(text);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    context.addIssue({ code: "custom", message: error.message });
  }
});

/** A number that keeps its digits. The loader gives one as a `Decimal` only when JavaScript's number would lose some. */
const decimal = z
  .custom<number | Decimal>((value) => value instanceof Decimal || Number.isFinite(value))
  .transform((value) => (value instanceof Decimal ? value : Decimal.parse(String(value))!));

const scalar = z
  .union([z.string(), decimal, z.boolean()], { error: "must be a text, a number, true or false" })
  .meta({ title: "value" });
const bound = (about: string) =>
  z
    .union([decimal, z.string()], { error: "must be a number, or a date or time as a text" })
    .meta({ title: "number, date or time", description: about })
    .optional();

const ruleKinds = ["allowed", "range", "pattern"] as const;
const valueRule = z
  .strictObject({
    allowed: z.array(scalar).min(1).optional().describe("The values that the column may have"),
    range: z
      .strictObject({ min: bound("The least value"), max: bound("The greatest value") })
      .refine(({ min, max }) => min !== undefined || max !== undefined, "must have a min, a max or both")
      .optional()
      .describe("The least and the greatest value of a number, a date or a time; one of the two may be left out"),
    pattern: valuePattern
      .meta({
        title: "regular expression",
        description:
          "What the whole text must match, in what Java, RE2 and JavaScript read alike: characters, `.`, classes, groups, `|`, repetitions",
      })
      .optional(),
    onViolation: z
      .enum(["reject", "warn", "fail"])
      .describe(
        "What happens to a value that breaks the rule: its row is rejected, kept and counted (`warn`), or the run fails",
      ),
  })
  .refine((rule) => ruleKinds.filter((kind) => rule[kind] !== undefined).length === 1, {
    error: `must have exactly one of ${ruleKinds.join(", ")}`,
  });

const column = z.strictObject({
  type: columnType,
  onNull: z
    .union([z.enum(nullActionNames), z.strictObject({ default: scalar })], {
      error: `must be ${nullActionNames.join(", ")}, or { default: a text, a number, true or false }`,
    })
    .describe(
      `What happens to a row with a null: ${nullActionNames.map((name) => `with \`${name}\` it ${nullActions[name].row}`).join(", ")}; a default replaces the null`,
    ),
  rules: z
    .array(valueRule)
    .optional()
    .describe("Rules for the values, at most one of each kind; a null breaks no rule"),
});

/** A role or a user, by the ARN that a policy names. What is almost one is told what to write instead. */
const principal = (about: string) =>
  z
    .string()
    .superRefine((text, context) => {
      const message = principalProblem(text);
      if (message) context.addIssue({ code: "custom", message });
    })
    .meta({ title: "principal", description: `${about}: ARN of a role or a user` });

function principalProblem(text: string): string | undefined {
  const example = "arn:aws:iam::123456789012:role/analytics";
  if (text.includes("*")) return `a principal is one role or user, without *, such as ${example}`;
  const session = /^arn:([\w-]+):sts::(\d{12}):assumed-role\/([^/]+)\/.+$/.exec(text);
  if (session) {
    const [, partition, account, role] = session;
    return `a session ends; name its role, with its path: arn:${partition}:iam::${account}:role/${role}`;
  }
  if (/^\d{12}$/.test(text) || /^arn:[\w-]+:iam::\d{12}:root$/.test(text))
    return `a whole account is no principal here; name a role or a user of it, such as ${example}`;
  if (!/^arn:[\w-]+:iam::\d{12}:(role|user)\/([\w+=,.@-]+\/)*[\w+=,.@-]{1,64}$/.test(text))
    return `not the ARN of a role or a user, such as ${example}`;
  return undefined;
}

const reference = z.strictObject({
  dataset: z.string().describe("The dataset whose primary key, one column of the same type, the column names"),
  orphans: z
    .enum(["keep", "reject", "fail"])
    .describe(
      "What happens to a value that names no kept row: its row is kept and counted, or rejected, or the run fails",
    ),
});

const percent = z
  .string()
  .regex(/^(100|\d{1,2}(\.\d{1,3})?)%$/, 'a share is a number from 0 to 100 and %, such as "5%" or "0.1%"')
  .transform((text) => Number.parseFloat(text));

/** What becomes of fields and columns on which the data and the contract don't agree. */
export const evolutionModes = ["strict", "additive", "ignore-unknown"] as const;

export const fileFormats = ["json", "json.gz"] as const;

export const datasetSchema = z.strictObject({
  required: z
    .boolean()
    .describe("Whether a batch waits for this dataset; without its file an optional dataset is an empty table"),
  file: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, "a file name is letters, digits, _ and -")
    .describe("The file's name without its format: users for users.json"),
  formats: z
    .array(z.enum(fileFormats))
    .min(1)
    .describe("What a file's name may end with; both are JSON Lines or one JSON array, UTF-8"),
  primaryKey: z.array(z.string()).min(1).describe("The columns that identify a row; one row per key is kept"),
  latestBy: z.string().describe("Among rows with equal keys, the row with the greatest value in this column is kept"),
  references: z
    .record(z.string(), reference)
    .optional()
    .describe(
      "Maps a column to the dataset it refers to; a kept row whose value is null or names no kept row there is an orphan",
    ),
  maxRejected: percent.meta({
    title: "share in %",
    description:
      "The largest share of a file's rows that may be malformed, else the file is rejected on arrival, and that may be malformed or rejected, else the run fails",
  }),
  columns: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/), column)
    .describe("Maps a column name to its type and rules; `schemaEvolution` says what happens to other fields"),
});

const query = (about: string) => z.string().describe(`One Spark SQL query of one row and one column: ${about}`);
const balance = z.strictObject({
  input: query("the value computed from the cleaned datasets"),
  output: query("the value computed from the output and the rows of `DATASET_orphans` that it leaves out"),
});

const sqlFile = z.string().regex(/\.sql$/, "a path to a .sql file");

export const outputSchema = z.strictObject({
  sql: sqlFile.describe("Path, from this file, to one Spark SQL query on tables named after the datasets"),
  duckdb: sqlFile
    .optional()
    .describe(
      "Path, from this file, to the same query in DuckDB's SQL, where `sql` is not translated; DuckDB runs it once both have been compared, see docs/transform.md",
    ),
  description: z.string().describe("The catalog table's description, for readers"),
  grain: z.array(z.string()).min(1).describe("The columns whose combination of values is unique; none is null"),
  clusterBy: z
    .array(z.string())
    .min(1)
    .optional()
    .describe(
      "The columns by which rows are sorted into files, so that a query on them skips the data it does not need",
    ),
  balances: z
    .record(identifier, balance)
    .optional()
    .describe("Maps a name to two queries that must give the same value, or the run publishes nothing"),
  columns: z
    .record(z.string().regex(/^[a-z_][a-z0-9_]{0,127}$/), columnType)
    .describe(
      "Maps a column name to its type, in the order of the query; a run that returns other columns publishes nothing",
    ),
});

const memory = z.int().min(256).max(10_240).describe("Memory in MiB; more memory also gives more CPU");
const timeout = () => duration("How long one call may take", "30s", "15m");

export const configSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{1,19}$/, "lower case letters, digits and -, 2 to 20 long")
    .describe("The pipeline's name, which begins every name in AWS: lower case letters, digits and -, 2 to 20 long"),
  batching: z
    .strictObject({
      keyPattern: keyPattern.meta({
        title: "regular expression",
        description:
          "Which folders of Bronze are batches: JavaScript's regular expression, which the folder's whole name must match",
      }),
      maxSpread: duration("How far apart the upload times of the files in the rolling batch `current` may be"),
      deadline: duration("How long after its first file an incomplete batch counts as late"),
    })
    .describe("Which files belong together"),
  schemaEvolution: z
    .enum(evolutionModes)
    .describe("What happens with an undeclared field and with a column that no row has; see docs/data-quality.md"),
  datasets: z.record(identifier, datasetSchema).describe("What producers upload, by name"),
  outputs: z
    .record(identifier, outputSchema)
    .describe("What readers get, by a name that does not begin with `silver_`"),
  files: z
    .strictObject({
      maxArrayBytes: z
        .int()
        .min(1024)
        .max(134_217_728)
        .describe("Bytes of the largest accepted JSON array; an array is parsed whole"),
      maxUnpackedBytes: z.int().min(1024).describe("Bytes that a gzip may unpack to"),
    })
    .describe("How large files may be that can only be read whole"),
  lambda: z
    .strictObject({
      promote: z
        .strictObject({
          memory,
          timeout: timeout(),
          concurrency: z.int().min(2).max(1000).describe("How many files are promoted at the same time"),
        })
        .describe("The function that validates uploads and starts complete batches"),
      settle: z
        .strictObject({
          memory,
          timeout: timeout(),
          schedule: duration("How often it finishes what no event has finished", "1m", "1d"),
          reconciliation: duration("How often it looks in Bronze for uploads that no event reported", "1h", "7d"),
        })
        .describe("The function that settles runs and publishes them"),
    })
    .describe("The two functions"),
  engine: z
    .union(
      [
        z.literal("glue"),
        z.strictObject({
          embeddedUpTo: z
            .int()
            .min(0)
            .max(8_589_934_592)
            .describe("The most bytes of a run's rows in Silver; above them Glue runs"),
          memory: z
            .int()
            .min(512)
            .max(10_240)
            .describe("The function's memory in MiB; DuckDB gets half of it. A new account may have 3008 at most"),
          timeout: duration("How long a run may take, before Glue gets it", "1m", "15m"),
          concurrency: z
            .int()
            .min(1)
            .max(1000)
            .optional()
            .describe("How many runs at the same time are reserved and allowed; what the account allows when absent"),
        }),
      ],
      { error: "must be glue, or { embeddedUpTo: bytes, memory: MiB, timeout: 5m }" },
    )
    .describe(
      "What computes a run: Glue alone, or for small inputs DuckDB in a function, where each output's SQL is known to give the same there",
    ),
  glue: z
    .strictObject({
      version: z
        .enum(["5.0", "5.1", "6.0"])
        .describe("Glue's version; 6.0 has Spark 4.1, the others 3.5. docs/adr/0021-glue-6.md says what differs"),
      workerType: z
        .enum(["G.1X", "G.2X", "G.4X", "G.8X"])
        .describe("Size of a worker: 4 vCPU and 16 GB, times the number in its name"),
      workers: z.int().min(2).max(100).describe("Workers of a run, including the driver; with autoscaling the maximum"),
      autoscaling: z
        .boolean()
        .describe("Whether Glue adds workers when needed, up to `workers`, and releases idle ones"),
      timeout: duration("How long one run may take", "1m", "1d"),
      attempts: z.int().min(1).max(10).describe("Total runs for the same inputs when the infrastructure fails"),
      maxConcurrentRuns: z.int().min(1).max(100).describe("How many batches run at the same time; others wait"),
    })
    .describe("The Spark job"),
  encryption: z
    .strictObject({
      rotation: z.boolean().describe("Whether AWS makes new key material every year"),
      deletionWindow: days("How long a deleted key can still be restored", 7, 30),
      administrators: z
        .array(principal("Who administers the key"))
        .optional()
        .describe(
          "Who administers the key; must include the role that deploys. When absent, everybody whom the account's own policies allow",
        ),
    })
    .describe("The stack's key"),
  iam: z
    .strictObject({
      path: z
        .string()
        .regex(/^\/([\w+=,.@-]+\/)*$/, "an IAM path begins and ends with /")
        .describe("Path of every role; begins and ends with /"),
      permissionsBoundary: z
        .string()
        .regex(/^arn:[\w-]+:iam::\d{12}:policy\/.+$/, "the ARN of a policy")
        .optional()
        .describe("ARN of the policy that bounds every role; none when absent"),
      goldReaders: z
        .array(
          z.strictObject({
            principal: principal("Who reads"),
            outputs: z.array(z.string()).min(1).describe("The outputs that may be read"),
          }),
        )
        .optional()
        .describe(
          "Who else may read Gold's files; nobody when absent. For the catalog's tables a reader needs his own policy",
        ),
    })
    .describe("What the account requires of roles"),
  retention: z
    .strictObject({
      bronze: kept(
        "How long an upload is kept. Bronze keeps versions, so the upload only expires then; it is deleted after another `bronzeVersions`",
      ),
      bronzeVersions: kept(
        "How long an upload is kept after it was replaced, was deleted or has expired; `bronze` plus this is the total time",
      ),
      silver: kept(
        "How long typed rows are kept before they are deleted; a replay needs them, and so do Silver's tables",
      ),
      rejected: kept("How long rejected files and rows are kept before they are deleted"),
      ledgerVersions: kept(
        "How long a ledger document is kept after it was replaced or deleted; the current one has no age limit",
      ),
      artifactVersions: kept(
        "How long a script, SQL or a contract is kept after it was replaced or deleted; the current one has no age limit",
      ),
      runs: z
        .int()
        .min(1)
        .max(100)
        .describe(
          "How many runs a batch keeps: this many of the newest, and this many of the newest published ones. Older runs move to their own objects, and their output in Gold is deleted",
        ),
      logs: z
        .enum(logRetentions)
        .transform((text) => Number.parseInt(text, 10))
        .meta({ title: "days", description: "How long log lines are kept; CloudWatch accepts only these values" }),
    })
    .describe(
      "How long data is kept; in S3 a time ends at the next midnight UTC. Gold, the ledger and artifacts have no age limit",
    ),
  alerts: z
    .strictObject({
      queueAge: duration("How long a file may wait for its promotion before an alarm", "1m", "14d"),
      runAge: duration(
        "How long a run may last, including its wait for Glue, before an alarm; no alarm when absent",
        "1m",
        "14d",
      ).optional(),
      freshness: duration(
        "How long nothing may be published before an alarm, in whole hours; no alarm when absent",
        "1h",
        "7d",
      ).optional(),
    })
    .describe("When alarms inform people"),
  removal: z
    .strictObject({
      data: z
        .enum(["retain", "destroy"])
        .describe(
          "What happens to buckets and key when the stack is destroyed; deletion also needs the stack's commerce:destroyData",
        ),
      protect: z.boolean().describe("Whether Pulumi refuses to delete resources that hold data, messages or keys"),
    })
    .describe("What may be deleted"),
  tags: z.record(z.string(), z.string()).describe("Tags of every resource; pipeline and environment are added"),
});

/** The parsed configuration of one environment: durations in seconds, retention in days. */
export type PipelineConfig = z.output<typeof configSchema>;
export type DatasetConfig = PipelineConfig["datasets"][string];
export type OutputConfig = PipelineConfig["outputs"][string];
export type FileFormat = (typeof fileFormats)[number];
export type EvolutionMode = (typeof evolutionModes)[number];
