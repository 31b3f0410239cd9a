import { SendMessageCommand } from "@aws-sdk/client-sqs";
import type { Sqs } from "../clients.ts";
import type { FunctionEnvironment } from "../settings.ts";
import { type ObjectCreated, writeNotification } from "./s3Event.ts";

/**
 * Sends promote a message of the pipeline's own about one version.
 * @param delay in seconds, until promote gets it
 */
export async function sendToPromote(
  object: ObjectCreated,
  reason: Parameters<typeof writeNotification>[1],
  { sqs, names }: { readonly sqs: Sqs; readonly names: Pick<FunctionEnvironment, "promoteQueueUrl"> },
  delay?: number,
): Promise<void> {
  await sqs.send(
    new SendMessageCommand({
      QueueUrl: names.promoteQueueUrl,
      MessageBody: writeNotification(object, reason),
      ...(delay === undefined ? {} : { DelaySeconds: delay }),
    }),
  );
}
