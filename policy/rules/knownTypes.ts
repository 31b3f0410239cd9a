import type { ResourceRule } from "../rule.ts";
import { isComponent, knownTypes as known } from "../types.ts";

export const knownTypes: ResourceRule = {
  name: "known-types",
  description: "Only resource types that the other rules cover are deployed.",
  check: ({ type }) =>
    isComponent(type) || Object.hasOwn(known, type)
      ? []
      : [`no rule covers ${type}; use one of the types in policy/types.ts, or add it there with the rules it needs`],
};
