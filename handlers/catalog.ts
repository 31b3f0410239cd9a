import {
  CreatePartitionCommand,
  GetTableCommand,
  type PartitionInput,
  UpdatePartitionCommand,
} from "@aws-sdk/client-glue";
import type { Glue } from "./engine/glue.ts";

/** Where readers find a batch: one partition an output, pointing at the published run. */
export interface Catalog {
  /** Points the partition at `location`, making it when there is none. */
  point(output: string, batch: string, location: string): Promise<void>;
}

export function createCatalog(glue: Glue, database: string): Catalog {
  return {
    async point(output, batch, location) {
      const { Table } = await glue.send(new GetTableCommand({ DatabaseName: database, Name: output }));
      const partition: PartitionInput = {
        Values: [batch],
        StorageDescriptor: { ...Table!.StorageDescriptor, Location: location },
        Parameters: { classification: "parquet" },
      };
      const target = { DatabaseName: database, TableName: output, PartitionInput: partition };
      try {
        await glue.send(new UpdatePartitionCommand({ ...target, PartitionValueList: [batch] }));
      } catch (error) {
        if ((error as Error).name !== "EntityNotFoundException") throw error;
        try {
          await glue.send(new CreatePartitionCommand(target));
        } catch (second) {
          if ((second as Error).name !== "AlreadyExistsException") throw second;
          await glue.send(new UpdatePartitionCommand({ ...target, PartitionValueList: [batch] }));
        }
      }
    },
  };
}
