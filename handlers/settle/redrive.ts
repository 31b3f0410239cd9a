import { DeleteMessageCommand, type Message, ReceiveMessageCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import type { Sqs } from "../clients.ts";
import { type Log, reasonOf } from "../log.ts";
import type { FunctionEnvironment } from "../settings.ts";

export interface RedriveAnswer {
  /** Messages that went back to the promote queue. */
  readonly promote: { readonly sent: number };
  /** Events that settle took up again, and those that failed again and stay. */
  readonly settle: { readonly handled: number; readonly left: number };
}

interface RedriveDeps {
  readonly sqs: Sqs;
  readonly names: Pick<FunctionEnvironment, "promoteQueueUrl" | "promoteDeadLettersUrl" | "settleDeadLettersUrl">;
  readonly log: Log;
  readonly handle: (event: unknown) => Promise<unknown>;
}

/**
 * Retries every dead letter. A message is deleted after it was sent or handled, so a crash in between repeats it; both
 * functions recognise repeats.
 */
export async function redrive(
  { sqs, names, log, handle }: RedriveDeps,
  hasTime: () => boolean,
): Promise<RedriveAnswer> {
  let sent = 0;
  await drain(sqs, names.promoteDeadLettersUrl, hasTime, async ({ Body }) => {
    await sqs.send(new SendMessageCommand({ QueueUrl: names.promoteQueueUrl, MessageBody: Body! }));
    sent++;
  });
  let handled = 0;
  let left = 0;
  await drain(sqs, names.settleDeadLettersUrl, hasTime, async ({ Body, MessageId }) => {
    try {
      await handle(eventOf(Body!));
      handled++;
    } catch (error) {
      log.error("redrive.failed", { messageId: MessageId, reason: reasonOf(error) });
      left++;
      throw error;
    }
  });
  log.info("redrive.done", { sent, handled, left });
  return { promote: { sent }, settle: { handled, left } };
}

/** Takes each message of a queue once; a message stays if `take` fails. */
async function drain(
  sqs: Sqs,
  queueUrl: string,
  hasTime: () => boolean,
  take: (message: Message) => Promise<void>,
): Promise<void> {
  const seen = new Set<string>();
  while (hasTime()) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: 10,
        VisibilityTimeout: 300,
        WaitTimeSeconds: 1,
      }),
    );
    const fresh = Messages.filter(({ MessageId }) => !seen.has(MessageId!));
    if (fresh.length === 0) return;
    for (const message of fresh) {
      seen.add(message.MessageId!);
      const isTaken = await take(message).then(
        () => true,
        () => false,
      );
      if (isTaken)
        await sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: message.ReceiptHandle! }));
    }
  }
}

/** EventBridge stores an undelivered event as it is; Lambda wraps an event on which the function failed. */
function eventOf(body: string): unknown {
  const letter = JSON.parse(body) as { requestPayload?: unknown };
  return letter.requestPayload ?? letter;
}
