import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Contract } from "../config/contract.ts";
import type { PipelineConfig } from "../config/schema.ts";
import { silverTable, silverTableColumns } from "../config/tables.ts";
import type { Tags } from "./tags.ts";

export interface CatalogArgs {
  readonly databaseName: string;
  readonly description: string;
  /** Bucket that holds the outputs. */
  readonly goldBucket: pulumi.Input<string>;
  /** Bucket that holds the datasets' typed rows. */
  readonly silverBucket: pulumi.Input<string>;
  /** Outputs and datasets with their columns as Hive spells them. */
  readonly contract: Pick<Contract, "outputs" | "datasets">;
  /** What each output is, for its readers. */
  readonly descriptions: Readonly<Record<string, Pick<PipelineConfig["outputs"][string], "description">>>;
  /** Leave database and tables when the stack is destroyed: their partitions say which output of a batch is shown. */
  readonly retain: boolean;
  readonly tags: Tags;
}

/**
 * What readers query: a table for each output, and one for the typed rows of each dataset. A batch is a partition, which
 * the settle function points at what the published run wrote or read.
 */
export class Catalog extends pulumi.ComponentResource {
  readonly databaseName: pulumi.Output<string>;

  constructor(name: string, args: CatalogArgs, opts?: pulumi.ComponentResourceOptions) {
    super("commerce:catalog:Catalog", name, {}, opts);
    const childOptions = { parent: this, retainOnDelete: args.retain };

    const database = new aws.glue.CatalogDatabase(
      name,
      { name: args.databaseName, description: args.description, tags: args.tags },
      childOptions,
    );
    const { outputs, datasets } = args.contract;
    const tables = [
      ...Object.entries(outputs).map(([output, { columns }]) => ({
        table: output,
        description: args.descriptions[output]!.description,
        location: pulumi.interpolate`s3://${args.goldBucket}/${output}/`,
        columns,
      })),
      ...Object.entries(datasets).map(([dataset, declared]) => ({
        table: silverTable(dataset),
        description: `The typed rows of ${dataset} that a batch's published run has read`,
        location: pulumi.interpolate`s3://${args.silverBucket}/${dataset}/`,
        columns: silverTableColumns(declared),
      })),
    ];
    for (const { table, description, location, columns } of tables)
      new aws.glue.CatalogTable(
        `${name}-${table}`,
        {
          databaseName: database.name,
          name: table,
          description,
          tableType: "EXTERNAL_TABLE",
          parameters: { EXTERNAL: "TRUE", classification: "parquet" },
          partitionKeys: [{ name: "batch", type: "string" }],
          storageDescriptor: {
            location,
            inputFormat: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
            outputFormat: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
            serDeInfo: {
              serializationLibrary: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
              parameters: { "serialization.format": "1" },
            },
            columns: columns.map(({ name: column, type }) => ({ name: column, type })),
          },
        },
        childOptions,
      );

    this.databaseName = database.name;
    this.registerOutputs({ databaseName: this.databaseName });
  }
}
