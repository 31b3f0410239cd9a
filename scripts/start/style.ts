export type Style = Readonly<Record<"bold" | "dim" | "green" | "red" | "yellow", (text: string) => string>>;

/** Colours for a terminal; https://no-color.org turns them off. */
export function createStyle(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): Style {
  const isOn = stream.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb";
  const code = (start: number, end: number) => (text: string) => (isOn ? `\x1b[${start}m${text}\x1b[${end}m` : text);
  return { bold: code(1, 22), dim: code(2, 22), green: code(32, 39), red: code(31, 39), yellow: code(33, 39) };
}
