import type { Clients } from "../clients.ts";
import type { Unwrapped } from "../inputs.ts";

export interface Context {
  readonly clients: Clients;
  readonly region: string;
  readonly accountId: string;
  /** Variables that every function gets in addition to its own environment. */
  readonly functionEnvironment: Readonly<Record<string, string>>;
}

/** What the provider would return to Pulumi for a new resource, in addition to its inputs. */
export interface Created {
  readonly id: string;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/** Makes one resource with SDK calls. It must read every input; an unread input is an error. */
export type Create<Args> = (inputs: Unwrapped<Args>, context: Context) => Promise<Created>;
/** The handler of each resource type; each takes its own inputs. */
export type Resources = Readonly<Record<string, (inputs: never, context: Context) => Promise<Created>>>;

/** @throws Error when the name is missing: the provider would then invent one */
export function named(name: string | undefined, property: string): string {
  if (!name) throw new Error(`${property} is not set`);
  return name;
}

type TagMap = Readonly<Record<string, string>> | undefined;
export const tagPairs = (tags: TagMap) => Object.entries(tags ?? {}).map(([Key, Value]) => ({ Key, Value }));
export const tagMap = (tags: readonly { key: string; value: string }[] | undefined): Record<string, string> =>
  Object.fromEntries((tags ?? []).map(({ key, value }) => [key, value]));
