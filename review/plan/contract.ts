import type { Contract } from "../../config/contract.ts";
import type { Snapshot } from "./snapshot/snapshot.ts";

/** The contract that a stack uploads. */
export function contractIn({ resources }: Snapshot): Contract {
  const upload = resources.find(
    ({ type, inputs }) => type === "aws:s3/bucketObjectv2:BucketObjectv2" && `${inputs.key}`.startsWith("contract/"),
  );
  if (typeof upload?.inputs.content !== "object") throw new Error("the stack uploads no contract");
  return upload.inputs.content as unknown as Contract;
}
