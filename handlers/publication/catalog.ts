import {
  CreatePartitionCommand,
  DeletePartitionCommand,
  GetTableCommand,
  type PartitionInput,
  UpdatePartitionCommand,
} from "@aws-sdk/client-glue";
import type { OutputContract } from "../../config/contract.ts";
import type { Glue } from "../clients.ts";

/** Where a run's files for one table lie, and what is in them. */
export interface PublishedFiles {
  readonly location: string;
  /** The run's own: the table may have others by now. */
  readonly columns: OutputContract["columns"];
}

/** Where readers find a batch: one partition in each table, pointing at the published run's files. */
export interface Catalog {
  /**
   * Points the partition at these files, making it when there is none.
   * @returns false when there is no such table
   */
  point(table: string, batch: string, files: PublishedFiles): Promise<boolean>;
  /** Takes the partition away. */
  remove(table: string, batch: string): Promise<void>;
}

const isMissing = (error: unknown) => (error as Error).name === "EntityNotFoundException";

export function createCatalog(glue: Glue, database: string): Catalog {
  async function storageOf(table: string) {
    try {
      const { Table } = await glue.send(new GetTableCommand({ DatabaseName: database, Name: table }));
      return Table!.StorageDescriptor;
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  return {
    async point(table, batch, { location, columns }) {
      const storage = await storageOf(table);
      if (!storage) return false;
      const partition: PartitionInput = {
        Values: [batch],
        StorageDescriptor: {
          ...storage,
          Columns: columns.map(({ name, type }) => ({ Name: name, Type: type })),
          Location: location,
        },
        Parameters: { classification: "parquet" },
      };
      const target = { DatabaseName: database, TableName: table, PartitionInput: partition };
      const update = () => glue.send(new UpdatePartitionCommand({ ...target, PartitionValueList: [batch] }));
      try {
        await update();
      } catch (error) {
        if (!isMissing(error)) throw error;
        try {
          await glue.send(new CreatePartitionCommand(target));
        } catch (second) {
          if ((second as Error).name !== "AlreadyExistsException") throw second;
          await update();
        }
      }
      return true;
    },

    async remove(table, batch) {
      try {
        await glue.send(
          new DeletePartitionCommand({ DatabaseName: database, TableName: table, PartitionValues: [batch] }),
        );
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    },
  };
}
