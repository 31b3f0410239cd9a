/** The result of one check. */
export interface Check {
  /** `machine`, `stack`, `key` and so on. */
  readonly area: string;
  /** What was checked. */
  readonly name: string;
  /** `bad`: the pipeline can't work. `warning`: worth a look, or could not be checked. */
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
  /** An error that it throws becomes a check too: the thing is missing, or could not be checked. */
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
    if (missing.has(kind)) return { area, name, ...bad("does not exist", "deploy the stack again: pulumi up") };
    if (lost.test(kind)) return { area, name, ...bad(reason, "give this shell credentials of the stack's account") };
    if (denied.test(kind))
      return { area, name, ...warning(`could not be checked: ${reason}`, "use a role that may read it") };
    return { area, name, ...bad(reason, "check the network and the region, then try again") };
  }
}
