import { anonymousPrincipal, runSimulation, type Simulation } from "@cloud-copilot/iam-simulate";
import type { DeclaredStack, Policy } from "./declared.ts";

/** One request as IAM sees it. */
export interface Call {
  /** A role's or user's ARN, a service, or `anonymous`. */
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string>>;
  /** Where it is known from: the code that was run, or a document. */
  readonly from: string;
  /** What a table says instead of `resource`, where the same holds of several. */
  readonly among?: string;
}

/** A role of the stack's account that nothing of its own holds back, so only the stack's policies can. */
export const powerful = (account: string) => `arn:aws:iam::${account}:role/administrator`;
export const foreignAccount = "999999999999";

const everything: Policy = {
  Version: "2012-10-17",
  Statement: [{ Sid: "All", Effect: "Allow", Action: ["*"], Resource: ["*"] }],
};

/** The resource that carries the policy which a request on `resource` meets. */
export const carrierOf = (resource: string): string =>
  resource.startsWith("arn:aws:s3:::") ? resource.split("/")[0]! : resource;

/**
 * The simulator knows no key whose name is made of another one's after a colon, such as
 * `kms:EncryptionContext:aws:s3:arn`, and leaves it out of the request; here it goes by a name that it knows.
 */
const named = <T>(value: T): T =>
  JSON.parse(JSON.stringify(value).replaceAll("kms:EncryptionContext:", "aws:RequestTag/kms:EncryptionContext:")) as T;

/** The request as the simulator takes it. A role from outside the stack is allowed everything by its own policy. */
function simulationOf(stack: DeclaredStack, { principal, action, resource, context }: Call): Simulation {
  const isRole = principal.startsWith("arn:");
  const resourcePolicy = stack.attached[carrierOf(resource)];
  return {
    request: {
      principal: principal === "anonymous" ? anonymousPrincipal : principal,
      action,
      resource: { resource, accountId: stack.account },
      contextVariables: { "aws:SecureTransport": "true", ...named(context) },
    },
    identityPolicies: isRole ? [{ name: "own", policy: stack.identity[principal] ?? everything }] : [],
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    ...(resourcePolicy && resourcePolicy.Statement.length > 0 && { resourcePolicy: named(resourcePolicy) }),
  };
}

/** What bears an encryption context, by "AWS KMS condition keys" (KMS developer guide, conditions-kms). */
const bearsContext = /^kms:(Encrypt|Decrypt|ReEncrypt(From|To)|GenerateDataKey\w*|CreateGrant|RetireGrant)$/;

/**
 * Whether the stack's policies allow the request.
 * @throws Error for a request that IAM would not know: an action, its kind of resource or a condition key.
 */
export async function isAllowed(stack: DeclaredStack, call: Call): Promise<boolean> {
  if (
    Object.keys(call.context).some((key) => key.startsWith("kms:EncryptionContext:")) &&
    !bearsContext.test(call.action)
  )
    throw new Error(`${call.action} bears no encryption context`);
  const answer = await runSimulation(simulationOf(stack, call), {});
  const title = `${call.action} on ${call.resource}`;
  if (answer.resultType === "error") throw new Error(`${title}: ${JSON.stringify(answer.errors)}`);
  const ignored = answer.resultType === "single" ? (answer.result.ignoredContextKeys ?? []) : [];
  if (ignored.length > 0) throw new Error(`${title}: not a key of this action: ${ignored.join(", ")}`);
  return answer.overallResult === "Allowed";
}
