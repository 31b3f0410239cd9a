import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import {
  BatchStopJobRunCommand,
  CreateDatabaseCommand,
  CreateJobCommand,
  type CreateJobRequest,
  CreatePartitionCommand,
  CreateTableCommand,
  GetDatabaseCommand,
  GetJobCommand,
  GetJobRunCommand,
  GetJobRunsCommand,
  GetPartitionCommand,
  type JobRun,
  ListJobsCommand,
  StartJobRunCommand,
  type StartJobRunRequest,
  UpdatePartitionCommand,
} from "@aws-sdk/client-glue";
import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { type Clients, createClients, destroyClients } from "../../local/clients.ts";
import { errorMessage } from "../../local/glue/errorMessage.ts";
import { notifyStateChange } from "../../local/glue/notify.ts";
import { type Execution, GlueError, GlueService } from "../../local/glue/service.ts";
import type { Run } from "../../local/glue/store.ts";
import { type LocalStack, startLocalStack } from "../../local/index.ts";

/** What this does not prove: Spark. The scripts here are plain Python; the whole run has tests of its own. */

async function failure(work: () => unknown): Promise<{ name: string; message: string }> {
  try {
    await work();
  } catch (error) {
    return { name: error instanceof GlueError ? error.code : (error as Error).name, message: (error as Error).message };
  }
  throw new Error("it did not fail");
}

describe("the message of a run that failed", () => {
  const traceback = 'Traceback (most recent call last):\n  File "job.py", line 1, in <module>\n    run()\n';

  it("is the exception, whatever is logged behind it", () => {
    const log = `select 1\n\n${traceback}plan_runner.errors.Infrastructure: java.net.ConnectException: refused
21:04:11 WARN ShutdownHookManager: late\n\tat java.base/Thread.run(Thread.java:840)\n\t... 25 more\n`;
    expect(errorMessage(log, 1)).to.equal("plan_runner.errors.Infrastructure: java.net.ConnectException: refused");
  });

  it("has the lines of the exception, but no stack of the JVM", () => {
    const log = `${traceback}\nDuring handling of the above exception, another exception occurred:\n\n${traceback}SqlFailed: output "a":
[PARSE_SYNTAX_ERROR] Syntax error at or near 'selekt'.\n\tat org.apache.spark.sql.Parser\nCaused by: more\n`;
    expect(errorMessage(log, 1)).to.equal(
      "SqlFailed: output \"a\": [PARSE_SYNTAX_ERROR] Syntax error at or near 'selekt'.",
    );
  });

  it("is the last thing that was said without an exception, and the code without a word", () => {
    expect(errorMessage("a\nb\n", 3)).to.equal("b");
    expect(errorMessage("", 3)).to.equal("the script ended with exit code 3");
  });
});

