/** Parts of a file, counted from 0. */
export interface PartRange {
  readonly first: number;
  readonly count: number;
}

/** One object version that S3 sent an event for. */
export interface ObjectCreated {
  readonly bucket: string;
  /** As the producer named it, decoded. */
  readonly key: string;
  readonly version: string | null;
  /** S3's order of the events of one key; null when reconciliation found the version. */
  readonly sequencer: string | null;
  /** What a message of the pipeline's own asks for: some parts, or a file typed again. */
  readonly parts?: PartRange;
  /** The shape for which it asks. */
  readonly shape?: string;
  /** When it was first postponed, in milliseconds since the epoch. */
  readonly since?: number;
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

/** A message that S3 did not write. It goes to the dead-letter queue, because nothing says which file it is about. */
export class UnreadableMessage extends Error {
  override readonly name = "UnreadableMessage";
}

interface Notification {
  readonly Event?: string;
  readonly Records?: readonly {
    readonly eventName?: string;
    readonly parts?: PartRange;
    readonly shape?: string;
    readonly since?: number;
    readonly s3?: {
      readonly bucket?: { name?: string };
      readonly object?: { key?: string; versionId?: string; sequencer?: string };
    };
  }[];
}

/** An event that is not about a new object. */
export interface PassedEvent {
  readonly event: string;
  readonly key?: string;
  readonly reason: string;
  readonly fix: string;
}

/**
 * The object versions that one queue message names, and its events that change nothing.
 * @throws UnreadableMessage
 */
export function readNotification(body: string): { created: ObjectCreated[]; passed: PassedEvent[] } {
  let message: Notification;
  try {
    message = JSON.parse(body) as Notification;
  } catch {
    throw new UnreadableMessage("the queue message is not JSON");
  }
  const created: ObjectCreated[] = [];
  const passed: PassedEvent[] = [];
  if (message?.Event === "s3:TestEvent") {
    passed.push({ event: message.Event, reason: "S3 tests the notification; it is about no file", fix: "nothing" });
    return { created, passed };
  }
  if (!Array.isArray(message?.Records)) throw new UnreadableMessage("the queue message is not an S3 notification");
  for (const { eventName, s3, parts, shape, since } of (message as Required<Notification>).Records) {
    const { key, versionId, sequencer } = s3?.object ?? {};
    if (!eventName?.startsWith("ObjectCreated:"))
      passed.push({
        event: eventName ?? "unknown",
        ...(key ? { key: decodeKey(key) } : {}),
        reason: "only new objects count: a delete leaves the batch as it is",
        fix: "withdraw the file if the batch must not use it",
      });
    else if (!s3?.bucket?.name || !key) throw new UnreadableMessage("an S3 record without bucket or key");
    else
      created.push({
        bucket: s3.bucket.name,
        key: decodeKey(key),
        version: versionId ?? null,
        sequencer: sequencer ?? null,
        ...(parts ? { parts } : {}),
        ...(shape ? { shape } : {}),
        ...(since ? { since } : {}),
      });
  }
  return { created, passed };
}

/** Writes a message about one version in the shape of S3's notification; `reason` stands in for the event's name. */
export function writeNotification(
  { bucket, key, version, sequencer, parts, shape, since }: ObjectCreated,
  reason: "Continued" | "Reconciled" | "Retyped" | "Postponed",
): string {
  const encoded = encodeURIComponent(key).replaceAll("%2F", "/").replaceAll("%20", "+");
  const object = {
    key: encoded,
    ...(version === null ? {} : { versionId: version }),
    ...(sequencer === null ? {} : { sequencer }),
  };
  return JSON.stringify({
    Records: [{ eventName: `ObjectCreated:${reason}`, s3: { bucket: { name: bucket }, object }, parts, shape, since }],
  });
}
