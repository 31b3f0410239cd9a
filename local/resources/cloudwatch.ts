import {
  type ComparisonOperator,
  PutDashboardCommand,
  PutMetricAlarmCommand,
  type Statistic,
} from "@aws-sdk/client-cloudwatch";
import type * as aws from "@pulumi/aws";
import { plain } from "../inputs.ts";
import { type Create, named, type Resources, tagPairs } from "./resource.ts";

const alarm: Create<aws.cloudwatch.MetricAlarmArgs> = async (
  inputs,
  { clients: { cloudwatch }, region, accountId },
) => {
  const AlarmName = named(inputs.name, "name");
  const dimensions = plain(inputs.dimensions) ?? {};
  await cloudwatch.send(
    new PutMetricAlarmCommand({
      AlarmName,
      AlarmDescription: inputs.alarmDescription,
      Namespace: inputs.namespace,
      MetricName: inputs.metricName,
      Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      Statistic: inputs.statistic as Statistic,
      Period: inputs.period,
      EvaluationPeriods: inputs.evaluationPeriods,
      DatapointsToAlarm: inputs.datapointsToAlarm,
      Threshold: inputs.threshold,
      ComparisonOperator: inputs.comparisonOperator as ComparisonOperator,
      TreatMissingData: inputs.treatMissingData,
      AlarmActions: plain(inputs.alarmActions) as string[] | undefined,
      OKActions: plain(inputs.okActions) as string[] | undefined,
      Tags: tagPairs(plain(inputs.tags)),
    }),
  );
  return { id: AlarmName, outputs: { arn: `arn:aws:cloudwatch:${region}:${accountId}:alarm:${AlarmName}` } };
};

const dashboard: Create<aws.cloudwatch.DashboardArgs> = async (inputs, { clients: { cloudwatch } }) => {
  const DashboardName = named(inputs.dashboardName, "dashboardName");
  await cloudwatch.send(
    new PutDashboardCommand({ DashboardName, DashboardBody: plain(inputs.dashboardBody) as string }),
  );
  return { id: DashboardName };
};

export const cloudwatchResources: Resources = {
  "aws:cloudwatch/metricAlarm:MetricAlarm": alarm,
  "aws:cloudwatch/dashboard:Dashboard": dashboard,
};
