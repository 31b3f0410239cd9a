import { createHash } from "node:crypto";
import type { JobRunState } from "@aws-sdk/client-glue";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import type { Contract } from "../../config/contract.ts";
import type { FileReport } from "../../handlers/promote/fileReport.ts";
import type { Artifact, Release } from "../../handlers/release.ts";
import type { SimulatedJobRun } from "./jobRun.ts";
import type { Parts } from "./parts.ts";
import type { MemoryS3 } from "./s3/memoryS3.ts";
import { minute, second, type World } from "./world.ts";

/** What a job run is bound to come to, if nobody stops it. */
const fates = [
  "good",
  "failed without a report",
  "failed with a report",
  "succeeded without a report",
  "succeeded with a bad report",
  "crashed half way",
  "timeout",
  "stopped by a person",
  "never reports",
  "never begins",
] as const;
type Fate = (typeof fates)[number];

const fateFaults = {
  "failed without a report": "Glue FAILED without a report",
  "failed with a report": "Glue FAILED with a report",
  "succeeded without a report": "Glue succeeded without a report",
  "succeeded with a bad report": "Glue FAILED with a report",
  "crashed half way": "Glue FAILED without a report",
  timeout: "Glue TIMEOUT",
  "stopped by a person": "Glue STOPPED by a person",
  "never reports": "Glue never reports",
  "never begins": "Glue without capacity",
} as const satisfies Record<Exclude<Fate, "good">, string>;

/** How likely each fate is in one schedule: the first is the calm one. */
export function fateWeights({ chance }: World): readonly number[] {
  const trouble = [1, 0, 4][chance.weighted("theme/fates", [4, 1, 2])]!;
  return [30, 4, 2, 1, 1, 2, 2, 2, 2, 3].map((weight, index) => (index === 0 ? weight : weight * trouble));
}

export interface Manifest {
  readonly batch: string;
  readonly run: number;
  readonly inputs: Readonly<Record<string, { readonly report: Artifact } | null>>;
  readonly release: Release;
  readonly destination: { readonly gold: string; readonly report: string };
}

/** What an output holds: whatever its inputs held. */
export function goldOf(output: string, inputs: Readonly<Record<string, string | null>>): string {
  return `${JSON.stringify({ output, inputs })}\n`;
}

/**
 * Does what the engine does, at the times at which it does it: reads the manifest and the pinned files, writes each
 * output to a folder of its own, then the report, then ends.
 */
export function startJob(
  parts: Parts,
  jobRun: SimulatedJobRun,
  end: (state: JobRunState, message: string) => void,
): void {
  const { world, s3 } = parts;
  const { chance } = world;
  const index = world.calm ? 0 : chance.weighted(`${jobRun.name}/fate`, parts.fateWeights);
  const fate = world.isAway("Glue's capacity") ? "never begins" : fates[index]!;
  if (fate !== "good") world.hurt(fateFaults[fate], jobRun.batch);

  let at = world.now + (5 + 5 * chance.pick(`${jobRun.name}/starting`, 20)) * second;
  const step = (action: () => void) => {
    world.at(at, () => {
      if (jobRun.endedAt === null) action();
    });
    at += 1 + (1 + chance.pick(`${jobRun.name}/step`, 60)) * second;
  };
  const long = chance.weighted(`${jobRun.name}/long`, [8, 1, 1]);
  let manifest: Manifest | null = null;
  let inputs: Record<string, string | null> | null = null;
  let outputs: readonly string[] = [];

  if (fate === "never begins") {
    step(() => end("FAILED", "Resource unavailable"));
    return;
  }
  step(() => {
    if (jobRun.state === "STARTING") jobRun.state = "RUNNING";
    jobRun.began = true;
    const uri = jobRun.arguments["--manifest"]!;
    const text = s3.object("ledger", uri.replace("s3://ledger/", ""))?.content.text();
    const sha256 = text && createHash("sha256").update(text).digest("hex");
    if (!text || sha256 !== jobRun.arguments["--manifest_sha256"])
      return end("FAILED", "the manifest is not the one that was claimed");
    manifest = JSON.parse(text) as Manifest;
    const { uri: contractUri } = manifest.release.contract;
    const contract = s3.object("artifacts", contractUri.replace("s3://artifacts/", ""))?.content.text();
    if (!contract) return end("FAILED", "the contract is gone");
    outputs = Object.keys((JSON.parse(contract) as Contract).outputs);
    inputs = pinnedTexts(s3, manifest);
    if (!inputs) end("FAILED", "an input is missing");
  });
  at += [0, 25, 50][long]! * minute;
  const write = (output: string) =>
    s3.apply(
      new PutObjectCommand({
        Bucket: "gold",
        Key: `${goldFolder(output, jobRun)}part-0.parquet`,
        Body: goldOf(output, inputs!),
      }),
    );
  step(() => {
    if (outputs[0]) write(outputs[0]);
  });
  step(() => {
    if (fate === "crashed half way") return end("FAILED", "a node was lost");
    for (const output of outputs.slice(1)) write(output);
  });
  step(() => {
    switch (fate) {
      case "failed without a report":
        return end("FAILED", "a node was lost");
      case "timeout":
        return world.after(60 * minute, () => end("TIMEOUT", "the job took too long"));
      case "stopped by a person":
        jobRun.stoppedByPerson = true;
        return parts.stopSoon(jobRun);
      case "never reports":
        // Nothing more is heard of it until Glue gives it up.
        return world.after(100 * minute, () => end("FAILED", "no sign of life"));
      case "succeeded without a report":
        return;
      default:
        writeReport(parts, jobRun, manifest!, outputs, fate);
    }
  });
  step(() => {
    if (fate === "failed with a report") end("FAILED", "exit 1");
    else if (fate === "good" || fate.startsWith("succeeded")) end("SUCCEEDED", "");
  });
}