describe("the local Glue's jobs and runs", () => {
  let folder: string;
  let service: GlueService;
  let ended: Run[];
  /** The runs' processes, which end when told. */
  let processes: Map<string, (problem: string | null) => void>;

  const open = (minute = 60_000) =>
    new GlueService({
      stateFile: join(folder, "state.json"),
      execute: async (_job, run) => {
        let end: (problem: string | null) => void = () => {};
        const execution: Execution = {
          ended: new Promise((resolve) => {
            end = resolve;
          }),
          stop: async () => end("ended by a signal"),
        };
        processes.set(run.id, end);
        return execution;
      },
      onEnd: async (run) => {
        ended.push({ ...run });
      },
      onError: (error) => {
        throw error;
      },
      minute,
    });

  const job: CreateJobRequest = {
    Name: "refine",
    Role: "arn:aws:iam::000000000000:role/refine",
    Command: { Name: "glueetl", ScriptLocation: "s3://artifacts/job.py" },
    ExecutionProperty: { MaxConcurrentRuns: 1 },
    Timeout: 1,
  };
  const start = (request: Partial<StartJobRunRequest> = {}) =>
    service.startJobRun({ JobName: "refine", ...request }).JobRunId;
  const state = (id: string) => service.getJobRun({ JobName: "refine", RunId: id }).JobRun.JobRunState;
  const end = async (id: string, problem: string | null) => {
    await sleep(1);
    processes.get(id)?.(problem);
    await sleep(1);
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "glue-"));
    ended = [];
    processes = new Map();
    service = open();
    service.createJob(job);
  });
  afterEach(async () => {
    await service.close();
    rmSync(folder, { recursive: true });
  });

  it("takes a run from STARTING over RUNNING to SUCCEEDED", async () => {
    const id = start();
    expect(state(id)).to.equal("STARTING");
    await sleep(1);
    expect(state(id)).to.equal("RUNNING");
    await end(id, null);
    expect(state(id)).to.equal("SUCCEEDED");
    expect(ended.map((run) => [run.id, run.state])).to.deep.equal([[id, "SUCCEEDED"]]);
  });

  it("gives a failed run the script's last words", async () => {
    const id = start();
    await end(id, "ValueError: no rows");
    const { JobRun } = service.getJobRun({ JobName: "refine", RunId: id });
    expect([JobRun.JobRunState, JobRun.ErrorMessage]).to.deep.equal(["FAILED", "ValueError: no rows"]);
  });

  it("stops a run", async () => {
    const id = start();
    await sleep(1);
    expect(service.batchStopJobRun({ JobName: "refine", JobRunIds: [id] }).SuccessfulSubmissions).to.have.length(1);
    await sleep(1);
    expect(state(id)).to.equal("STOPPED");
    expect(ended[0]?.state).to.equal("STOPPED");
  });

  it("stops a run that gets the stop before its process has started", async () => {
    const id = start();
    service.batchStopJobRun({ JobName: "refine", JobRunIds: [id] });
    expect(state(id)).to.equal("STOPPING");
    await sleep(2);
    expect(state(id)).to.equal("STOPPED");
  });

  it("reports a run that has ended already as an error of its own", async () => {
    const id = start();
    await end(id, null);
    const { Errors, SuccessfulSubmissions } = service.batchStopJobRun({ JobName: "refine", JobRunIds: [id, "jr_0"] });
    expect(SuccessfulSubmissions).to.deep.equal([]);
    expect(Errors).to.have.length(2);
  });

  it("ends a run at its timeout", async () => {
    await service.close();
    service = open(20);
    const id = start();
    await sleep(60);
    expect(state(id)).to.equal("TIMEOUT");
  });

  it("refuses a run beyond the job's concurrency", async () => {
    start();
    expect((await failure(() => start())).name).to.equal("ConcurrentRunsExceededException");
  });

  it("lets it wait when queuing is on, and starts it in its turn", async () => {
    const first = start();
    const second = start({ JobRunQueuingEnabled: true });
    expect(state(second)).to.equal("WAITING");
    await end(first, null);
    expect(state(second)).to.equal("RUNNING");
    await end(second, null);
    expect(state(second)).to.equal("SUCCEEDED");
  });

  it("stops a run that waits", async () => {
    start();
    const second = start({ JobRunQueuingEnabled: true });
    service.batchStopJobRun({ JobName: "refine", JobRunIds: [second] });
    expect(state(second)).to.equal("STOPPED");
  });

  it("refuses an argument that the job fixes, each by its name, and takes the others", async () => {
    const NonOverridableArguments = { "--scriptLocation": "s3://artifacts/job.py", "--conf": "a=b" };
    service.createJob({ ...job, Name: "fixed", NonOverridableArguments });
    const startFixed = (Arguments: Record<string, string>) => service.startJobRun({ JobName: "fixed", Arguments });
    for (const name of Object.keys(NonOverridableArguments))
      expect(await failure(() => startFixed({ "--mode": "x", [name]: "s3://elsewhere/job.py" }))).to.deep.equal({
        name: "InvalidInputException",
        message: `the job fixes ${name}`,
      });
    expect(service.getJobRuns({ JobName: "fixed" }).JobRuns).to.deep.equal([]);
    startFixed({ "--mode": "x" });
    expect(service.getJob({ JobName: "fixed" }).Job.NonOverridableArguments).to.deep.equal(NonOverridableArguments);
  });

  it("lists the newest runs first, page by page", async () => {
    const first = start();
    await end(first, null);
    const second = start();
    const page = service.getJobRuns({ JobName: "refine", MaxResults: 1 });
    expect(page.JobRuns.map(({ Id }) => Id)).to.deep.equal([second]);
    const rest = service.getJobRuns({ JobName: "refine", NextToken: page.NextToken });
    expect(rest.JobRuns.map(({ Id }) => Id)).to.deep.equal([first]);
  });

  it("knows its jobs and runs after a restart, and calls what was in flight failed", async () => {
    const id = start();
    await sleep(1);
    await service.close();
    service = open();
    expect(service.getJob({ JobName: "refine" }).Job.Command?.ScriptLocation).to.equal("s3://artifacts/job.py");
    const { JobRun } = service.getJobRun({ JobName: "refine", RunId: id });
    expect([JobRun.JobRunState, JobRun.ErrorMessage]).to.deep.equal(["FAILED", "the server was restarted"]);
  });

  const wrong: [string, () => unknown, string][] = [
    ["a job that is not there", () => service.startJobRun({ JobName: "other" }), "EntityNotFoundException"],
    ["a run of another job", () => service.getJobRun({ JobName: "refine", RunId: "jr_0" }), "EntityNotFoundException"],
    ["a job that exists already", () => service.createJob(job), "AlreadyExistsException"],
    ["an argument without dashes", () => start({ Arguments: { manifest: "x" } }), "InvalidInputException"],
    ["an argument that is no text", () => start({ Arguments: { "--n": 1 as never } }), "InvalidInputException"],
    [
      "workers beside a capacity",
      () => service.createJob({ ...job, Name: "b", WorkerType: "G.1X", MaxCapacity: 2 }),
      "InvalidInputException",
    ],
    ["retries of Glue's own", () => service.createJob({ ...job, Name: "b", MaxRetries: 1 }), "InvalidInputException"],
  ];
  for (const [what, request, error] of wrong)
    it(`refuses ${what}`, async () => {
      expect((await failure(request)).name).to.equal(error);
    });
});

