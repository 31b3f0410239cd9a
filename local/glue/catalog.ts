import { BatchUpdatePartitionCommand, type GlueClient, type UpdatePartitionRequest } from "@aws-sdk/client-glue";
import { GlueError } from "./service.ts";

/** The local AWS has UpdatePartition only in its batch form, which reports errors in its response. */
export async function updatePartition(
  glue: GlueClient,
  { PartitionValueList, PartitionInput, ...table }: UpdatePartitionRequest,
): Promise<object> {
  const Entries = [{ PartitionValueList, PartitionInput }];
  const { Errors } = await glue.send(new BatchUpdatePartitionCommand({ ...table, Entries })).catch((error: Error) => {
    throw new GlueError(error.name, error.message);
  });
  const error = Errors?.[0]?.ErrorDetail;
  if (error) throw new GlueError(error.ErrorCode ?? "InternalServiceException", error.ErrorMessage ?? "");
  return {};
}
