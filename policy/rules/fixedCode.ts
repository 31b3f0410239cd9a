import { unknown } from "../resource.ts";
import type { ResourceRule } from "../rule.ts";

/** With each of these arguments, a run could execute code that was not deployed, with the job's role. */
const loaders = [
  "--scriptLocation",
  "--job-language",
  "--extra-py-files",
  "--extra-jars",
  "--extra-files",
  "--additional-python-modules",
  "--python-modules-installer-option",
  "--conf",
];

export const fixedCode: ResourceRule = {
  name: "fixed-code",
  description: "A caller who may start a Glue job can't choose the code that it executes.",
  check({ type, props: { nonOverridableArguments: fixed = {} } }) {
    if (type !== "aws-native:glue:Job" || fixed === unknown) return [];
    const free = loaders.filter((name) => !Object.hasOwn(fixed, name));
    return free.length === 0
      ? []
      : [`nonOverridableArguments lacks ${free.join(", ")}; with it a run could execute other code`];
  },
};