export const goldFolder = (output: string, { batch, run, id }: Pick<SimulatedJobRun, "batch" | "run" | "id">) =>
  `${output}/batch=${batch}/run=${run}/${id}/`;

/** An engine that says too much: neither the ledger nor people take it whole. */
const longReason = `a column is missing ${"ä".repeat(3000)}`;

/** What the pinned files hold; null when one is missing. */
export function pinnedTexts(s3: MemoryS3, { inputs }: Manifest): Record<string, string | null> | null {
  const texts: Record<string, string | null> = {};
  for (const [dataset, pinned] of Object.entries(inputs)) {
    if (!pinned) {
      texts[dataset] = null;
      continue;
    }
    const text = s3.object("ledger", pinned.report.uri.replace("s3://ledger/", ""))?.content.text();
    if (!text || createHash("sha256").update(text).digest("hex") !== pinned.report.sha256) return null;
    const rows = typedText(s3, JSON.parse(text) as FileReport);
    if (rows === null) return null;
    texts[dataset] = rows;
  }
  return texts;
}

/** What the parts of a file hold, which is its text here; null when a part is missing. */
export function typedText(s3: MemoryS3, { silver, parts }: FileReport): string | null {
  const texts = parts.map((_, part) =>
    s3.object("silver", `${silver}part-${part}.parquet`.replace("s3://silver/", ""))?.content.text(),
  );
  return texts.every((text) => text !== undefined) ? texts.join("") : null;
}

function writeReport(
  { s3 }: Parts,
  jobRun: SimulatedJobRun,
  { inputs }: Manifest,
  outputs: readonly string[],
  fate: Fate,
): void {
  const { id, batch, run, arguments: args } = jobRun;
  const isBad = fate === "failed with a report";
  const doesNotBalance = fate === "succeeded with a bad report";
  jobRun.reportedWell = !isBad && !doesNotBalance;
  const counted = { read: doesNotBalance ? 3 : 2, kept: 2, rejected: {}, deduplicated: 0, orphans: {} };
  const report = {
    format: 1,
    pipeline: "simulated",
    batch,
    run,
    jobRun: id,
    manifest: { uri: args["--manifest"], sha256: args["--manifest_sha256"] },
    state: isBad ? "failed" : "succeeded",
    failure: isBad ? { code: "schema_mismatch", message: longReason } : null,
    datasets: Object.fromEntries(Object.keys(inputs).map((dataset) => [dataset, counted])),
    outputs: Object.fromEntries(
      outputs.map((output) => [
        output,
        { rows: 2, files: 1, uri: `s3://gold/${goldFolder(output, jobRun)}`, columns: [] },
      ]),
    ),
    checks: [{ name: "rows_balance", passed: true, detail: "2 = 2" }],
    seconds: { total: 1 },
    engine: { name: "simulated", version: "1" },
  };
  s3.apply(
    new PutObjectCommand({ Bucket: "ledger", Key: `reports/${batch}/${run}/${id}.json`, Body: JSON.stringify(report) }),
  );
}
