import { statementsOf } from "../document.ts";
import { comesFrom, type Resource, unknown } from "../resource.ts";
import type { Fault, StackRule } from "../rule.ts";

/** Type to the policy that has to refuse plain text for it, how the two are tied, and what is refused. */
const guarded = [
  {
    type: "aws-native:s3:Bucket",
    id: "bucketName",
    policy: "aws:s3/bucketPolicy:BucketPolicy",
    of: "bucket",
    action: "s3:*",
  },
  {
    type: "aws-native:sqs:Queue",
    id: "queueUrl",
    policy: "aws:sqs/queuePolicy:QueuePolicy",
    of: "queueUrl",
    action: "sqs:*",
  },
  // A topic's policy may name only actions on the topic, of which this one carries data.
  {
    type: "aws:sns/topic:Topic",
    id: "arn",
    policy: "aws:sns/topicPolicy:TopicPolicy",
    of: "arn",
    action: "sns:Publish",
  },
] as const;

function refusesPlainText(document: unknown, action: string): boolean {
  return (statementsOf(document) ?? []).some(
    ({ allows, principals, actions, condition }) =>
      !allows &&
      principals.includes("*") &&
      actions.includes(action) &&
      Object.keys(condition).length === 1 &&
      String(condition.Bool?.["aws:SecureTransport"]) === "false",
  );
}

export const tlsOnly: StackRule = {
  name: "tls-only",
  description: "Buckets, queues and topics refuse whatever comes without TLS.",
  checkStack: (resources) =>
    guarded.flatMap(({ type, id, policy, of, action }) =>
      resources
        .filter((resource) => resource.type === type)
        .flatMap((resource): Fault[] => {
          const isItsPolicy = (other: Resource) =>
            other.type === policy && comesFrom(other, of, other.props[of], resource, resource.props[id]);
          const found = resources.find(isItsPolicy);
          const kind = policy.split(":").at(-1);
          if (!found) return [{ resource, message: `it has no ${kind}, which would refuse what comes without TLS` }];
          if (found.props.policy === unknown || refusesPlainText(found.props.policy, action)) return [];
          return [
            {
              resource: found,
              message: `it has to deny ${action} to everybody where aws:SecureTransport is false, and on no other condition`,
            },
          ];
        }),
    ),
};
