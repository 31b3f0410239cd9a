import {
  CreateDatabaseCommand,
  CreateJobCommand,
  CreateTableCommand,
  type ExecutionClass,
  UpdateTableCommand,
  type WorkerType,
} from "@aws-sdk/client-glue";
import type * as aws from "@pulumi/aws";
import type * as native from "@pulumi/aws-native";
import { plain, type Unwrapped } from "../inputs.ts";
import { type Create, named, type Resources } from "./resource.ts";

const job: Create<native.glue.JobArgs> = async (inputs, { clients: { glue } }) => {
  const Name = named(inputs.name, "name");
  await glue.send(
    new CreateJobCommand({
      Name,
      Description: inputs.description,
      Role: inputs.role,
      Command: {
        Name: inputs.command.name,
        PythonVersion: inputs.command.pythonVersion,
        ScriptLocation: inputs.command.scriptLocation,
      },
      GlueVersion: inputs.glueVersion,
      WorkerType: inputs.workerType as WorkerType,
      NumberOfWorkers: inputs.numberOfWorkers,
      Timeout: inputs.timeout,
      MaxRetries: inputs.maxRetries,
      ExecutionProperty: inputs.executionProperty && { MaxConcurrentRuns: inputs.executionProperty.maxConcurrentRuns },
      JobRunQueuingEnabled: inputs.jobRunQueuingEnabled,
      ExecutionClass: inputs.executionClass as ExecutionClass,
      DefaultArguments: plain(inputs.defaultArguments),
      NonOverridableArguments: plain(inputs.nonOverridableArguments),
      SecurityConfiguration: inputs.securityConfiguration,
      Tags: plain(inputs.tags),
    }),
  );
  return { id: Name };
};

const database: Create<aws.glue.CatalogDatabaseArgs> = async (inputs, { clients: { glue }, region, accountId }) => {
  const Name = named(inputs.name, "name");
  await glue.send(
    new CreateDatabaseCommand({ DatabaseInput: { Name, Description: inputs.description }, Tags: plain(inputs.tags) }),
  );
  return { id: `${accountId}:${Name}`, outputs: { arn: `arn:aws:glue:${region}:${accountId}:database/${Name}` } };
};

type ColumnInputs = Unwrapped<aws.types.input.glue.CatalogTableStorageDescriptorColumn[]> | undefined;

const columns = (list: ColumnInputs) =>
  (list ?? []).map(({ name, type, comment }) => ({ Name: name, Type: type, Comment: comment }));

const table: Create<aws.glue.CatalogTableArgs> = async (inputs, { clients: { glue }, region, accountId }) => {
  const Name = named(inputs.name, "name");
  const storage = inputs.storageDescriptor;
  const definition = {
    DatabaseName: inputs.databaseName,
    TableInput: {
      Name,
      Description: inputs.description,
      TableType: inputs.tableType,
      Parameters: plain(inputs.parameters),
      PartitionKeys: columns(inputs.partitionKeys),
      StorageDescriptor: storage && {
        Location: storage.location,
        InputFormat: storage.inputFormat,
        OutputFormat: storage.outputFormat,
        Compressed: storage.compressed,
        SerdeInfo: storage.serDeInfo && {
          Name: storage.serDeInfo.name,
          SerializationLibrary: storage.serDeInfo.serializationLibrary,
          Parameters: plain(storage.serDeInfo.parameters),
        },
        Columns: columns(storage.columns),
      },
    },
  };
  try {
    await glue.send(new CreateTableCommand(definition));
  } catch (error) {
    if ((error as Error).name !== "AlreadyExistsException") throw error;
    await glue.send(new UpdateTableCommand(definition));
  }
  return {
    id: `${accountId}:${inputs.databaseName}:${Name}`,
    outputs: { arn: `arn:aws:glue:${region}:${accountId}:table/${inputs.databaseName}/${Name}` },
  };
};

export const glueResources: Resources = {
  "aws-native:glue:Job": job,
  "aws:glue/catalogDatabase:CatalogDatabase": database,
  "aws:glue/catalogTable:CatalogTable": table,
};
