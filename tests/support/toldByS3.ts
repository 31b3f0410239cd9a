import { queuePolicy } from "../../components/iam/resource.ts";
import { accountId, region } from "../../scripts/local/localAws.ts";

/** Attributes of a queue on the local AWS by which S3 may tell it of a bucket's objects. */
export function toldByS3(queue: string, bucket: string): { Policy: string } {
  const sender = {
    sid: "TellOfObjects",
    service: "s3.amazonaws.com",
    account: accountId,
    sources: [`arn:aws:s3:::${bucket}`],
  };
  return { Policy: JSON.stringify(queuePolicy(`arn:aws:sqs:${region}:${accountId}:${queue}`, sender)) };
}
