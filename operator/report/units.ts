/** Numbers as people read them, each with its unit. */

export { whole } from "../../terminal/status.ts";
export { counted } from "../../terminal/text.ts";

const sizes = [
  [1e9, "GB"],
  [1e6, "MB"],
  [1e3, "kB"],
] as const;

/** 3,534,549 bytes as `3.5 MB`. */
export function bytes(count: number): string {
  const [size, unit] = sizes.find(([size]) => count >= size) ?? [1, "bytes"];
  return size === 1 ? `${count} ${count === 1 ? "byte" : unit}` : `${(count / size).toFixed(1)} ${unit}`;
}

/** Milliseconds as `0.4 s`, `1 min 27 s`, `3 h 5 min` or `2 d 4 h`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const units = [
    [86_400, "d"],
    [3_600, "h"],
    [60, "min"],
    [1, "s"],
  ] as const;
  const at = units.findIndex(([length]) => Math.round(seconds) >= length);
  const [length, unit] = units[at]!;
  const [smaller, smallerUnit] = units[at + 1] ?? units[at]!;
  const rounded = Math.round(seconds / smaller) * smaller;
  const rest = Math.floor((rounded % length) / smaller);
  return `${Math.floor(rounded / length)} ${unit}${rest > 0 ? ` ${rest} ${smallerUnit}` : ""}`;
}

/** A part of a whole in per cent: what is not nothing is never shown as 0 %, nor what is not all as 100 %. */
export function share(part: number, total: number): string {
  if (total === 0) return "–";
  const percent = (100 * part) / total;
  if (part === 0 || part === total) return `${percent} %`;
  if (percent < 0.01) return "< 0.01 %";
  if (percent > 99.99) return "> 99.99 %";
  return `${percent < 1 || percent > 99 ? percent.toFixed(2) : percent.toFixed(1)} %`;
}

/** Milliseconds since the epoch as `2026-11-23 16:55:24 UTC`. */
export const moment = (milliseconds: number): string =>
  `${new Date(milliseconds).toISOString().slice(0, 19).replace("T", " ")} UTC`;