describe("the local Glue server", () => {
  let folder: string;
  let stack: LocalStack;
  let clients: Clients;

  const script = `
import json, sys
import boto3

words = sys.argv[1:]
options = dict(zip(words[::2], words[1::2]))
if options["--mode"] == "fail":
    raise ValueError("told to fail")
boto3.client("s3").put_object(Bucket="work", Key=options["--JOB_RUN_ID"], Body=json.dumps(options))
`;

  const put = (Key: string, Body: string | Uint8Array) =>
    clients.s3.send(new PutObjectCommand({ Bucket: "work", Key, Body }));
  const run = async (args: Record<string, string>): Promise<JobRun> => {
    const { JobRunId } = await clients.glue.send(new StartJobRunCommand({ JobName: "refine", Arguments: args }));
    for (;;) {
      const { JobRun } = await clients.glue.send(new GetJobRunCommand({ JobName: "refine", RunId: JobRunId }));
      if (JobRun!.CompletedOn) return JobRun!;
      await sleep(50);
    }
  };

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "stack-"));
    stack = await startLocalStack({
      configFile: "config/pipeline_config.yaml",
      environment: "dev",
      directory: folder,
      // The scripts here are Python alone.
      needsSpark: false,
      apply: false,
    });
    clients = createClients(stack.endpoint, stack.glueEndpoint);
    await clients.s3.send(
      new CreateBucketCommand({
        Bucket: "work",
        CreateBucketConfiguration: { LocationConstraint: "eu-central-1" },
      }),
    );
    await put("job.py", script);
    await put("other.py", "print('last words')\nraise SystemExit('told so')\n");
    const statement = (rest: object) =>
      JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...rest }] });
    const { Role } = await clients.iam.send(
      new CreateRoleCommand({
        RoleName: "refine",
        AssumeRolePolicyDocument: statement({
          Principal: { Service: "glue.amazonaws.com" },
          Action: "sts:AssumeRole",
        }),
      }),
    );
    await clients.iam.send(
      new PutRolePolicyCommand({
        RoleName: "refine",
        PolicyName: "work",
        PolicyDocument: statement({
          Action: ["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
          Resource: ["arn:aws:s3:::work", "arn:aws:s3:::work/*"],
        }),
      }),
    );
    await clients.glue.send(
      new CreateJobCommand({
        Name: "refine",
        Role: Role!.Arn!,
        Command: { Name: "glueetl", ScriptLocation: "s3://work/job.py" },
        DefaultArguments: { "--mode": "default", "--size": "default" },
        NonOverridableArguments: { "--fixed": "by the job", "--extra-py-files": "" },
        ExecutionProperty: { MaxConcurrentRuns: 5 },
      }),
    );
  });
  after(async () => {
    destroyClients(clients);
    await stack.stop();
    rmSync(folder, { recursive: true });
  });

  it("gives a job back as it was made", async () => {
    const { Job } = await clients.glue.send(new GetJobCommand({ JobName: "refine" }));
    expect(Job?.ExecutionProperty).to.deep.equal({ MaxConcurrentRuns: 5 });
    expect(Job?.CreatedOn).to.be.instanceOf(Date);
  });

  it("runs the script with the job's arguments, the run's over them, and those that the job fixes", async () => {
    const { Id, JobRunState, ErrorMessage } = await run({ "--mode": "given" });
    expect([JobRunState, ErrorMessage]).to.deep.equal(["SUCCEEDED", undefined]);
    const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket: "work", Key: Id }));
    expect(JSON.parse(await Body!.transformToString())).to.deep.equal({
      "--JOB_NAME": "refine",
      "--JOB_RUN_ID": Id,
      "--mode": "given",
      "--size": "default",
      "--fixed": "by the job",
      "--extra-py-files": "",
    });
  });

  it("fails a run that is to load more than the script, which it can't", async () => {
    const { ErrorMessage } = await run({ "--extra-jars": "s3://work/a.jar" });
    expect(ErrorMessage).to.equal("--extra-jars is not supported locally");
  });

  it("fails the run when the script does, with what it said last", async () => {
    const { JobRunState, ErrorMessage } = await run({ "--mode": "fail" });
    expect([JobRunState, ErrorMessage]).to.deep.equal(["FAILED", "ValueError: told to fail"]);
  });

  it("runs the script that the start names instead of the job's", async () => {
    const { ErrorMessage } = await run({ "--scriptLocation": "s3://work/other.py" });
    expect(ErrorMessage).to.equal("told so");
  });

  it("fails a run whose script is not there, naming it", async () => {
    const { JobRunState, ErrorMessage } = await run({ "--scriptLocation": "s3://work/none.py" });
    expect(JobRunState).to.equal("FAILED");
    expect(ErrorMessage).to.match(/^s3:\/\/work\/none\.py can't be read: /);
  });

  it("ends the process of a run that is stopped", async () => {
    await put("endless.py", "import time\nopen('begun', 'w').close()\ntime.sleep(600)\n");
    const { JobRunId } = await clients.glue.send(
      new StartJobRunCommand({ JobName: "refine", Arguments: { "--scriptLocation": "s3://work/endless.py" } }),
    );
    while (!existsSync(join(folder, "runs", JobRunId!, "begun"))) await sleep(50);
    await clients.glue.send(new BatchStopJobRunCommand({ JobName: "refine", JobRunIds: [JobRunId!] }));
    const of = { JobName: "refine", RunId: JobRunId };
    while ((await clients.glue.send(new GetJobRunCommand(of))).JobRun?.JobRunState === "STOPPING") await sleep(50);
    expect((await clients.glue.send(new GetJobRunCommand(of))).JobRun?.JobRunState).to.equal("STOPPED");
  });

  it("answers an unknown job with Glue's own exception", async () => {
    const { name } = await failure(() => clients.glue.send(new GetJobRunsCommand({ JobName: "other" })));
    expect(name).to.equal("EntityNotFoundException");
  });

  it("refuses what it does not do with jobs, which the local AWS would answer wrongly", async () => {
    expect((await failure(() => clients.glue.send(new ListJobsCommand({})))).name).to.equal("InvalidInputException");
  });

  it("passes the catalog on to the local AWS", async () => {
    await clients.glue.send(new CreateDatabaseCommand({ DatabaseInput: { Name: "shop" } }));
    const { Database } = await clients.glue.send(new GetDatabaseCommand({ Name: "shop" }));
    expect(Database?.Name).to.equal("shop");
  });

  it("updates a partition, and says when there is none", async () => {
    const table = { DatabaseName: "sales", TableName: "orders" };
    await clients.glue.send(new CreateDatabaseCommand({ DatabaseInput: { Name: "sales" } }));
    await clients.glue.send(
      new CreateTableCommand({
        DatabaseName: "sales",
        TableInput: { Name: "orders", PartitionKeys: [{ Name: "batch", Type: "string" }] },
      }),
    );
    const at = (Location: string) => ({ Values: ["b1"], StorageDescriptor: { Location } });
    const update = () =>
      clients.glue.send(
        new UpdatePartitionCommand({ ...table, PartitionValueList: ["b1"], PartitionInput: at("s3://gold/2/") }),
      );
    expect((await failure(update)).name).to.equal("EntityNotFoundException");
    await clients.glue.send(new CreatePartitionCommand({ ...table, PartitionInput: at("s3://gold/1/") }));
    await update();
    const { Partition } = await clients.glue.send(new GetPartitionCommand({ ...table, PartitionValues: ["b1"] }));
    expect(Partition?.StorageDescriptor?.Location).to.equal("s3://gold/2/");
  });

  describe("tells of a run's end", () => {
    const settle = "arn:aws:lambda:eu-central-1:000000000000:function:settle";
    let invoked: { FunctionName: string; InvocationType: string; Payload: Buffer }[];
    const notify = (changes: Partial<Run>) =>
      notifyStateChange(
        {
          ...clients,
          lambda: { send: async ({ input }: { input: (typeof invoked)[number] }) => invoked.push(input) } as never,
        },
        {
          ...{ id: "jr_1", job: "refine", arguments: {}, timeout: 1, startedOn: 1, lastModifiedOn: 2 },
          ...changes,
        } as Run,
      );

    before(async () => {
      const EventPattern = JSON.stringify({
        source: ["aws.glue"],
        "detail-type": ["Glue Job State Change"],
        detail: { jobName: ["refine"], state: ["SUCCEEDED", "FAILED"] },
      });
      await clients.events.send(new PutRuleCommand({ Name: "ended", EventPattern }));
      await clients.events.send(new PutRuleCommand({ Name: "sweep", ScheduleExpression: "rate(5 minutes)" }));
      for (const Rule of ["ended", "sweep"])
        await clients.events.send(new PutTargetsCommand({ Rule, Targets: [{ Id: "settle", Arn: settle }] }));
    });
    beforeEach(() => {
      invoked = [];
    });

    it("to the function of each rule that matches", async () => {
      await notify({ state: "FAILED", errorMessage: "no rows", completedOn: 1_700_000_000 });
      expect(invoked).to.have.length(1);
      expect([invoked[0]?.FunctionName, invoked[0]?.InvocationType]).to.deep.equal([settle, "Event"]);
      const event = JSON.parse(String(invoked[0]?.Payload));
      expect(event.time).to.equal("2023-11-14T22:13:20Z");
      expect(event.detail).to.deep.equal({
        jobName: "refine",
        severity: "ERROR",
        state: "FAILED",
        jobRunId: "jr_1",
        message: "no rows",
      });
    });

    it("to nobody when no rule matches", async () => {
      await notify({ state: "STOPPED" });
      await notify({ state: "SUCCEEDED", job: "other" });
      expect(invoked).to.deep.equal([]);
    });
  });

  it("writes what it does to its log", () => {
    expect(readFileSync(stack.logFile, "utf8")).to.include("Running on http://127.0.0.1:");
  });
});
