import type { Style } from "./style.ts";

/** Each column as wide as its widest cell; all but the first `left` columns are aligned right. */
export function table(rows: readonly (readonly string[])[], left = 1): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column < left ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join("   ")
      .trimEnd(),
  );
}

/** A struct or a long text would push the rows beside it off the screen. */
const shownWidth = 32;
const cell = (text: string | null | undefined) => {
  const shown = text ?? "–";
  return shown.length > shownWidth ? `${shown.slice(0, shownWidth - 1)}…` : shown;
};

/** The rows side by side, with one line per column, since more columns fit below each other. */
export function goldText(rows: readonly Readonly<Record<string, string | null>>[], { dim }: Style): string[] {
  if (rows.length === 0) return [];
  const columns = Object.keys(rows[0]!);
  const lines = table(columns.map((column) => [column, ...rows.map((row) => cell(row[column]))]));
  return lines.map((line, index) => {
    const width = columns[index]!.length;
    return `    ${dim(line.slice(0, width))}${line.slice(width)}`;
  });
}
