import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import type * as aws from "@pulumi/aws";
import { plain } from "../inputs.ts";
import { type Create, named, type Resources, tagPairs } from "./resource.ts";

const role: Create<aws.iam.RoleArgs> = async (inputs, { clients: { iam } }) => {
  const RoleName = named(inputs.name, "name");
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName,
      AssumeRolePolicyDocument: plain(inputs.assumeRolePolicy) as string,
      Description: inputs.description,
      Path: inputs.path,
      PermissionsBoundary: inputs.permissionsBoundary,
      Tags: tagPairs(plain(inputs.tags)),
    }),
  );
  return { id: RoleName, outputs: { arn: Role?.Arn, uniqueId: Role?.RoleId } };
};

const rolePolicy: Create<aws.iam.RolePolicyArgs> = async (inputs, { clients: { iam } }) => {
  const PolicyName = named(inputs.name, "name");
  const RoleName = inputs.role as unknown as string;
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: plain(inputs.policy) as string }));
  return { id: `${RoleName}:${PolicyName}` };
};

export const iamResources: Resources = { "aws:iam/role:Role": role, "aws:iam/rolePolicy:RolePolicy": rolePolicy };
