import { colourCode } from "./style.ts";

/** The width of texts for people, in columns. */
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

/** Milliseconds since the epoch as `2026-11-22 06:00:04Z`. */
export const moment = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace("T", " ")}Z`;

const timeUnits = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
  [1, "s"],
] as const;

/** Milliseconds as `0.4 s`, `27 s`, `1 min 27 s`, `3 h 5 min` or `2 d 4 h`; without its sign. */
export function duration(milliseconds: number): string {
  const exact = Math.abs(milliseconds) / 1000;
  if (exact < 59.95) return `${Number(exact.toFixed(1))} s`;
  const at = timeUnits.findIndex(([length]) => Math.round(exact) >= length);
  const [length, unit] = timeUnits[at]!;
  const [smaller, smallerUnit] = timeUnits[at + 1] ?? [length, unit];
  const rounded = Math.round(exact / smaller) * smaller;
  const rest = (rounded % length) / smaller;
  return `${Math.floor(rounded / length)} ${unit}${rest > 0 ? ` ${rest} ${smallerUnit}` : ""}`;
}

/** How long ago, in milliseconds, as `5 s ago` or `2 h 5 min ago`. */
export const ago = (milliseconds: number): string => `${duration(Math.round(milliseconds / 1000) * 1000)} ago`;

/** A word of a command line, quoted where a shell would take it for something else. */
export const quoted = (word: string): string =>
  /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
