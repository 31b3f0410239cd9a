import { type Resource, unknown } from "../resource.ts";
import type { Fault, StackRule } from "../rule.ts";

/** The names of the log groups that a resource writes to; `unknown` while a name is unknown. */
function groupsOf({ type, props }: Resource): readonly (string | typeof unknown)[] {
  if (type === "aws:lambda/function:Function")
    return [props.loggingConfig?.logGroup ?? (props.name === unknown ? unknown : `/aws/lambda/${props.name}`)];
  if (type === "aws-native:glue:Job") {
    const prefix = props.nonOverridableArguments?.["--custom-logGroup-prefix"] ?? "/aws-glue/jobs";
    return prefix === unknown ? [unknown] : [`${prefix}/output`, `${prefix}/error`];
  }
  return [];
}

export const logRetention: StackRule = {
  name: "log-retention",
  description: "Every log has a declared retention, in a log group of the stack.",
  checkStack(resources) {
    const groups = resources.filter(({ type }) => type === "aws-native:logs:LogGroup");
    const declared = groups.map(({ props }) => props.logGroupName);
    return [
      ...groups
        .filter(({ props }) => props.retentionInDays === undefined)
        .map((resource): Fault => ({ resource, message: "retentionInDays is missing, so its lines stay for ever" })),
      ...resources.flatMap((resource) =>
        groupsOf(resource)
          .filter((group) => group !== unknown && !declared.includes(group))
          .map(
            (group): Fault => ({
              resource,
              message: `the stack has no log group ${String(group)}; AWS would make it, without retention and key`,
            }),
          ),
      ),
    ];
  },
};
