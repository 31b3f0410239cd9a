import type { PhysicalNames } from "../config/naming.ts";
import type { PipelineConfig } from "../config/schema.ts";
import type { Alarm } from "./alerts.ts";

/** What a person has to hear of: nothing of the pipeline's own takes these up again. */
export function pipelineAlarms(names: PhysicalNames, limits: PipelineConfig["alerts"]): readonly Alarm[] {
  const notEmpty = (name: string, queue: string, description: string): Alarm => ({
    name,
    description,
    namespace: "AWS/SQS",
    metric: "ApproximateNumberOfMessagesVisible",
    dimensions: { QueueName: queue },
    statistic: "Maximum",
    threshold: 1,
  });
  const errors = (name: string, lambda: string): Alarm => ({
    name,
    description: `${lambda} failed; its log says on what`,
    namespace: "AWS/Lambda",
    metric: "Errors",
    dimensions: { FunctionName: lambda },
    statistic: "Sum",
    threshold: 1,
  });
  return [
    notEmpty(
      "promote-dlq-not-empty",
      names.promoteDeadLetters,
      "Files could not be promoted; mend the cause, then redrive the queue",
    ),
    notEmpty(
      "settle-dlq-not-empty",
      names.settleDeadLetters,
      "Events could not be settled; the next sweep tries again, the queue says on what it failed",
    ),
    {
      name: "promote-queue-age",
      description: `A file has been waiting for ${limits.queueAge} seconds; is ${names.promoteFunction} throttled or failing?`,
      namespace: "AWS/SQS",
      metric: "ApproximateAgeOfOldestMessage",
      dimensions: { QueueName: names.promoteQueue },
      statistic: "Maximum",
      threshold: limits.queueAge,
    },
    errors("promote-errors", names.promoteFunction),
    errors("settle-errors", names.settleFunction),
  ];
}
