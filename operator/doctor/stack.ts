import { DescribeLogGroupsCommand, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { DescribeRuleCommand } from "@aws-sdk/client-eventbridge";
import { GetDatabaseCommand, GetJobCommand } from "@aws-sdk/client-glue";
import { DescribeKeyCommand } from "@aws-sdk/client-kms";
import {
  GetAccountSettingsCommand,
  GetFunctionConcurrencyCommand,
  GetFunctionConfigurationCommand,
  GetFunctionEventInvokeConfigCommand,
  ListEventSourceMappingsCommand,
} from "@aws-sdk/client-lambda";
import { GetBucketVersioningCommand, HeadBucketCommand, HeadObjectCommand } from "@aws-sdk/client-s3";
import { physicalNames } from "../../config/naming.ts";
import { eventAge } from "../../handlers/run/embedded.ts";
import { ago, counted, duration } from "../../terminal/text.ts";
import type { Target } from "../stack/target.ts";
import { bad, good, type Probe, warning } from "./check.ts";

const minute = 60_000;
const redeploy = "deploy the stack again: pulumi up";

/** @param step makes a command line for the same stack */
export function stackProbes(target: Target, step: (args: string) => string): Probe[] {
  const { names, s3, clients } = target;
  const bucket = (name: "bronze" | "rejected" | "gold" | "ledger", isVersioned: boolean): Probe => ({
    area: "buckets",
    name,
    look: async () => {
      const Bucket = names[`${name}Bucket`];
      await s3.send(new HeadBucketCommand({ Bucket }));
      if (!isVersioned) return good(Bucket);
      const { Status } = await s3.send(new GetBucketVersioningCommand({ Bucket }));
      return Status === "Enabled" ? good(`${Bucket}, versioned`) : bad(`${Bucket} keeps no versions`, redeploy);
    },
  });
  const lambda = (name: "promote" | "settle"): Probe => ({
    area: "functions",
    name,
    look: () => functionCheck(target, names[`${name}Function`]),
  });
  const deadLetters = (name: string, count: "deadUploads" | "deadEvents"): Probe => ({
    area: "queues",
    name,
    look: async () => {
      const waiting = (await target.messages())[count];
      return waiting === 0
        ? good("empty")
        : bad(
            `${counted(waiting, "message")} that ${count === "deadUploads" ? "promote" : "settle"} gave up on`,
            `once the cause is mended: ${step("redrive")}`,
          );
    },
  });
  return [
    { area: "stack", name: "settings", look: () => settingsCheck(target) },
    bucket("bronze", true),
    bucket("ledger", true),
    bucket("gold", false),
    bucket("rejected", false),
    {
      area: "key",
      name: "encryption key",
      look: async () => {
        const { KeyMetadata } = await clients.kms.send(new DescribeKeyCommand({ KeyId: names.keyArn }));
        const state = KeyMetadata?.KeyState ?? "unknown";
        if (state === "Enabled") return good("enabled");
        return bad(
          `its state is ${state}, so no data can be read or written`,
          state === "PendingDeletion" ? "cancel its deletion and enable it, now" : "enable it",
        );
      },
    },
    lambda("promote"),
    { area: "functions", name: "promote's queue", look: () => mappingCheck(target) },
    lambda("settle"),
    { area: "functions", name: "embedded engine", look: () => embeddedCheck(target) },
    { area: "functions", name: "embedded engine's calls", look: () => callsCheck(target) },
    { area: "functions", name: "errors", look: () => errorCheck(target, step) },
    { area: "job", name: "Glue job", look: () => jobCheck(target) },
    { area: "catalog", name: "tables", look: () => catalogCheck(target) },
    {
      area: "queues",
      name: "uploads",
      look: async () => good(`${counted((await target.messages()).uploads, "message")} waiting`),
    },
    deadLetters("dead uploads", "deadUploads"),
    deadLetters("dead events", "deadEvents"),
    ...(["sweepRule", "jobEndedRule", "reportedRule"] as const).map(
      (rule): Probe => ({ area: "schedules", name: ruleNames[rule], look: () => ruleCheck(target, rule) }),
    ),
    { area: "schedules", name: "last sweep", look: () => sweepCheck(target) },
  ];
}

const ruleNames = { sweepRule: "sweep", jobEndedRule: "end of a job", reportedRule: "report of a run" } as const;

async function functionCheck({ clients }: Target, FunctionName: string) {
  const { State, StateReason, LastUpdateStatus, LastUpdateStatusReason, MemorySize, Timeout } =
    await clients.lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
  if (State !== undefined && State !== "Active" && State !== "Inactive")
    return bad(`${State}: ${StateReason ?? "no reason given"}`, redeploy);
  if (LastUpdateStatus === "Failed")
    return bad(`its last update failed: ${LastUpdateStatusReason ?? "no reason given"}`, redeploy);
  return good(`ready, with ${MemorySize} MiB for ${duration(Timeout! * 1000)}`);
}

const noEmbedded = good("none, so Glue gets every run");

/** The version that the release pins: DuckDB in a function. */
async function embeddedCheck(target: Target) {
  const { embedded } = (await target.deployed()).release.pinned;
  return embedded ? await functionCheck(target, embedded.functionArn) : noEmbedded;
}

/** Whether a call waits as long as the ledger expects, is not repeated, and finds room beside the other functions. */
async function callsCheck(target: Target) {
  const { embedded } = (await target.deployed()).release.pinned;
  if (!embedded) return noEmbedded;
  const { clients, names } = target;
  const [, FunctionName, Qualifier] = /^(.+):([^:]+)$/.exec(embedded.functionArn)!;
  const { MaximumRetryAttempts, MaximumEventAgeInSeconds } = await clients.lambda.send(
    new GetFunctionEventInvokeConfigCommand({ FunctionName, Qualifier }),
  );
  if (MaximumRetryAttempts !== 0 || MaximumEventAgeInSeconds !== eventAge)
    return warning(
      `version ${Qualifier} has calls repeated, or kept for another time than the ledger expects`,
      redeploy,
    );
  const { ReservedConcurrentExecutions: reserved } = await clients.lambda.send(
    new GetFunctionConcurrencyCommand({ FunctionName }),
  );
  if (reserved !== undefined)
    return reserved > 0
      ? good(`${reserved} at once, reserved`)
      : bad("its reserved concurrency is 0, so every call is refused", "remove it, or reserve some");
  const { AccountLimit } = await clients.lambda.send(new GetAccountSettingsCommand({}));
  const { EventSourceMappings = [] } = await clients.lambda.send(
    new ListEventSourceMappingsCommand({ FunctionName: names.promoteFunction }),
  );
  const all = AccountLimit?.UnreservedConcurrentExecutions ?? 0;
  const ofPromote = EventSourceMappings[0]?.ScalingConfig?.MaximumConcurrency ?? 0;
  // Settle needs one as well.
  return all > ofPromote + 1
    ? good(`${all} at once, with all other functions of the account`)
    : warning(
        `${all} at once, with all other functions of the account; promote alone may have ${ofPromote}, so runs may wait`,
        "ask AWS for a higher quota of concurrent executions, or lower lambda.promote.concurrency",
      );
}

async function settingsCheck(target: Target) {
  const { pipeline, environment, release } = await target.deployed();
  const datasets = Object.keys(release.contract.datasets);
  return good(`${pipeline} ${environment}, ${counted(datasets.length, "dataset")}: ${datasets.join(", ")}`);
}

/** Who stands for "whatever IAM allows" where Lake Formation decides. */
const byIam = "IAM_ALLOWED_PRINCIPALS";

async function catalogCheck({ clients, names }: Target) {
  const Name = names.catalogDatabase;
  const { Database } = await clients.glue.send(new GetDatabaseCommand({ Name }));
  const defaults = Database?.CreateTableDefaultPermissions;
  if (!defaults || defaults.some(({ Principal }) => Principal?.DataLakePrincipalIdentifier === byIam))
    return good(`${Name}, IAM decides who may use its tables`);
  return warning(
    `Lake Formation decides who may use the tables of ${Name}, and IAM alone gives no access to new ones`,
    "in Lake Formation, grant settle's role ALTER and DESCRIBE on them, and readers SELECT; or let IAM decide for this database",
  );
}

async function mappingCheck({ clients, names }: Target) {
  const { EventSourceMappings = [] } = await clients.lambda.send(
    new ListEventSourceMappingsCommand({ FunctionName: names.promoteFunction }),
  );
  const [mapping] = EventSourceMappings;
  if (!mapping) return bad("its queue does not trigger promote", redeploy);
  const { State = "unknown", LastProcessingResult } = mapping;
  if (State !== "Enabled")
    return bad(
      `its mapping is ${State}, so promote looks at no upload`,
      "enable the event source mapping, or deploy again",
    );
  return /problem|error/i.test(LastProcessingResult ?? "")
    ? warning(LastProcessingResult!, "see the errors of the functions")
    : good("feeds promote");
}

async function jobCheck(target: Target) {
  const { clients, names, s3 } = target;
  const { Job } = await clients.glue.send(new GetJobCommand({ JobName: names.glueJob }));
  const { pinned } = (await target.deployed()).release;
  const lost: string[] = [];
  for (const { uri } of [pinned.engine, pinned.contract, pinned.plan]) {
    const { host, pathname } = new URL(uri);
    try {
      await s3.send(new HeadObjectCommand({ Bucket: host, Key: decodeURIComponent(pathname.slice(1)) }));
    } catch (error) {
      if ((error as Error).name !== "NotFound") throw error;
      lost.push(uri);
    }
  }
  if (lost.length > 0) return bad(`its release lacks ${lost.join(", ")}`, redeploy);
  const runs = Job?.ExecutionProperty?.MaxConcurrentRuns ?? 1;
  const size = Job?.WorkerType ? `${counted(Job.NumberOfWorkers ?? 0, `${Job.WorkerType} worker`)}, ` : "";
  return good(`${size}${counted(runs, "run")} at once, its release is complete`);
}

async function ruleCheck(target: Target, rule: keyof typeof ruleNames) {
  const { State, ScheduleExpression } = await describeRule(target, rule);
  return State === "ENABLED"
    ? good(ScheduleExpression ?? "enabled")
    : bad(`its rule is ${State ?? "unknown"}`, "enable the rule, or deploy the stack again");
}

async function describeRule(target: Target, rule: keyof typeof ruleNames) {
  const { pipeline, environment } = await target.deployed();
  const Name = physicalNames(pipeline, environment, "")[rule];
  return await target.clients.events.send(new DescribeRuleCommand({ Name }));
}

/** Minutes of `rate(5 minutes)`. */
const minutesOf = (expression = ""): number => Number(/^rate\((\d+) minute/.exec(expression)?.[1] ?? 60);

async function sweepCheck(target: Target) {
  const { clients, names } = target;
  const logGroupName = `/aws/lambda/${names.settleFunction}`;
  const patience = 3 * minutesOf((await describeRule(target, "sweepRule")).ScheduleExpression) * minute;
  const last = await newestEvent(target, logGroupName, '"sweep.done"', Date.now() - patience);
  if (last !== null) return good(ago(Date.now() - last));
  const { logGroups = [] } = await clients.logs.send(
    new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName }),
  );
  const created = logGroups.find((group) => group.logGroupName === logGroupName)?.creationTime ?? 0;
  return Date.now() - created < patience
    ? good("none yet; the stack is new")
    : bad(`none for ${duration(patience)}`, "check whether the rule is enabled and what settle fails on");
}

