import { spawnSync } from "node:child_process";
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
  const { error, status, stdout, stderr } = spawnSync("pulumi", ["stack", "export", "--stack", stack], {
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
  });
  if ((error as NodeJS.ErrnoException | undefined)?.code === "ENOENT")
    throw new RemovalRefused("pulumi is not on the PATH");
  if (error) throw error;
  if (status !== 0)
    throw new RemovalRefused(
      `pulumi: ${stderr
        .trim()
        .split("\n")
        .at(-1)
        ?.replace(/^error: /, "")}`,
    );
  const { deployment } = JSON.parse(stdout) as { deployment: { resources?: readonly Known[] } | null };
  return deployment?.resources ?? [];
}
