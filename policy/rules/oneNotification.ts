import { comesFrom, type Resource } from "../resource.ts";
import type { Fault, StackRule } from "../rule.ts";

export const oneNotification: StackRule = {
  name: "one-notification",
  description: "A bucket's notifications are declared in one place; a second one wipes out the first.",
  checkStack: (resources) =>
    resources
      .filter(({ type }) => type === "aws-native:s3:Bucket")
      .flatMap((bucket): Fault[] => {
        const owners: Resource[] = [
          ...(bucket.props.notificationConfiguration === undefined ? [] : [bucket]),
          ...resources.filter(
            (other) =>
              other.type === "aws:s3/bucketNotification:BucketNotification" &&
              comesFrom(other, "bucket", other.props.bucket, bucket, bucket.props.bucketName),
          ),
        ];
        return owners.length < 2
          ? []
          : [
              {
                resource: bucket,
                message: `its notifications are declared by ${owners.map(({ name }) => name).join(" and ")}; keep one`,
              },
            ];
      }),
};
