import { createRuntime } from "../invocation/runtime.ts";
import { typeParts } from "../reader/file.ts";
import { createDocumentStore } from "../storage.ts";
import { createHandler } from "./handler.ts";

const runtime = createRuntime();
const { s3, names } = runtime;

export const handler = createHandler({
  ...runtime,
  reasons: createDocumentStore(s3, names.rejectedBucket, names.keyArn),
  documents: createDocumentStore(s3, names.ledgerBucket, names.keyArn),
  typeParts,
});
