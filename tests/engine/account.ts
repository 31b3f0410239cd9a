import { GetDatabasesCommand, GetTablesCommand } from "@aws-sdk/client-glue";
import { DescribeKeyCommand, ListAliasesCommand, ListKeysCommand } from "@aws-sdk/client-kms";
import { ListBucketsCommand } from "@aws-sdk/client-s3";
import { ListQueuesCommand } from "@aws-sdk/client-sqs";
import type { Clients } from "../../local/clients.ts";

/** What the local AWS itself says that there is: buckets, queues, databases, tables, aliases, and keys by their state. */
export async function inAccount({ s3, sqs, glue, kms }: Clients): Promise<readonly string[]> {
  const { Buckets = [] } = await s3.send(new ListBucketsCommand({}));
  const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({}));
  const { DatabaseList = [] } = await glue.send(new GetDatabasesCommand({}));
  const { Aliases = [] } = await kms.send(new ListAliasesCommand({}));
  const { Keys = [] } = await kms.send(new ListKeysCommand({}));
  const tables = DatabaseList.map(async ({ Name: DatabaseName }) => {
    const { TableList = [] } = await glue.send(new GetTablesCommand({ DatabaseName }));
    return TableList.map(({ Name }) => `table ${DatabaseName}.${Name}`);
  });
  const states = Keys.map(async ({ KeyId }) => {
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
    return `key ${KeyId} ${KeyMetadata?.KeyState}`;
  });
  return [
    ...Buckets.map(({ Name }) => `bucket ${Name}`),
    ...QueueUrls.map((url) => `queue ${url.split("/").at(-1)}`),
    ...DatabaseList.map(({ Name }) => `database ${Name}`),
    ...(await Promise.all(tables)).flat(),
    ...Aliases.map(({ AliasName }) => `alias ${AliasName}`),
    ...(await Promise.all(states)),
  ].sort();
}
