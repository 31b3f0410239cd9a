import { comesFrom, type Resource } from "../resource.ts";
import type { Fault, StackRule } from "../rule.ts";
import { traitsOf } from "../types.ts";

export const stackKey: StackRule = {
  name: "stack-key",
  description: "Everything that stores data is encrypted with the stack's one key.",
  checkStack(resources) {
    const storing = resources.filter(({ type }) => traitsOf(type).key);
    const [key, ...others] = resources.filter(({ type }) => type === "aws-native:kms:Key");
    if (!key)
      return storing.map((resource) => ({
        resource,
        message: "the stack has no key to encrypt its data",
      }));
    return [
      ...others.map((resource) => ({ resource, message: `the stack already has a key, ${key.name}; use that one` })),
      ...storing.flatMap((resource) => faultOf(resource, key)),
    ];
  },
};

function faultOf(resource: Resource, key: Resource): readonly Fault[] {
  const { property, read, optional } = traitsOf(resource.type).key!;
  const value = read(resource.props);
  if (value === undefined && optional) return [];
  if (comesFrom(resource, property, value, key, key.props.arn)) return [];
  return [
    {
      resource,
      message: `${property} must name the stack's key, ${key.name}${value === undefined ? "" : ", no other"}`,
    },
  ];
}
