import { colourCode } from "./style.ts";

/** Columns that texts for people keep to. */
export const width = 80;

/** The text in lines that fit, each but the first indented; a word that is longer than a line stays whole. */
export function wrap(text: string, indent = 0): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(" ".repeat(indent) + word);
  }
  return lines;
}

const control = String.raw`[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]`;
const controls = new RegExp(control, "g");
const controlsAndColours = new RegExp(`${colourCode}|${control}`, "g");

/**
 * Makes text from outside safe to print: characters that move the cursor or reverse the text are shown as their code.
 * Line ends stay, and so do colours if `isStyled`.
 */
export const printable = (text: string, isStyled = false): string =>
  text.replace(isStyled ? controlsAndColours : controls, (found) =>
    found.length > 1 ? found : `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/** The first words of a text that may be long, in one line. */
export function shortened(text: string, length: number): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > length ? `${line.slice(0, length - 1)}…` : line;
}

/** `3 files`, `1 batch`. */
export const counted = (count: number, what: string, many = `${what}s`): string =>
  `${count.toLocaleString("en")} ${count === 1 ? what : many}`;

/** `2026-11-22 06:00Z` */
export const moment = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace("T", " ")}Z`;

/** Of milliseconds, in the largest unit that says something: `40 s`, `3 min`, `5 h`, `2 d`. */
export function duration(milliseconds: number): string {
  const seconds = Math.round(Math.abs(milliseconds) / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 120 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** A word of a command line, quoted where a shell would take it for something else. */
export const quoted = (word: string): string =>
  /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
