/** Bytes, in UTF-8, of the longest text that the ledger keeps of a failure and that people are sent. */
export const longestMessage = 2048;

/** The text, cut to so many bytes. */
export function bounded(text: string, bytes: number = longestMessage): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  // A character that is cut in two becomes U+FFFD, which goes.
  return `${encoded
    .subarray(0, bytes - 3)
    .toString()
    .replace(/\uFFFD+$/, "")}…`;
}
