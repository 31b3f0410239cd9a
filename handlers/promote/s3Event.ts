/** One object version that S3 told of. */
export interface ObjectCreated {
  readonly bucket: string;
  /** As the producer named it, decoded. */
  readonly key: string;
  readonly version: string | null;
  readonly sequencer: string;
}

/** S3's notification names keys form-encoded: `+` is a space. A stray `%` stands for itself. */
export function decodeKey(encoded: string): string {
  const spaced = encoded.replaceAll("+", " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced.replace(/(?:%[0-9A-Fa-f]{2})+/g, (escapes) => {
      try {
        return decodeURIComponent(escapes);
      } catch {
        return escapes;
      }
    });
  }
}

/** A message that S3 did not write; it goes to the dead-letter queue, since nothing says what it is about. */
export class UnreadableMessage extends Error {
  override readonly name = "UnreadableMessage";
}

interface Notification {
  readonly Event?: string;
  readonly Records?: readonly {
    readonly eventName?: string;
    readonly s3?: {
      readonly bucket?: { name?: string };
      readonly object?: { key?: string; versionId?: string; sequencer?: string };
    };
  }[];
}

/**
 * The object versions that one queue message tells of; none for S3's own test event and for deletions.
 * @throws UnreadableMessage
 */
export function objectsCreated(body: string): ObjectCreated[] {
  let message: Notification;
  try {
    message = JSON.parse(body) as Notification;
  } catch {
    throw new UnreadableMessage("the queue message is not JSON");
  }
  if (message?.Event === "s3:TestEvent") return [];
  if (!Array.isArray(message?.Records)) throw new UnreadableMessage("the queue message is not an S3 notification");
  return message.Records.flatMap(({ eventName, s3 }) => {
    if (!eventName?.startsWith("ObjectCreated:")) return [];
    const { key, versionId, sequencer } = s3?.object ?? {};
    if (!s3?.bucket?.name || !key || !sequencer)
      throw new UnreadableMessage("an S3 record without bucket, key or sequencer");
    return [{ bucket: s3.bucket.name, key: decodeKey(key), version: versionId ?? null, sequencer }];
  });
}
