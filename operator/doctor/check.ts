/** What one look found. */
export interface Check {
  /** `machine`, `stack`, `key` and so on. */
  readonly area: string;
  /** What was looked at. */
  readonly name: string;
  /** `bad` keeps the pipeline from working; `warning` is worth a look, or could not be looked at. */
  readonly state: "good" | "warning" | "bad";
  /** What was found. */
  readonly detail: string;
  /** What to do; null when all is well. */
  readonly fix: string | null;
}

type Found = Omit<Check, "area" | "name">;

export const good = (detail: string): Found => ({ state: "good", detail, fix: null });
export const warning = (detail: string, fix: string): Found => ({ state: "warning", detail, fix });
export const bad = (detail: string, fix: string): Found => ({ state: "bad", detail, fix });

export interface Probe {
  readonly area: string;
  readonly name: string;
  /** What it throws is told as something that could not be looked at, or that is not there. */
  readonly look: () => Promise<Found> | Found;
}

const missing = new Set([
  "NoSuchBucket",
  "NotFound",
  "NoSuchKey",
  "ResourceNotFoundException",
  "EntityNotFoundException",
  "NotFoundException",
  "QueueDoesNotExist",
]);
const denied = /AccessDenied|Forbidden|NotAuthorized|UnauthorizedOperation/;
const lost = /^(ExpiredToken|InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|CredentialsProviderError)/;

export async function runProbe({ area, name, look }: Probe): Promise<Check> {
  try {
    return { area, name, ...(await look()) };
  } catch (error) {
    const { name: kind, message } = error as Error;
    const reason = `${kind}: ${message}`.replace(/\s+/g, " ");
    if (missing.has(kind)) return { area, name, ...bad("is not there", "deploy the stack again: pulumi up") };
    if (lost.test(kind)) return { area, name, ...bad(reason, "give this shell credentials of the stack's account") };
    if (denied.test(kind))
      return { area, name, ...warning(`could not be looked at: ${reason}`, "use a role that may look at it") };
    return { area, name, ...bad(reason, "see whether the network and the region are right, then try again") };
  }
}
