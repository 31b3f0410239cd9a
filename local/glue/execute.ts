import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { AssumeRoleCommand, type Credentials, type STSClient } from "@aws-sdk/client-sts";
import { parseS3Uri } from "../../handlers/keys.ts";
import { setUpSpark } from "../../setup/index.mjs";
import { javaHome, sparkJars, venvPython } from "../../setup/paths.mjs";
import { startGuarded } from "../guarded.ts";
import { region } from "../localAws.ts";
import { errorMessage } from "./errorMessage.ts";
import type { Execution } from "./service.ts";
import { log4j, sparkDefaults } from "./sparkSettings.ts";
import type { Job, Run } from "./store.ts";

export interface Machine {
  readonly sts: STSClient;
  readonly endpoint: string;
  readonly glueEndpoint: () => string;
  /** Each run has its own folder in it. */
  readonly directory: string;
  readonly driverMemory: string;
  readonly shortRuns: boolean;
  readonly needsSpark: boolean;
  /** A command that runs instead of Python with the job's script. */
  readonly engine?: readonly string[] | undefined;
}

/** Seconds; no session lasts longer. */
const sessionDuration = 43_200;

/** Assumes the job's role for the run. */
async function takeOn(sts: STSClient, role: string, run: string): Promise<Credentials> {
  const command = new AssumeRoleCommand({ RoleArn: role, RoleSessionName: run, DurationSeconds: sessionDuration });
  const { Credentials } = await sts.send(command);
  return Credentials!;
}

async function download(s3: S3Client, uri: string, folder: string): Promise<string> {
  const place = parseS3Uri(uri);
  if (!place) throw new Error(`${uri} is not an S3 URI`);
  const { bucket, key } = place;
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    const file = join(folder, basename(key));
    writeFileSync(file, await Body!.transformToByteArray());
    return file;
  } catch (error) {
    throw new Error(`${uri} can't be read: ${(error as Error).message}`);
  }
}

function environment(machine: Machine, folder: string, role: Credentials): Record<string, string> {
  return {
    PATH: [dirname(venvPython), "/usr/local/bin", "/usr/bin", "/bin"].join(delimiter),
    HOME: folder,
    TMPDIR: join(folder, "tmp"),
    LANG: "C.UTF-8",
    TZ: "UTC",
    ...(machine.needsSpark ? { JAVA_HOME: javaHome() } : {}),
    SPARK_CONF_DIR: join(folder, "conf"),
    SPARK_LOCAL_IP: "127.0.0.1",
    PYSPARK_PYTHON: venvPython,
    PYTHONDONTWRITEBYTECODE: "1",
    PYTHONUNBUFFERED: "1",
    AWS_ENDPOINT_URL: machine.endpoint,
    AWS_ENDPOINT_URL_GLUE: machine.glueEndpoint(),
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: role.AccessKeyId!,
    AWS_SECRET_ACCESS_KEY: role.SecretAccessKey!,
    AWS_SESSION_TOKEN: role.SessionToken!,
    AWS_EC2_METADATA_DISABLED: "true",
  };
}

/** Arguments that make Glue load more than the script. */
const extras = ["--extra-py-files", "--extra-jars", "--extra-files", "--additional-python-modules"];

/**
 * Runs a job's script as Glue would: unmodified, from its own copy. The run's arguments override the job's defaults. The
 * arguments that the job fixes override both.
 */
export async function execute(machine: Machine, job: Job, run: Run): Promise<Execution> {
  const folder = join(machine.directory, run.id);
  for (const name of ["conf", "tmp"]) mkdirSync(join(folder, name), { recursive: true });
  const { DefaultArguments, NonOverridableArguments, Command, Role } = job.definition;
  const given: Record<string, string> = { ...DefaultArguments, ...run.arguments, ...NonOverridableArguments };
  const extra = extras.find((name) => given[name]);
  if (extra) throw new Error(`${extra} is not supported locally`);
  if (machine.needsSpark) await setUpSpark("runs of Glue");

  const role = await takeOn(machine.sts, Role!, run.id);
  const [accessKeyId, secretAccessKey, sessionToken] = [role.AccessKeyId!, role.SecretAccessKey!, role.SessionToken!];
  const s3 = new S3Client({
    endpoint: machine.endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey, sessionToken },
    forcePathStyle: true,
  });
  const script = await download(s3, given["--scriptLocation"] ?? Command!.ScriptLocation!, folder);
  s3.destroy();

  const { endpoint, driverMemory, shortRuns } = machine;
  const settings = { endpoint, region, directory: folder, jars: sparkJars, driverMemory, shortRuns };
  writeFileSync(join(folder, "conf", "spark-defaults.conf"), sparkDefaults(settings));
  writeFileSync(join(folder, "conf", "log4j2.properties"), log4j);

  const named = { ...given, "--JOB_NAME": run.job, "--JOB_RUN_ID": run.id };
  const logFile = join(folder, "run.log");
  const command = machine.engine ?? [venvPython, script];
  const guarded = startGuarded([...command, ...Object.entries(named).flat()], {
    env: environment(machine, folder, role),
    cwd: folder,
    logFile,
  });
  return {
    ended: guarded.ended.then((code) => (code === 0 ? null : errorMessage(readFileSync(logFile, "utf8"), code))),
    stop: guarded.stop,
  };
}
