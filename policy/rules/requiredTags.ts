import { unknown, type Value } from "../resource.ts";
import type { ResourceRule } from "../rule.ts";
import { traitsOf } from "../types.ts";

const required = ["pipeline", "environment", "team"];

const asMap = (tags: Value): Record<string, Value> =>
  Array.isArray(tags) ? Object.fromEntries(tags.map(({ key, value }) => [key, value])) : (tags ?? {});

export const requiredTags: ResourceRule = {
  name: "required-tags",
  description: `Every resource that can have tags names its owner: ${required.join(", ")}.`,
  check({ type, props, stack }) {
    if (!traitsOf(type).tags || props.tags === unknown) return [];
    const tags = asMap(props.tags);
    const missing = required.filter((tag) => !tags[tag]);
    return [
      ...(missing.length > 0 ? [`tags are missing: ${missing.join(", ")}`] : []),
      ...(tags.environment && tags.environment !== unknown && tags.environment !== stack
        ? [`the tag environment is ${tags.environment}, but the stack is ${stack}`]
        : []),
    ];
  },
};
