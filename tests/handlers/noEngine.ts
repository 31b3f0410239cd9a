import type { Engine } from "../../handlers/run/engine.ts";

/** An engine that no test may reach. */
export const noEngine = new Proxy({} as Engine, {
  get: (_, call) => () => {
    throw new Error(`the engine was asked to ${String(call)}`);
  },
});
