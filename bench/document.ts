/** A document with each benchmark's last result between two marks. The first mark names the command. */

export const mark = (command: string) => `<!-- ${command} -->`;
const end = "<!-- end -->";

/**
 * Returns the document with `lines` as the section of the command.
 * @throws Error that says what to add when the section is missing
 */
export function withSection(document: string, command: string, lines: readonly string[]): string {
  const begin = document.indexOf(mark(command));
  const stop = document.indexOf(end, begin);
  if (begin < 0 || stop < 0)
    throw new Error(`it has no section for this command: add the lines ${mark(command)} and ${end}`);
  const head = document.slice(0, begin + mark(command).length);
  return `${head}\n${lines.join("\n")}\n${document.slice(stop)}`;
}
