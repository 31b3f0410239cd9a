import type { IncomingHttpHeaders } from "node:http";
import type { BatchUpdatePartitionResponse, UpdatePartitionRequest } from "@aws-sdk/client-glue";
import { GlueError } from "./service.ts";

/** The local AWS has UpdatePartition only in its batch form, which reports errors in its answer. */
export async function updatePartition(
  upstream: string,
  headers: IncomingHttpHeaders,
  { PartitionValueList, PartitionInput, ...table }: UpdatePartitionRequest,
): Promise<object> {
  const response = await fetch(upstream, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": "AWSGlue.BatchUpdatePartition",
      authorization: headers.authorization ?? "",
    },
    body: JSON.stringify({ ...table, Entries: [{ PartitionValueList, PartitionInput }] }),
  });
  const answer = (await response.json()) as BatchUpdatePartitionResponse & { __type?: string; message?: string };
  if (!response.ok) throw new GlueError(answer.__type ?? "InternalServiceException", answer.message ?? "");
  const error = answer.Errors?.[0]?.ErrorDetail;
  if (error) throw new GlueError(error.ErrorCode ?? "InternalServiceException", error.ErrorMessage ?? "");
  return {};
}
