import { createRuntime } from "../runtime.ts";
import { createHandler } from "./handler.ts";

const runtime = createRuntime({ writesCatalog: true });

export const handler = createHandler({ ...runtime, ledgerBucket: runtime.names.ledgerBucket });
