import { bar } from "../terminal/transferBar.ts";
import type { DatasetName } from "./rows.ts";

export interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const redrawAfter = 100;

/** On a terminal, a bar that redraws itself; elsewhere one plain line when a file is done. */
export function createProgress(
  output: Output,
  records: number,
  now: () => number = Date.now,
): (dataset: DatasetName, lines: number) => void {
  let started = now();
  let drawn = 0;
  return (dataset, lines) => {
    const time = now();
    const isDone = lines === records;
    const rate = Math.round((lines / Math.max(time - started, 1)) * 1000).toLocaleString("en");
    if (output.isTTY && (isDone || time - drawn >= redrawAfter)) {
      const percent = String(Math.floor((lines / records) * 100)).padStart(3);
      output.write(
        `\r\x1b[2K${dataset.padEnd(6)} ${bar(lines / records)} ${percent}%  ${rate} records/s${isDone ? "\n" : ""}`,
      );
      drawn = time;
    } else if (!output.isTTY && isDone)
      output.write(`${dataset}: ${lines.toLocaleString("en")} records, ${rate} records/s\n`);
    if (isDone) started = time;
  };
}
