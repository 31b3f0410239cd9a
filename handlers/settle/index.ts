import { createRuntime } from "../runtime.ts";
import { createHandler } from "./handler.ts";

export const handler = createHandler(createRuntime({ writesCatalog: true }));
