/** A document in which each benchmark's last result stands between two marks, the first of which names its command. */

export const mark = (command: string) => `<!-- ${command} -->`;
const end = "<!-- end -->";

/**
 * The document with `lines` as the section of the command.
 * @throws Error that says what to add when it has no such section
 */
export function withSection(document: string, command: string, lines: readonly string[]): string {
  const begin = document.indexOf(mark(command));
  const stop = document.indexOf(end, begin);
  if (begin < 0 || stop < 0)
    throw new Error(`it has no section for this command: add the lines ${mark(command)} and ${end}`);
  const head = document.slice(0, begin + mark(command).length);
  return `${head}\n${lines.join("\n")}\n${document.slice(stop)}`;
}
