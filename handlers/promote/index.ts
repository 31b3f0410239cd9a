import { createRuntime } from "../invocation/runtime.ts";
import { createDocumentStore } from "../storage.ts";
import { createHandler } from "./handler.ts";

const runtime = createRuntime();
const reasons = createDocumentStore(runtime.s3, runtime.names.rejectedBucket, runtime.names.keyArn);

export const handler = createHandler({ ...runtime, reasons });