/** Hours of the functions' logs that are searched for errors. */
const errorHours = 24;

async function errorCheck(target: Target, step: (args: string) => string) {
  const { names } = target;
  const since = Date.now() - errorHours * 60 * minute;
  for (const [logGroup, message] of [
    [names.promoteFunction, "message.failed"],
    [names.settleFunction, "sweep.failed"],
  ] as const) {
    const at = await newestEvent(target, `/aws/lambda/${logGroup}`, `"${message}"`, since);
    if (at !== null)
      return warning(
        `${logGroup} logged ${message} ${ago(Date.now() - at)}`,
        `read why: ${step("logs BATCH --functions")}`,
      );
  }
  return good(`none in ${errorHours} h`);
}

/** When a matching line was last logged, in milliseconds since the epoch; null if there is none. */
async function newestEvent(
  { clients }: Target,
  logGroupName: string,
  filterPattern: string,
  startTime: number,
): Promise<number | null> {
  let newest: number | null = null;
  let nextToken: string | undefined;
  try {
    do {
      const page = await clients.logs.send(
        new FilterLogEventsCommand({ logGroupName, filterPattern, startTime, ...(nextToken && { nextToken }) }),
      );
      for (const { timestamp = 0 } of page.events ?? []) newest = Math.max(newest ?? 0, timestamp);
      nextToken = page.nextToken;
    } while (nextToken);
  } catch (error) {
    // The group has no stream before the first invocation.
    if ((error as Error).name !== "ResourceNotFoundException") throw error;
  }
  return newest;
}
