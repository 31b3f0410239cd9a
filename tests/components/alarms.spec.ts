/**
 * The declared alarms. Mocks prove only the declarations, not that CloudWatch evaluates them as documented, nor that a
 * mail arrives. tests/e2e/alarms.spec.ts checks that each alarm's event raises it.
 */
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { pipelineAlarms } from "../../components/pipelineAlarms.ts";
import { loadConfig } from "../../config/load.ts";
import { physicalNames } from "../../config/naming.ts";
import { measures, metricNamespace, metrics } from "../../handlers/log.ts";
import { changedConfig } from "../config/changedConfig.ts";
import { runPipeline, runWithEngine } from "./pipelineRun.ts";
import type { ProgramRun } from "./pulumiMocks.ts";

const alarmType = "aws:cloudwatch/metricAlarm:MetricAlarm";
const topic = (stack: string) => `arn:aws:sns:eu-central-1:123456789012:commerce-${stack}-alerts`;
const shortName = ({ inputs }: { inputs: { name: string } }) => inputs.name.replace(/^commerce-(dev|prod)-/, "");

/** What a sweep may find once and mend with the next. */
const foundAgain = ["batch-failing", "sweep-too-short", "effect-failed"];

describe("alarms", () => {
  let runs: Record<"dev" | "prod", ProgramRun>;
  before(async () => {
    runs = { dev: await runPipeline(), prod: await runPipeline({ stack: "prod" }) };
  });
  const alarm = (name: string, stack: "dev" | "prod" = "prod") =>
    runs[stack].only(alarmType, `commerce-alerts-${name}`).inputs;

  it("watch these numbers, in five minutes each unless the sweep or a longer time decides", () => {
    const watched = runs.prod.all(alarmType).map((resource) => {
      const { namespace, metricName, dimensions, statistic, comparisonOperator, threshold } = resource.inputs;
      const of = namespace === metricNamespace ? "pipeline" : Object.values<string>(dimensions)[0];
      return [
        shortName(resource),
        `${statistic} ${metricName} of ${of} ${comparisonOperator === "LessThanThreshold" ? "<" : ">="} ${threshold}`,
      ];
    });
    const visible = "Maximum ApproximateNumberOfMessagesVisible of commerce-prod";
    expect(Object.fromEntries(watched)).to.deep.equal({
      "promote-dlq-not-empty": `${visible}-promote-dlq >= 1`,
      "settle-dlq-not-empty": `${visible}-settle-dlq >= 1`,
      "promote-queue-age": "Maximum ApproximateAgeOfOldestMessage of commerce-prod-promote >= 900",
      "promote-failed": "Sum MessagesFailed of pipeline >= 1",
      "promote-errors": "Sum Errors of commerce-prod-promote >= 1",
      "settle-errors": "Sum Errors of commerce-prod-settle >= 1",
      "promote-throttles": "Sum Throttles of commerce-prod-promote >= 1",
      "settle-throttles": "Sum Throttles of commerce-prod-settle >= 1",
      "embedded-errors": "Sum Errors of commerce-prod-embedded >= 1",
      "embedded-throttles": "Sum Throttles of commerce-prod-embedded >= 1",
      "file-rejected": "Sum FilesRejected of pipeline >= 1",
      "batch-late": "Sum BatchesLate of pipeline >= 1",
      "run-failed": "Sum RunsFailed of pipeline >= 1",
      "run-overlong": "Sum RunsOverlong of pipeline >= 1",
      "publication-failed": "Sum PublicationsFailed of pipeline >= 1",
      "effect-failed": "Maximum EffectsFailed of pipeline >= 1",
      "notice-failed": "Sum NoticesFailed of pipeline >= 1",
      "batch-failing": "Maximum BatchesFailing of pipeline >= 1",
      "sweep-too-short": "Maximum BatchesUnswept of pipeline >= 1",
      "nothing-published": "Sum RunsPublished of pipeline < 1",
      "sweep-missing": "Sum Sweeps of pipeline < 1",
      "reconciliation-overdue": "Sum ReconciliationsOverdue of pipeline >= 1",
    });
  });

  it("are raised by one bad value and stay quiet without any", () => {
    const others = new Set([
      ...["nothing-published", "sweep-missing", "promote-dlq-not-empty", "settle-dlq-not-empty", "embedded-throttles"],
      ...foundAgain,
    ]);
    const found = runs.prod.all(alarmType).filter((resource) => !others.has(shortName(resource)));
    expect(found).to.have.length(14);
    for (const { name, inputs } of found)
      expect(inputs, name).to.include({ datapointsToAlarm: 1, treatMissingData: "notBreaching", period: 300 });
  });

  it("on what the sweep repeats outlast one sweep that comes late", () => {
    for (const name of ["run-overlong", "reconciliation-overdue"])
      expect(alarm(name), name).to.include({ period: 300, evaluationPeriods: 2, datapointsToAlarm: 1 });
  });

  it("on what the next sweep may mend wait for two sweeps of three, whatever their interval", () => {
    const wanted = { evaluationPeriods: 3, datapointsToAlarm: 2, treatMissingData: "notBreaching" };
    for (const name of foundAgain) expect(alarm(name), name).to.include({ ...wanted, period: 300 });
    const eachMinute = pipelineAlarms(
      physicalNames("commerce", "prod", "123456789012"),
      loadConfig(changedConfig({ "schedule: 5m": "schedule: 1m" }), "prod"),
      true,
    );
    for (const { name, period } of eachMinute.filter(({ name }) => foundAgain.includes(name)))
      expect(period, name).to.equal(60);
  });

  it("on dead letters stay as they are while SQS reports nothing", () => {
    for (const name of ["promote-dlq-not-empty", "settle-dlq-not-empty"])
      expect(alarm(name), name).to.include({ treatMissingData: "ignore", evaluationPeriods: 1, period: 300 });
  });

  it("miss the sweep after three of its intervals, when nothing is what is reported", () => {
    expect(alarm("sweep-missing")).to.include({
      period: 300,
      evaluationPeriods: 3,
      datapointsToAlarm: 3,
      treatMissingData: "breaching",
    });
  });

  it("count the declared freshness in hours, and a stack that is new is not stale", () => {
    expect(alarm("nothing-published")).to.include({
      period: 3600,
      evaluationPeriods: 26,
      datapointsToAlarm: 26,
      treatMissingData: "notBreaching",
    });
  });

  it("know no freshness and no age of a run where none is declared", () => {
    const file = changedConfig({ "  runAge: 2h": "  # no age", "      freshness: 26h\n": "" });
    const names = pipelineAlarms(physicalNames("commerce", "prod", "123456789012"), loadConfig(file, "prod"), true);
    const others = runs.prod.all(alarmType).map(shortName);
    expect(names.map(({ name }) => name)).to.have.members(
      others.filter((name) => !["nothing-published", "run-overlong"].includes(name)),
    );
  });

  it("watch the embedded engine only where it is, and its refused calls only when they last", async () => {
    const alone = (await runWithEngine("glue")).all(alarmType).map(shortName);
    const others = runs.dev.all(alarmType).map(shortName);
    expect(others.filter((name) => !alone.includes(name))).to.deep.equal(["embedded-errors", "embedded-throttles"]);
    expect(alarm("embedded-throttles")).to.include({
      period: 300,
      evaluationPeriods: 4,
      datapointsToAlarm: 3,
      treatMissingData: "notBreaching",
    });
  });

  it("keep within what CloudWatch evaluates: a day, or seven with periods of an hour or more", () => {
    const longest = changedConfig({
      "settle: { memory: 512, timeout: 2m, schedule: 5m, reconciliation: 1d }":
        "settle: { memory: 512, timeout: 2m, schedule: 1d, reconciliation: 7d }",
      "freshness: 26h": "freshness: 7d",
    });
    const odd = changedConfig({ "schedule: 5m": "schedule: 59m", "freshness: 26h": "freshness: 90m" });
    for (const file of ["config/pipeline_config.yaml", longest, odd])
      for (const { name, period, datapoints } of pipelineAlarms(
        physicalNames("commerce", "prod", "123456789012"),
        loadConfig(file, "prod"),
        true,
      )) {
        expect(period % 60, name).to.equal(0);
        expect(period * datapoints.of, `${name} of ${file}`).to.be.at.most(period < 3600 ? 86_400 : 604_800);
      }
  });

  it("tell the topic of their beginning, and of their end where there is one", () => {
    const events = new Set<string>();
    for (const resource of runs.prod.all(alarmType)) {
      expect(resource.inputs.alarmActions, resource.name).to.deep.equal([topic("prod")]);
      if (!resource.inputs.okActions) events.add(shortName(resource));
      else expect(resource.inputs.okActions, resource.name).to.deep.equal([topic("prod")]);
    }
    expect([...events].sort()).to.deep.equal([
      "batch-late",
      "embedded-errors",
      "file-rejected",
      "notice-failed",
      "promote-errors",
      "promote-failed",
      "promote-throttles",
      "publication-failed",
      "run-failed",
      "settle-errors",
      "settle-throttles",
    ]);
  });

  it("watch queues and functions that exist, and metrics that a log line carries", () => {
    const known = [
      ...runs.prod.all("aws-native:sqs:Queue").map(({ inputs }) => inputs.queueName),
      ...runs.prod.all("aws:lambda/function:Function").map(({ inputs }) => inputs.name),
    ];
    const emitted = [
      ...Object.values(metrics),
      ...Object.values(measures).flatMap((fields) => Object.values(fields).map(({ metric }) => metric)),
    ];
    for (const { name, inputs } of runs.prod.all(alarmType))
      if (inputs.namespace === metricNamespace) {
        expect(emitted, name).to.include(inputs.metricName);
        expect(inputs.dimensions, name).to.deep.equal({ Pipeline: "commerce", Environment: "prod" });
      } else expect(known, name).to.include(Object.values(inputs.dimensions)[0]);
  });

  it("publish to an encrypted topic", () => {
    expect(runs.dev.only("aws:sns/topic:Topic").inputs.kmsMasterKeyId).to.equal(
      "arn:aws:kms:eu-central-1:123456789012:key/key-1",
    );
  });

  describe("and the runbook", () => {
    const runbook = readFileSync("docs/runbook.md", "utf8");
    const headings = [...runbook.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading!);

    it("say in one sentence what happened and what to do first, and where to read on", () => {
      for (const stack of ["dev", "prod"] as const)
        for (const resource of runs[stack].all(alarmType)) {
          const name = shortName(resource);
          expect(resource.inputs.alarmDescription, name).to.match(
            new RegExp(`^[A-Za-z][^.]{30,250}[;,] [^.]+\\. docs/runbook\\.md#${name}$`),
          );
        }
    });

    it("have an entry for each alarm, and an alarm for each entry", () => {
      expect(headings).to.have.members(runs.prod.all(alarmType).map(shortName));
    });

    it("have a line for each alarm in the runbook's table", () => {
      const table = runbook.split("\n## ")[0]!;
      const linked = [...table.matchAll(/\[([a-z-]+)\]\(#\1\)/g)].map(([, name]) => name!);
      expect(new Set(linked)).to.deep.equal(new Set(headings));
    });

    it("links to nothing within that is not there", () => {
      for (const [, anchor] of runbook.matchAll(/\]\(#([^)]+)\)/g)) expect(headings).to.include(anchor);
    });

    it("says of every entry what happened and what comes first", () => {
      for (const entry of runbook.split("\n## ").slice(1))
        expect(entry, entry.split("\n")[0]).to.match(/\*\*What happened\.\*\* .+\n\n\*\*First\.\*\* /s);
    });

    it("says of each state, and of no event, when it is over", () => {
      const over = runbook
        .split("\n## ")
        .slice(1)
        .filter((entry) => entry.includes("**Over when**"))
        .map((entry) => entry.split("\n")[0]!);
      const states = runs.prod.all(alarmType).filter(({ inputs }) => inputs.okActions);
      expect(over).to.have.members(states.map(shortName));
    });
  });
});
