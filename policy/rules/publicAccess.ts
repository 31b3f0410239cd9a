import type { Value } from "../resource.ts";
import type { ResourceRule } from "../rule.ts";

const blocks = ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"];

function bucketFaults({ publicAccessBlockConfiguration: block = {}, ownershipControls }: Value): string[] {
  const ownership = ownershipControls?.rules?.[0]?.objectOwnership;
  return [
    ...blocks
      .filter((setting) => block[setting] !== true)
      .map((setting) => `publicAccessBlockConfiguration.${setting} must be true`),
    ...(ownership === "BucketOwnerEnforced"
      ? []
      : ["ownershipControls must be BucketOwnerEnforced, so that no object has its own access list"]),
  ];
}

function permissionFaults({ principal, sourceArn, sourceAccount }: Value): string[] {
  if (principal === "*") return ["everybody may invoke the function; name the service in principal"];
  const isService = typeof principal === "string" && /\.amazonaws\.com(\.cn)?$/.test(principal);
  return isService && sourceArn === undefined && sourceAccount === undefined
    ? [`${principal} may invoke the function for any account; name the source in sourceArn`]
    : [];
}

export const publicAccess: ResourceRule = {
  name: "public-access-blocked",
  description: "No bucket is public, and nobody outside the account can invoke a function.",
  check({ type, props }) {
    if (type === "aws-native:s3:Bucket") return bucketFaults(props);
    if (type === "aws:lambda/permission:Permission") return permissionFaults(props);
    return [];
  },
};
