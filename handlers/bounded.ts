/** The longest failure text that the ledger keeps and people are sent, in bytes of UTF-8. */
export const longestMessage = 2048;

/** The text, cut to so many bytes. */
export function bounded(text: string, bytes: number = longestMessage): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  // A character cut in two becomes U+FFFD; it is removed.
  return `${encoded
    .subarray(0, bytes - 3)
    .toString()
    .replace(/\uFFFD+$/, "")}…`;
}
