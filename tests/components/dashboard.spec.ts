/**
 * The dashboard's body, as CloudWatch would get it. Mocks prove what is declared: not how it is drawn, nor that a metric
 * has data.
 */
import { expect } from "chai";
import { asOf, sources, usdPerDpuHour } from "../../components/prices.ts";
import { measures, metrics } from "../../handlers/log.ts";
import { runPipeline, runWithEngine } from "./pipelineRun.ts";
import type { ProgramRun } from "./pulumiMocks.ts";

interface Widget {
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  // biome-ignore lint/suspicious/noExplicitAny: each type has properties of its own
  readonly properties: any;
}
interface Named {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/**
 * AWS's own metrics by the dimension that they are shown by.
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
 * @see https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
 */
const ofAws: Readonly<Record<string, { dimension: string; names: readonly string[] }>> = {
  "AWS/SQS": {
    dimension: "QueueName",
    names: ["ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"],
  },
  "AWS/Lambda": {
    dimension: "FunctionName",
    names: ["ConcurrentExecutions", "Duration", "Errors", "Invocations", "Throttles"],
  },
};
const emitted = new Set([
  ...Object.values(metrics),
  ...Object.values(measures).flatMap((fields) => Object.values(fields).map(({ metric }) => metric)),
]);

for (const stack of ["dev", "prod"])
  describe(`the dashboard of ${stack}`, () => {
    let run: ProgramRun;
    let widgets: readonly Widget[];
    let lines: readonly (readonly (string | Record<string, unknown>)[])[];
    before(async () => {
      run = await runPipeline({ stack });
      widgets = JSON.parse(run.only("aws:cloudwatch/dashboard:Dashboard").inputs.dashboardBody).widgets;
      lines = widgets.filter(({ type }) => type === "metric").flatMap(({ properties }) => properties.metrics);
    });
    const named = (): Named[] =>
      lines
        .filter(([first]) => typeof first === "string")
        .map((line) => {
          const [namespace, name, ...rest] = line.filter((part) => typeof part === "string");
          const pairs = rest.flatMap((part, index) => (index % 2 === 0 ? [[part, rest[index + 1]!]] : []));
          return { namespace: namespace!, name: name!, dimensions: Object.fromEntries(pairs) };
        });

    it("is named after the stack", () => {
      expect(run.only("aws:cloudwatch/dashboard:Dashboard").inputs.dashboardName).to.equal(`commerce-${stack}`);
    });

    it("shows own metrics of this stack that a log line carries", () => {
      const own = named().filter(({ namespace }) => !(namespace in ofAws));
      expect(own.length).to.be.greaterThan(15);
      for (const { namespace, name, dimensions } of own) {
        expect(namespace).to.equal("DataPipeline");
        expect([...emitted]).to.include(name);
        expect(dimensions, name).to.deep.equal({ Pipeline: "commerce", Environment: stack });
      }
    });

    it("shows AWS's metrics of queues and functions that the stack has", () => {
      const existing = {
        QueueName: run.all("aws-native:sqs:Queue").map(({ inputs }) => inputs.queueName),
        FunctionName: run.all("aws:lambda/function:Function").map(({ inputs }) => inputs.name),
      };
      const shown = named().filter(({ namespace }) => namespace in ofAws);
      expect(shown.length).to.be.greaterThan(8);
      for (const { namespace, name, dimensions } of shown) {
        const { dimension, names } = ofAws[namespace]!;
        expect(names).to.include(name);
        expect(Object.keys(dimensions), name).to.deep.equal([dimension]);
        expect(existing[dimension as keyof typeof existing], name).to.include(dimensions[dimension]);
      }
    });

    it("leaves out none of the numbers that are emitted but the count of reconciliations", () => {
      const shown = new Set(named().map(({ name }) => name));
      expect([...emitted].filter((name) => !shown.has(name))).to.deep.equal(["Reconciliations"]);
    });

    it("shows the state of every alarm", () => {
      const [{ properties }] = widgets.filter(({ type }) => type === "alarm") as [Widget];
      const declared = run
        .all("aws:cloudwatch/metricAlarm:MetricAlarm")
        .map(({ inputs }) => `arn:aws:cloudwatch:eu-central-1:123456789012:alarm:${inputs.name}`);
      expect(properties.alarms).to.have.members(declared);
    });

    it("prices Glue's DPU hours as the plan does, and the embedded engine's milliseconds by its memory", () => {
      const expressions = lines.flatMap(([first]) => (typeof first === "object" ? [first.expression] : []));
      const both = [`dpu * ${usdPerDpuHour("5.1")}`, "ms / 1000 * 0.0000393986"];
      expect(expressions).to.deep.equal([...both, ...both]);
      const cost = widgets.find(({ type, properties }) => type === "text" && /cost/.test(properties.markdown))!;
      expect(cost.properties.markdown).to.contain(sources.glue).and.to.contain(sources.lambda).and.to.contain(asOf);
    });

    it("shows nothing of the embedded engine where Glue runs all", async () => {
      const alone = await runWithEngine("glue", stack);
      const body = alone.only("aws:cloudwatch/dashboard:Dashboard").inputs.dashboardBody;
      expect(body).not.to.match(/embedded|USD per second/);
      expect(body).to.contain("commerce");
    });

    it("refers in expressions only to lines of the same graph, whose ids are unique", () => {
      for (const { properties } of widgets.filter(({ type }) => type === "metric")) {
        const options = (properties.metrics as unknown[][]).map((line) => line.at(-1) as Record<string, string>);
        const ids = options.flatMap(({ id }) => id ?? []);
        expect(new Set(ids).size, properties.title).to.equal(ids.length);
        for (const { expression } of options)
          if (expression) expect(ids).to.include.members(expression.match(/[a-z]\w*/g)!);
      }
    });

    it("draws every graph of the stack's own region", () => {
      for (const { properties } of widgets.filter(({ type }) => type === "metric"))
        expect(properties.region, properties.title).to.equal("eu-central-1");
    });

    it("lays widgets side by side on the grid's 24 columns, none over another", () => {
      const taken = new Map<string, number>();
      for (const [index, { x, y, width, height }] of widgets.entries()) {
        expect(x + width).to.be.at.most(24);
        expect([x, y, width, height].every(Number.isInteger)).to.equal(true);
        for (let column = x; column < x + width; column++)
          for (let row = y; row < y + height; row++) {
            const cell = `${column}:${row}`;
            expect(taken.get(cell), `widgets ${index} and ${taken.get(cell)} at ${cell}`).to.equal(undefined);
            taken.set(cell, index);
          }
      }
    });
  });
