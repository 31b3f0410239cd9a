import type { Contract } from "../../config/contract.ts";
import type { Plain, Snapshot } from "./snapshot/snapshot.ts";

/** One change of a contract, as it concerns producers, who upload, or readers, who query. All texts are one line. */
export interface ContractChange {
  readonly verdict: "compatible" | "breaking";
  readonly audience: "producers" | "readers";
  /** `datasets.orders.columns.currency` */
  readonly key: string;
  /** `removed`, `keep → reject` */
  readonly what: string;
  /** What it means for the audience. */
  readonly why: string;
}

export type CompareContracts = (old: Contract, next: Contract) => readonly ContractChange[];

/** The contract that a stack's functions carry. */
export function contractIn({ resources }: Snapshot): Contract {
  const code = resources.find(({ type }) => type === "aws:lambda/function:Function")?.inputs.code as Plain | undefined;
  const settings = code?.["settings.json"] as Plain | undefined;
  if (settings?.contract === undefined) throw new Error("no function of the stack carries a contract");
  return settings.contract as unknown as Contract;
}
