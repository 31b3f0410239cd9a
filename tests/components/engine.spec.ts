/**
 * The Glue job, its release and the catalog. Mocks prove the declarations only: not that Glue takes the arguments, nor
 * that Athena reads what the tables describe.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { unzipSync } from "fflate";
import { archive, releaseUploads } from "../../components/artifacts.ts";
import { contractOf } from "../../config/contract.ts";
import { loadConfig } from "../../config/load.ts";
import { compilePlan } from "../../plan/compile.ts";
import { planText } from "../../plan/planText.ts";
import { runPipeline, tinySources } from "./pipelineRun.ts";
import type { ProgramRun } from "./pulumiMocks.ts";

const artifacts = "commerce-dev-artifacts-123456789012";
const uploadType = "aws:s3/bucketObjectv2:BucketObjectv2";
const hash = (content: string | Uint8Array) => createHash("sha256").update(content).digest("hex").slice(0, 32);
const contract = contractOf(loadConfig("config/pipeline_config.yaml", "dev").config);

describe("the Glue job", () => {
  let dev: ProgramRun;
  let prod: ProgramRun;
  before(async () => {
    dev = await runPipeline({ stack: "dev" });
    prod = await runPipeline({ stack: "prod" });
  });
  const job = (run: ProgramRun) => run.only("aws-native:glue:Job").inputs;
  const upload = (role: string) => dev.only(uploadType, `commerce-artifacts-release-${role}`).inputs;
  const uri = (role: string) => `s3://${artifacts}/${upload(role).key}`;

  it("is sized by workers, never by capacity, and has a limit in minutes", () => {
    expect(job(dev)).to.include({ glueVersion: "5.1", workerType: "G.1X", numberOfWorkers: 2, timeout: 30 });
    expect(job(prod)).to.include({ workerType: "G.1X", numberOfWorkers: 10, timeout: 60 });
    for (const run of [dev, prod]) expect(job(run)).not.to.have.any.keys("maxCapacity", "allocatedCapacity");
  });

  it("grows only where the config says so, and then up to its workers", () => {
    expect(job(dev).nonOverridableArguments["--enable-auto-scaling"]).to.equal("false");
    expect(job(prod).nonOverridableArguments["--enable-auto-scaling"]).to.equal("true");
  });

  it("queues runs, retries none and runs as many at once as the config says", () => {
    expect(job(dev)).to.deep.include({
      maxRetries: 0,
      jobRunQueuingEnabled: true,
      executionProperty: { maxConcurrentRuns: 3 },
    });
    expect(job(prod).executionProperty).to.deep.equal({ maxConcurrentRuns: 10 });
  });

  it("runs the uploaded script, and no other, with these arguments, which no run can change", () => {
    expect(job(dev).command).to.deep.equal({ name: "glueetl", pythonVersion: "3", scriptLocation: uri("script") });
    expect(job(dev)).not.to.have.property("defaultArguments");
    expect(job(dev).nonOverridableArguments).to.deep.equal({
      "--ledger_bucket": "commerce-dev-ledger-123456789012",
      "--artifacts_bucket": artifacts,
      "--scriptLocation": uri("script"),
      "--job-language": "python",
      "--class": "GlueApp",
      "--extra-py-files": "",
      "--extra-jars": "",
      "--extra-files": "",
      "--user-jars-first": "false",
      "--use-postgres-driver": "false",
      "--additional-python-modules": "",
      "--python-modules-installer-option": "--no-index",
      "--conf": "spark.sql.session.timeZone=UTC",
      "--customer-driver-env-vars": "CUSTOMER_NOTHING=0",
      "--customer-executor-env-vars": "CUSTOMER_NOTHING=0",
      "--TempDir": `s3://${artifacts}/nothing/`,
      "--enable-spark-ui": "false",
      "--enable-spark-ui-legacy-path": "false",
      "--spark-event-logs-path": `s3://${artifacts}/nothing/`,
      "--write-shuffle-files-to-s3": "false",
      "--write-shuffle-spills-to-s3": "false",
      "--custom-logGroup-prefix": "/aws-glue/commerce-dev",
      "--continuous-log-logGroup": "/aws-glue/commerce-dev/output",
      "--enable-continuous-cloudwatch-log": "true",
      "--enable-continuous-log-filter": "true",
      "--continuous-log-conversionPattern": "%d{yy/MM/dd HH:mm:ss} %p %c{1}: %m%n",
      "--enable-metrics": "true",
      "--enable-observability-metrics": "true",
      "--enable-job-insights": "false",
      "--disable-proxy-v2": "false",
      "--job-bookmark-option": "job-bookmark-disable",
      "--enable-auto-scaling": "false",
      "--enable-glue-datacatalog": "false",
      "--enable-lakeformation-fine-grained-access": "false",
    });
  });

  it("is pointed to, with the digest of each artifact, once job, tables and functions are there", async () => {
    const zip = readFileSync(await upload("engine").source.path);
    const pointer = dev.only(uploadType, "commerce-artifacts-current");
    const digest = (content: string | Uint8Array) => createHash("sha256").update(content).digest("hex");
    expect(pointer.inputs).to.include({ bucket: artifacts, key: "release.json", contentType: "application/json" });
    expect(JSON.parse(pointer.inputs.content)).to.deep.equal({
      format: 1,
      release: {
        engine: { uri: uri("engine"), sha256: digest(zip) },
        contract: { uri: uri("contract"), sha256: digest(upload("contract").content) },
        plan: { uri: uri("plan"), sha256: digest(upload("plan").content) },
        reader: 1,
        embedded: {
          functionArn: "arn:aws:lambda:eu-central-1:123456789012:function:commerce-dev-embedded:1",
          upTo: 400_000_000,
        },
      },
    });
    for (const type of ["aws-native:glue:Job", "aws:glue/catalogTable:CatalogTable", "aws:lambda/function:Function"])
      for (const { urn } of dev.all(type)) expect(pointer.options.dependencies).to.include(urn);
  });

  it("is made after its log groups, which Glue would otherwise make itself", () => {
    const { dependencies } = dev.only("aws-native:glue:Job").options;
    for (const { name, urn } of dev.all("aws-native:logs:LogGroup").filter((group) => group.name.includes("refine")))
      expect(dependencies, name).to.include(urn);
    expect(dependencies).to.include(dev.only("aws:iam/rolePolicy:RolePolicy", "commerce-refine-role-policy").urn);
  });

  it("finds each file of the release under a key made of its content", async () => {
    const zip = readFileSync(await upload("engine").source.path);
    const { script, sql } = tinySources.release;
    const plan = upload("plan");
    expect(upload("script")).to.include({ bucket: artifacts, content: script, key: `script/${hash(script)}/job.py` });
    expect(plan.content).to.equal(planText(compilePlan(contract, sql)));
    expect(plan.key).to.equal(`plan/${hash(plan.content)}.json`);
    const { content, key } = upload("contract");
    expect(JSON.parse(content)).to.deep.equal(contract);
    expect(key).to.equal(`contract/${hash(content)}.json`);
    expect(upload("engine").key).to.equal(`engine/${hash(zip)}/plan_runner.zip`);
    expect(Object.keys(unzipSync(zip))).to.deep.equal(["plan_runner/__init__.py"]);
  });
});

describe("a release", () => {
  const files = tinySources.release;
  const keys = (release: ReturnType<typeof releaseUploads>) => [
    release.script.key,
    release.engine.key,
    release.contract.key,
    release.plan.key,
  ];

  it("keeps every key while nothing changes", () => {
    expect(keys(releaseUploads(files, contract))).to.deep.equal(keys(releaseUploads({ ...files }, contract)));
  });

  it("changes the one key whose file changed", () => {
    const before = keys(releaseUploads(files, contract));
    const changed = { ...files, engine: { ...files.engine, "plan_runner/new.py": Buffer.from("x = 1\n") } };
    const after = keys(releaseUploads(changed, contract));
    expect(after.map((key, index) => key === before[index])).to.deep.equal([true, false, true, true]);
  });
});

describe("an archive", () => {
  const one = Buffer.from("one");
  const two = Buffer.from("two".repeat(1000));

  it("has the same bytes in whatever order its files were found", () => {
    expect(archive({ "a.py": one, "b/c.py": two })).to.deep.equal(archive({ "b/c.py": two, "a.py": one }));
  });

  it("has the same bytes at any time and in any time zone", () => {
    const zone = process.env.TZ;
    const here = archive({ "a.py": one });
    try {
      process.env.TZ = "Pacific/Auckland";
      expect(archive({ "a.py": one })).to.deep.equal(here);
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
    // A ZIP entry's date and time, as the format packs them: the first of January 1980, midnight.
    expect(Buffer.from(here).readUInt32LE(10)).to.equal(0x00210000);
  });

  it("gives back what went in", () => {
    const unpacked = unzipSync(archive({ "b/c.py": two, "a.py": one }));
    expect(Object.keys(unpacked)).to.deep.equal(["a.py", "b/c.py"]);
    expect(Buffer.from(unpacked["b/c.py"]!).equals(two)).to.equal(true);
  });
});

describe("the catalog", () => {
  const parquet = {
    inputFormat: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    outputFormat: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    serDeInfo: {
      serializationLibrary: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
      parameters: { "serialization.format": "1" },
    },
  };
  const partitioned = {
    databaseName: "commerce_dev",
    tableType: "EXTERNAL_TABLE",
    parameters: { EXTERNAL: "TRUE", classification: "parquet" },
    partitionKeys: [{ name: "batch", type: "string" }],
  };

  it("describes each output as partitioned Parquet in gold, and each dataset's rows in silver", async () => {
    const dev = await runPipeline();
    expect(dev.only("aws:glue/catalogDatabase:CatalogDatabase").inputs.name).to.equal("commerce_dev");
    const tables = new Map(dev.all("aws:glue/catalogTable:CatalogTable").map(({ inputs }) => [inputs.name, inputs]));
    expect([...tables.keys()].sort()).to.deep.equal([
      "silver_events",
      "silver_orders",
      "silver_users",
      "user_activity",
    ]);
    expect(tables.get("user_activity")).to.deep.equal({
      ...partitioned,
      name: "user_activity",
      description: "One row per known user with the activity and the successful revenue of the batch",
      storageDescriptor: {
        ...parquet,
        location: "s3://commerce-dev-gold-123456789012/user_activity/",
        columns: contract.outputs.user_activity!.columns,
      },
    });
    expect(tables.get("silver_users")).to.deep.equal({
      ...partitioned,
      name: "silver_users",
      description: "The typed rows of users that a batch's published run has read",
      storageDescriptor: {
        ...parquet,
        location: "s3://commerce-dev-silver-123456789012/users/",
        columns: [
          ...contract.datasets.users!.columns.map(({ name, type }) => ({ name, type })),
          { name: "_part", type: "int" },
          { name: "_line", type: "bigint" },
        ],
      },
    });
  });
});
