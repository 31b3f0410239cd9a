import { readFileSync } from "node:fs";
import {
  AddPermissionCommand,
  type Architecture,
  CreateEventSourceMappingCommand,
  CreateFunctionCommand,
  PutFunctionConcurrencyCommand,
  PutFunctionEventInvokeConfigCommand,
  type Runtime,
} from "@aws-sdk/client-lambda";
import type * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { strToU8, type Zippable, zipSync } from "fflate";
import { plain } from "../inputs.ts";
import { type Create, named, type Resources } from "./resource.ts";

/** The archive as a zip file for Lambda. */
async function zip(archive: unknown): Promise<Uint8Array> {
  if (!(archive instanceof pulumi.asset.AssetArchive)) throw new Error("code must be an AssetArchive");
  const files: Zippable = {};
  for (const [name, entry] of Object.entries(await archive.assets)) {
    if (entry instanceof pulumi.asset.StringAsset) files[name] = strToU8(await entry.text);
    else if (entry instanceof pulumi.asset.FileAsset) files[name] = readFileSync(await entry.path);
    else throw new Error(`code: the kind of asset ${name} is not supported locally`);
  }
  return zipSync(files, { level: 1 });
}

const lambdaFunction: Create<aws.lambda.FunctionArgs> = async (
  inputs,
  { clients: { lambda }, functionEnvironment },
) => {
  const FunctionName = named(inputs.name, "name");
  const { FunctionArn, Version } = await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Description: inputs.description,
      Runtime: inputs.runtime as Runtime,
      Architectures: plain(inputs.architectures) as Architecture[] | undefined,
      Handler: inputs.handler,
      Role: inputs.role,
      Code: { ZipFile: await zip(inputs.code) },
      MemorySize: inputs.memorySize,
      Timeout: inputs.timeout,
      EphemeralStorage: inputs.ephemeralStorage && { Size: inputs.ephemeralStorage.size },
      Publish: inputs.publish,
      KMSKeyArn: inputs.kmsKeyArn,
      Environment: { Variables: { ...plain(inputs.environment?.variables), ...functionEnvironment } },
      Tags: plain(inputs.tags),
    }),
  );
  if (inputs.reservedConcurrentExecutions !== undefined)
    await lambda.send(
      new PutFunctionConcurrencyCommand({
        FunctionName,
        ReservedConcurrentExecutions: inputs.reservedConcurrentExecutions,
      }),
    );
  return {
    id: FunctionName,
    outputs: { arn: FunctionArn, version: Version, qualifiedArn: `${FunctionArn}:${Version}` },
  };
};

const eventSourceMapping: Create<aws.lambda.EventSourceMappingArgs> = async (inputs, { clients: { lambda } }) => {
  const { UUID } = await lambda.send(
    new CreateEventSourceMappingCommand({
      EventSourceArn: inputs.eventSourceArn,
      FunctionName: inputs.functionName,
      BatchSize: inputs.batchSize,
      FunctionResponseTypes: plain(inputs.functionResponseTypes) as ["ReportBatchItemFailures"] | undefined,
      ScalingConfig: inputs.scalingConfig && { MaximumConcurrency: inputs.scalingConfig.maximumConcurrency },
      Tags: plain(inputs.tags),
    }),
  );
  return { id: UUID!, outputs: { uuid: UUID } };
};

const eventInvokeConfig: Create<aws.lambda.FunctionEventInvokeConfigArgs> = async (inputs, { clients: { lambda } }) => {
  await lambda.send(
    new PutFunctionEventInvokeConfigCommand({
      FunctionName: inputs.functionName,
      Qualifier: inputs.qualifier,
      MaximumEventAgeInSeconds: inputs.maximumEventAgeInSeconds,
      MaximumRetryAttempts: inputs.maximumRetryAttempts,
      ...(inputs.destinationConfig && {
        DestinationConfig: { OnFailure: { Destination: inputs.destinationConfig.onFailure?.destination } },
      }),
    }),
  );
  return { id: `${inputs.functionName}:${inputs.qualifier ?? "$LATEST"}` };
};

const permission: Create<aws.lambda.PermissionArgs> = async (inputs, { clients: { lambda } }) => {
  const FunctionName = inputs.function as unknown as string;
  const StatementId = inputs.statementId ?? inputs.sourceArn?.split("/").at(-1) ?? inputs.principal;
  await lambda.send(
    new AddPermissionCommand({
      FunctionName,
      StatementId,
      Action: inputs.action,
      Principal: inputs.principal,
      SourceArn: inputs.sourceArn,
      SourceAccount: inputs.sourceAccount,
    }),
  );
  return { id: StatementId };
};

export const lambdaResources: Resources = {
  "aws:lambda/function:Function": lambdaFunction,
  "aws:lambda/eventSourceMapping:EventSourceMapping": eventSourceMapping,
  "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": eventInvokeConfig,
  "aws:lambda/permission:Permission": permission,
};
