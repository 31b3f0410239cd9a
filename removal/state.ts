import { askPulumi } from "../operator/stack/pulumi.ts";
import { RemovalRefused } from "./openStack.ts";

/** A resource in the stack's state. */
export interface Known {
  readonly urn: string;
  readonly type: string;
  /** By which its provider knows it; none of a component. */
  readonly id?: string;
  readonly protect?: boolean;
  readonly retainOnDelete?: boolean;
}

/**
 * The resources in the stack's state, by `pulumi stack export`.
 * @throws RemovalRefused with Pulumi's own words
 */
export function knownResources(stack: string): readonly Known[] {
  const { deployment } = askPulumi(["stack", "export", "--stack", stack], RemovalRefused, "") as {
    deployment: { resources?: readonly Known[] } | null;
  };
  return deployment?.resources ?? [];
}
