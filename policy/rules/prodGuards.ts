import type { Resource } from "../resource.ts";
import type { ResourceRule } from "../rule.ts";
import { traitsOf } from "../types.ts";

const guardedStack = "prod";
/** The minimum retention: enough to explain the figures of a quarter. */
const leastDays = 90;
/** The longest time that AWS allows for restoring a deleted key. */
const deletionWindow = 30;

interface LifecycleRule {
  readonly id?: string;
  readonly expirationInDays?: number;
}

function retentionFaults({ type, props }: Resource): string[] {
  if (type === "aws-native:logs:LogGroup" && props.retentionInDays < leastDays)
    return [`retentionInDays is ${props.retentionInDays}; ${guardedStack} keeps logs for at least ${leastDays}`];
  if (type === "aws-native:kms:Key" && props.pendingWindowInDays !== deletionWindow)
    return [`pendingWindowInDays must be ${deletionWindow} in ${guardedStack}`];
  if (type === "aws-native:s3:Bucket") {
    const rules: readonly LifecycleRule[] = props.lifecycleConfiguration?.rules ?? [];
    return rules
      .filter(({ expirationInDays }) => expirationInDays !== undefined && expirationInDays < leastDays)
      .map(
        ({ id, expirationInDays }) =>
          `lifecycle rule ${id} expires objects after ${expirationInDays} days; ${guardedStack} keeps them for at least ${leastDays}`,
      );
  }
  return [];
}

export const prodGuards: ResourceRule = {
  name: "prod-guards",
  description: "In prod, resources with data, messages or keys are protected and kept long enough.",
  check: (resource) =>
    resource.stack !== guardedStack
      ? []
      : [
          ...(traitsOf(resource.type).guarded && !resource.protect
            ? [`it must be protected in ${guardedStack}: set protect`]
            : []),
          ...retentionFaults(resource),
        ],
};
