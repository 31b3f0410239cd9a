import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Contract } from "../config/contract.ts";
import type { PipelineConfig } from "../config/schema.ts";
import type { Tags } from "./tags.ts";

export interface CatalogArgs {
  readonly databaseName: string;
  readonly description: string;
  /** Bucket that holds the outputs. */
  readonly goldBucket: pulumi.Input<string>;
  /** The outputs with their columns as Hive spells them. */
  readonly outputs: Contract["outputs"];
  /** What each output is, for its readers. */
  readonly descriptions: Readonly<Record<string, Pick<PipelineConfig["outputs"][string], "description">>>;
  /** Leave database and tables when the stack is destroyed: their partitions say which output of a batch is shown. */
  readonly retain: boolean;
  readonly tags: Tags;
}

/** What readers query. A batch is a partition, which the settle function points at the published run. */
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
    for (const [output, { columns }] of Object.entries(args.outputs))
      new aws.glue.CatalogTable(
        `${name}-${output}`,
        {
          databaseName: database.name,
          name: output,
          description: args.descriptions[output]!.description,
          tableType: "EXTERNAL_TABLE",
          parameters: { EXTERNAL: "TRUE", classification: "parquet" },
          partitionKeys: [{ name: "batch", type: "string" }],
          storageDescriptor: {
            location: pulumi.interpolate`s3://${args.goldBucket}/${output}/`,
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
