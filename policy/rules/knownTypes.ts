import type { ResourceRule } from "../rule.ts";
import { isComponent, knownTypes as known } from "../types.ts";

export const knownTypes: ResourceRule = {
  name: "known-types",
  description: "Only types of resources are deployed that the other rules were written for.",
  check: ({ type }) =>
    isComponent(type) || Object.hasOwn(known, type)
      ? []
      : [`no rule looks at ${type}; use one of the types in policy/types.ts, or add it there with the rules it needs`],
};
