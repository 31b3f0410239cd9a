import { GlueClient } from "@aws-sdk/client-glue";
import { SNSClient } from "@aws-sdk/client-sns";
import { createRuntime } from "../invocation/runtime.ts";
import { createCatalog } from "../publication/catalog.ts";
import { createGold } from "../publication/gold.ts";
import { createNotices } from "../publication/notices.ts";
import { createHandler } from "./handler.ts";

export const handler = createHandler(
  createRuntime((s3, names) => ({
    catalog: createCatalog(new GlueClient({}), names.catalogDatabase),
    gold: createGold(s3, names.goldBucket, names.keyArn),
    notices: createNotices(new SNSClient({}), names.alertTopic),
  })),
);
