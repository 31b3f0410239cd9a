import { statementsOf } from "../document.ts";
import { comesFrom, type Resource, unknown } from "../resource.ts";
import type { Fault, StackRule } from "../rule.ts";

/** For each type: the policy that must refuse plain text, the properties that link the two, and the refused action. */
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
  // A topic's policy may name only actions on the topic; this is the one that carries data.
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
  description: "Buckets, queues and topics refuse requests without TLS.",
  checkStack: (resources) =>
    guarded.flatMap(({ type, id, policy, of, action }) =>
      resources
        .filter((resource) => resource.type === type)
        .flatMap((resource): Fault[] => {
          const isItsPolicy = (other: Resource) =>
            other.type === policy && comesFrom(other, of, other.props[of], resource, resource.props[id]);
          const found = resources.find(isItsPolicy);
          const kind = policy.split(":").at(-1);
          if (!found) return [{ resource, message: `it has no ${kind} that refuses requests without TLS` }];
          if (found.props.policy === unknown || refusesPlainText(found.props.policy, action)) return [];
          return [
            {
              resource: found,
              message: `it must deny ${action} to everybody when aws:SecureTransport is false, with no other condition`,
            },
          ];
        }),
    ),
};
