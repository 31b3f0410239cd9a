import {
  CreateAliasCommand,
  CreateKeyCommand,
  EnableKeyRotationCommand,
  PutKeyPolicyCommand,
} from "@aws-sdk/client-kms";
import type * as native from "@pulumi/aws-native";
import { leaveOut, plain } from "../inputs.ts";
import type { Create, Resources } from "./resource.ts";

const key: Create<native.kms.KeyArgs> = async (inputs, { clients: { kms } }) => {
  leaveOut("keys are never deleted", inputs.pendingWindowInDays);
  const { KeyMetadata } = await kms.send(
    new CreateKeyCommand({
      Description: inputs.description,
      Tags: inputs.tags?.map(({ key, value }) => ({ TagKey: key, TagValue: value })),
    }),
  );
  const { KeyId, Arn } = KeyMetadata!;
  await kms.send(
    new PutKeyPolicyCommand({ KeyId, PolicyName: "default", Policy: JSON.stringify(plain(inputs.keyPolicy)) }),
  );
  if (inputs.enableKeyRotation) await kms.send(new EnableKeyRotationCommand({ KeyId }));
  return { id: KeyId!, outputs: { keyId: KeyId, arn: Arn } };
};

const alias: Create<native.kms.AliasArgs> = async (inputs, { clients: { kms } }) => {
  await kms.send(new CreateAliasCommand({ AliasName: inputs.aliasName, TargetKeyId: inputs.targetKeyId }));
  return { id: inputs.aliasName! };
};

export const kmsResources: Resources = { "aws-native:kms:Key": key, "aws-native:kms:Alias": alias };
