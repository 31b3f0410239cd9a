import type { Clients } from "../clients.ts";
import type { Unwrapped } from "../inputs.ts";

export interface Context {
  readonly clients: Clients;
  readonly region: string;
  readonly accountId: string;
  /** Set in every function beside its own environment. */
  readonly functionEnvironment: Readonly<Record<string, string>>;
}

/** What the provider would have told Pulumi once the resource exists, beside its inputs. */
export interface Created {
  readonly id: string;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/** Makes one resource with SDK calls. It has to read each input: an unread one is an error. */
export type Create<Args> = (inputs: Unwrapped<Args>, context: Context) => Promise<Created>;
/** A table of them, whose entries take different inputs. */
export type Resources = Readonly<Record<string, (inputs: never, context: Context) => Promise<Created>>>;

/** @throws Error when a name is left to the provider, which would make one up */
export function named(name: string | undefined, property: string): string {
  if (!name) throw new Error(`${property} is not set`);
  return name;
}

type TagMap = Readonly<Record<string, string>> | undefined;
export const tagPairs = (tags: TagMap) => Object.entries(tags ?? {}).map(([Key, Value]) => ({ Key, Value }));
export const tagMap = (tags: readonly { key: string; value: string }[] | undefined): Record<string, string> =>
  Object.fromEntries((tags ?? []).map(({ key, value }) => [key, value]));
