/** The beginning of a line in a JVM's stack trace or in Spark's log. */
const noWords = /^(\s|Caused by: |\d\d:\d\d:\d\d |\d\d\/\d\d\/\d\d )/;

/**
 * As in Glue, the message is the exception that ended the script. It does not include the JVM's log lines from its
 * shutdown, nor the stack trace inside a Spark exception. Without a traceback, it is the last line of the log.
 */
export function errorMessage(log: string, code: number): string {
  const lines = log.trimEnd().split("\n");
  const traceback = lines.lastIndexOf("Traceback (most recent call last):");
  const said = traceback < 0 ? lines.slice(-1) : exceptionIn(lines.slice(traceback + 1));
  return said.join(" ").trim() || `the script ended with exit code ${code}`;
}

function exceptionIn(lines: readonly string[]): readonly string[] {
  const begin = lines.findIndex((line) => !/^\s/.test(line));
  if (begin < 0) return lines.slice(-1);
  const rest = lines.slice(begin + 1);
  const end = rest.findIndex((line) => noWords.test(line));
  return [lines[begin]!, ...(end < 0 ? rest : rest.slice(0, end))].filter(Boolean);
}
