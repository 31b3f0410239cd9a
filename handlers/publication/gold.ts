import type { S3 } from "../clients.ts";
import { inParallel } from "../parallel.ts";
import { createDocumentStore } from "../storage.ts";

/** The bucket of outputs, whose data nobody here reads. */
export interface Gold {
  /** Deletes all below a prefix. */
  remove(prefix: string): Promise<void>;
}

const deletesAtOnce = 8;

export function createGold(s3: S3, bucket: string, keyArn: string): Gold {
  const objects = createDocumentStore(s3, bucket, keyArn);
  return {
    async remove(prefix) {
      const keys: string[] = [];
      for await (const key of objects.list(prefix)) keys.push(key);
      await inParallel(keys, deletesAtOnce, (key) => objects.delete(key));
    },
  };
}
