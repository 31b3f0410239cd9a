import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { problemsOf } from "../config/problems.ts";

/** What `Pulumi.<stack>.yaml` says under `commerce:`, where every value is a text. */
const schema = z.strictObject({
  account: z.string().regex(/^\d{12}$/, "must be the 12 digits of an AWS account"),
  alertEmail: z.email("must be one mail address").optional(),
  configFile: z.string().min(1).optional(),
  destroyData: z
    .enum(["true", "false"])
    .default("false")
    .transform((text) => text === "true"),
});

/** What belongs to the account in which a stack lives. */
export interface StackSettings extends z.output<typeof schema> {
  /** Of both providers. */
  readonly region: string;
}

/** The settings are wrong; the message names each key and the fix. */
export class StackSettingsError extends Error {
  override readonly name = "StackSettingsError";
}

/** How a setting that is missing is set. */
const examples: Readonly<Record<string, string>> = {
  "commerce:account": "123456789012",
  "aws:region": "eu-central-1",
  "aws-native:region": "eu-central-1",
};

/** Each provider reads its own region. Half a pipeline in another one would be found late. */
function regionProblems(aws: string | undefined, native: string | undefined): string[] {
  if (aws !== undefined && native !== undefined && aws !== native)
    return [`aws:region is ${aws} and aws-native:region ${native}; set both to the same`];
  return [...(aws === undefined ? ["aws:region"] : []), ...(native === undefined ? ["aws-native:region"] : [])];
}

/**
 * @param all the stack's settings, of every namespace
 * @throws StackSettingsError with all that is wrong
 */
export function parseStackSettings(stack: string, all: Readonly<Record<string, string>>): StackSettings {
  const prefix = "commerce:";
  const own = Object.entries(all).filter(([key]) => key.startsWith(prefix));
  const given = Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value]));
  const region = all["aws:region"];
  const parsed = schema.safeParse(given);
  const wrong = parsed.success ? [] : problemsOf(parsed.error.issues, schema, given);
  const problems = [
    ...regionProblems(region, all["aws-native:region"]),
    ...wrong.map(({ path, message }) => {
      const key = `${prefix}${path.join(".")}`;
      return given[String(path[0])] === undefined ? key : `${key} ${message}`;
    }),
  ].map((problem) =>
    problem in examples
      ? `Pulumi.${stack}.yaml: ${problem} is missing; set it: pulumi config set --stack ${stack} ${problem} ${examples[problem]}`
      : `Pulumi.${stack}.yaml: ${problem}`,
  );
  if (problems.length > 0 || !parsed.success) throw new StackSettingsError(problems.join("\n"));
  return { ...parsed.data, region: region! };
}

/** The pipeline's config file; it says which stacks there are, so it is read before all other settings. */
export const configFile = (all: Readonly<Record<string, string>> = pulumi.runtime.allConfig()): string =>
  all["commerce:configFile"] ?? "config/pipeline_config.yaml";

/**
 * The settings of the stack that the program runs for.
 * @throws StackSettingsError with all that is wrong
 */
export const readStackSettings = (): StackSettings => parseStackSettings(pulumi.getStack(), pulumi.runtime.allConfig());

/**
 * Refuses credentials of another account: every name has the account in it, so Pulumi would replace all that there is.
 * @param found the account of the credentials
 * @throws StackSettingsError
 */
export function refuseOtherAccount(stack: string, { account }: StackSettings, found: string | undefined): void {
  if (found !== account)
    throw new StackSettingsError(
      `stack ${stack} lives in account ${account} (commerce:account), and these credentials are of account ${found}`,
    );
}
