/**
 * Stands in for Spark and glue/job.py: `node stubEngine.mjs --manifest URI --manifest_sha256 HEX --JOB_RUN_ID ID …`.
 * Reads the manifest and the reports on its files, sees that their parts are there, writes one object an output and the report in the documented
 * shape (handlers/run/report.ts), and takes its time between any two of these. It cleans, joins and checks nothing.
 */
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";

const s3 = new S3Client({});
const given = Object.fromEntries(
  process.argv.slice(2).flatMap((name, index, all) => (index % 2 === 0 ? [[name, all[index + 1]]] : [])),
);
const sha256 = (content) => createHash("sha256").update(content).digest("hex");
const place = (uri) => {
  const [, Bucket, Key] = uri.match(/^s3:\/\/([^/]+)\/(.+)$/);
  return { Bucket, Key };
};

async function read(uri) {
  const { Body } = await s3.send(new GetObjectCommand(place(uri)));
  return Buffer.from(await Body.transformToByteArray());
}

const write = (uri, document) => s3.send(new PutObjectCommand({ ...place(uri), Body: JSON.stringify(document) }));

const jobRun = given["--JOB_RUN_ID"];
/** Milliseconds between two steps: 50 to 250, another for each job run. */
const step = 50 + (Number.parseInt(sha256(jobRun).slice(0, 8), 16) % 200);

const uri = given["--manifest"];
const text = await read(uri);
if (sha256(text) !== given["--manifest_sha256"]) throw new Error(`${uri} is not the manifest that was claimed`);
const { batch, run, inputs, release, destination } = JSON.parse(text);
await sleep(step);

const counted = {};
for (const [dataset, input] of Object.entries(inputs)) {
  if (!input) continue;
  const text = await read(input.report.uri);
  if (sha256(text) !== input.report.sha256) throw new Error(`${input.report.uri} is not what was claimed`);
  const { source, silver, rows, parts } = JSON.parse(text);
  for (const [part, { bytes }] of parts.entries()) {
    const uri = `${silver}part-${part}.parquet`;
    if ((await read(uri)).length !== bytes) throw new Error(`${uri} is not what was promoted`);
  }
  counted[dataset] = { rows, key: source.key, bytes: source.bytes };
}
const { outputs: declared } = JSON.parse(await read(release.contract.uri));
const rows = Object.values(counted).reduce((sum, dataset) => sum + dataset.rows, 0);
await sleep(step);

const outputs = {};
for (const name of Object.keys(declared)) {
  const folder = `${destination.gold}/${name}/batch=${batch}/run=${run}/${jobRun}/`;
  await write(`${folder}part-00000.json`, counted);
  outputs[name] = { rows, files: 1, uri: folder, columns: [] };
}
await sleep(step);

await write(`${destination.report}/${jobRun}.json`, {
  format: 1,
  batch,
  run,
  jobRun,
  manifest: { uri, sha256: sha256(text) },
  state: "succeeded",
  failure: null,
  datasets: Object.fromEntries(
    Object.keys(inputs).map((dataset) => {
      const read = counted[dataset]?.rows ?? 0;
      return [dataset, { lines: read, malformed: 0, read, kept: read, rejected: {}, deduplicated: 0, orphans: {} }];
    }),
  ),
  outputs,
  checks: [],
  seconds: {},
  engine: { name: "stub", version: "0" },
});
await sleep(step);
