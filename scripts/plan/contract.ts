import type { Contract } from "../../config/contract.ts";
import type { Plain, Snapshot } from "./snapshot/snapshot.ts";

/** The contract that a stack's functions carry. */
export function contractIn({ resources }: Snapshot): Contract {
  const code = resources.find(({ type }) => type === "aws:lambda/function:Function")?.inputs.code as Plain | undefined;
  const settings = code?.["settings.json"] as Plain | undefined;
  if (settings?.contract === undefined) throw new Error("no function of the stack carries a contract");
  return settings.contract as unknown as Contract;
}
