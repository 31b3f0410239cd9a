import { queuePolicy } from "../../components/iam/resource.ts";
import { accountId, region } from "../../local/localAws.ts";

/** Attributes of a queue on the local AWS to which a service may send for one of its resources. */
export function toldBy(service: "s3" | "sns", queue: string, source: string): { Policy: string } {
  const sender = { sid: "Tell", service: `${service}.amazonaws.com`, account: accountId, sources: [source] };
  return { Policy: JSON.stringify(queuePolicy(`arn:aws:sqs:${region}:${accountId}:${queue}`, sender)) };
}
