import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { RunObjects } from "../../handlers/embedded/run.ts";

const copy = async (from: string, to: string) => {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
};

/** Files by their path. */
export const localObjects: RunObjects = {
  read: async (uri) => readFileSync(uri),
  fetch: async (uri, path) => existsSync(uri) && copy(uri, path).then(() => true),
  store: copy,
};
