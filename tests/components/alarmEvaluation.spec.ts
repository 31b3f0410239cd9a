/**
 * Checks the stand-in that evaluates alarms in tests/e2e/alarms.spec.ts against the tables of AWS's documentation
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html).
 */
import type { MetricAlarm } from "@aws-sdk/client-cloudwatch";
import { expect } from "chai";
import { evaluate, type Point } from "../e2e/alarms/evaluate.ts";

const period = 300;
const now = Date.UTC(2026, 0, 1);
const alarm: MetricAlarm = {
  Namespace: "n",
  MetricName: "m",
  Dimensions: [{ Name: "d", Value: "v" }],
  Statistic: "Sum",
  Period: period,
  EvaluationPeriods: 3,
  DatapointsToAlarm: 3,
  Threshold: 1,
  ComparisonOperator: "GreaterThanOrEqualToThreshold",
};
const point = (value: number, periodsAgo: number): Point => ({
  namespace: "n",
  metric: "m",
  dimensions: { d: "v" },
  value,
  at: now - (periodsAgo + 0.5) * period * 1000,
});
/** `0 X -`: good, bad, missing; the newest on the right. */
const history = (text: string): Point[] =>
  [...text.replaceAll(" ", "")]
    .reverse()
    .flatMap((mark, periodsAgo) => (mark === "-" ? [] : [point(mark === "X" ? 1 : 0, periodsAgo)]));

describe("an alarm's evaluation", () => {
  for (const [points, ignore, breaching, notBreaching] of [
    ["0 - X - X", "OK", "OK", "OK"],
    ["0 - - - -", "OK", "OK", "OK"],
    ["- - - - -", undefined, "ALARM", "OK"],
    ["0 X X - X", "ALARM", "ALARM", "ALARM"],
    ["- - X - -", undefined, "ALARM", "OK"],
  ] as const)
    it(`makes of ${points} what AWS documents, for each way to treat missing data`, () => {
      const stateWith = (TreatMissingData: string) => evaluate({ ...alarm, TreatMissingData }, history(points), now);
      expect([stateWith("ignore"), stateWith("breaching"), stateWith("notBreaching")]).to.deep.equal([
        ignore,
        breaching,
        notBreaching,
      ]);
    });

  it("takes no value of another queue, and none of another metric", () => {
    const one = { ...alarm, EvaluationPeriods: 1, DatapointsToAlarm: 1, TreatMissingData: "notBreaching" };
    expect(evaluate(one, [point(1, 0)], now)).to.equal("ALARM");
    expect(evaluate(one, [{ ...point(1, 0), dimensions: { d: "w" } }], now)).to.equal("OK");
    expect(evaluate(one, [{ ...point(1, 0), metric: "n" }], now)).to.equal("OK");
  });

  it("adds up or takes the greatest within a period, as the alarm says", () => {
    const two = {
      ...alarm,
      EvaluationPeriods: 1,
      DatapointsToAlarm: 1,
      TreatMissingData: "notBreaching",
      Threshold: 2,
    };
    expect(evaluate(two, [point(1, 0), point(1, 0)], now)).to.equal("ALARM");
    expect(evaluate({ ...two, Statistic: "Maximum" }, [point(1, 0), point(1, 0)], now)).to.equal("OK");
  });
});
