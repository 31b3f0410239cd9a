import { comesFrom, type Resource } from "../resource.ts";
import type { Fault, StackRule } from "../rule.ts";

const queueType = "aws-native:sqs:Queue";
const functionType = "aws:lambda/function:Function";

export const deadLetters: StackRule = {
  name: "dead-letters",
  description: "A dead-letter queue keeps every event that a function can't handle.",
  checkStack(resources) {
    const all = (type: string) => resources.filter((resource) => resource.type === type);
    const feeds = (queue: Resource) =>
      all("aws:lambda/eventSourceMapping:EventSourceMapping").some((mapping) =>
        comesFrom(mapping, "eventSourceArn", mapping.props.eventSourceArn, queue, queue.props.arn),
      );
    const isFor = (config: Resource, lambda: Resource) =>
      comesFrom(config, "functionName", config.props.functionName, lambda, lambda.props.name);
    const targets = all("aws:cloudwatch/eventTarget:EventTarget");
    const invokes = (target: Resource, lambda: Resource) =>
      comesFrom(target, "arn", target.props.arn, lambda, lambda.props.arn);

    return [
      ...all(queueType)
        .filter((queue) => feeds(queue) && queue.props.redrivePolicy?.deadLetterTargetArn === undefined)
        .map(
          (resource): Fault => ({
            resource,
            message: "it feeds a function, so redrivePolicy must name a dead-letter queue",
          }),
        ),
      ...all(functionType)
        .filter((lambda) => targets.some((target) => invokes(target, lambda)))
        .filter(
          (lambda) =>
            !all("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig").some(
              (config) => isFor(config, lambda) && config.props.destinationConfig?.onFailure?.destination !== undefined,
            ),
        )
        .map(
          (resource): Fault => ({
            resource,
            message: "it is invoked asynchronously, so a FunctionEventInvokeConfig must name an onFailure destination",
          }),
        ),
      ...targets
        .filter(({ props }) => props.deadLetterConfig?.arn === undefined)
        .map(
          (resource): Fault => ({
            resource,
            message: "deadLetterConfig is missing, so an event that can't be delivered is lost",
          }),
        ),
    ];
  },
};
