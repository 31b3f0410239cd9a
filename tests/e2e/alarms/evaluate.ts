import type { MetricAlarm } from "@aws-sdk/client-cloudwatch";

/** One value of one metric; `at` in milliseconds since the epoch. */
export interface Point {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly value: number;
  readonly at: number;
}

export type State = "OK" | "ALARM";

/** How many periods more than it is asked to CloudWatch looks at; its documentation's example has two. */
const morePeriods = 2;

/** The points' values by period, newest first; undefined where there is none. */
function valuesOf(alarm: MetricAlarm, points: readonly Point[], now: number): (number | undefined)[] {
  const period = alarm.Period! * 1000;
  const dimensions = alarm.Dimensions ?? [];
  const mine = points.filter(
    (point) =>
      point.namespace === alarm.Namespace &&
      point.metric === alarm.MetricName &&
      dimensions.length === Object.keys(point.dimensions).length &&
      dimensions.every(({ Name, Value }) => point.dimensions[Name!] === Value),
  );
  return Array.from({ length: alarm.EvaluationPeriods! + morePeriods }, (_, index) => {
    const end = now - index * period;
    const values = mine.filter(({ at }) => at > end - period && at <= end).map(({ value }) => value);
    if (values.length === 0) return undefined;
    return alarm.Statistic === "Maximum" ? Math.max(...values) : values.reduce((sum, value) => sum + value, 0);
  });
}

function isBad({ ComparisonOperator, Threshold }: MetricAlarm, value: number): boolean {
  if (ComparisonOperator === "GreaterThanOrEqualToThreshold") return value >= Threshold!;
  if (ComparisonOperator === "LessThanThreshold") return value < Threshold!;
  throw new Error(`${ComparisonOperator} is not evaluated here`);
}

/**
 * What becomes of an alarm as it is deployed. Real values come before missing ones, even older ones; what is still
 * missing then counts as the alarm says.
 * @returns undefined when it stays as it is
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
export function evaluate(alarm: MetricAlarm, points: readonly Point[], now: number): State | undefined {
  const wanted = alarm.EvaluationPeriods!;
  const real = valuesOf(alarm, points, now)
    .filter((value) => value !== undefined)
    .slice(0, wanted);
  const bad = real.filter((value) => isBad(alarm, value)).length;
  const stateWith = (missing: number): State => (bad + missing >= alarm.DatapointsToAlarm! ? "ALARM" : "OK");
  const [best, worst] = [stateWith(0), stateWith(wanted - real.length)];
  switch (alarm.TreatMissingData) {
    case "notBreaching":
      return best;
    case "breaching":
      return worst;
    case "ignore":
      return best === worst ? best : undefined;
    default:
      throw new Error(`${alarm.TreatMissingData} is not evaluated here`);
  }
}
