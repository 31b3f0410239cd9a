import type { DocumentStore } from "../../handlers/storage.ts";

/** Documents in memory, with S3's conditions. */
export function memoryDocuments(): DocumentStore & { readonly texts: Map<string, string> } {
  const texts = new Map<string, string>();
  const etagOf = (text: string) => JSON.stringify(text);
  return {
    texts,
    async get(key) {
      const text = texts.get(key);
      return text === undefined ? null : { text, etag: etagOf(text), lastModified: 0 };
    },
    async put(key, text, condition) {
      const there = texts.get(key);
      if (condition && "ifAbsent" in condition && there !== undefined) return false;
      if (condition && "ifMatch" in condition && (there === undefined || etagOf(there) !== condition.ifMatch))
        return false;
      texts.set(key, text);
      return true;
    },
    async delete(key) {
      texts.delete(key);
    },
    async *list(prefix) {
      yield* [...texts.keys()].filter((key) => key.startsWith(prefix));
    },
  };
}
