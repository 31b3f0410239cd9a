/** Numbers as people read them, each with its unit. */

export { whole } from "../../terminal/status.ts";
export { counted, duration, moment } from "../../terminal/text.ts";

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

/** A part of a whole in per cent. Only nothing is shown as 0 %, and only the whole as 100 %. */
export function share(part: number, total: number): string {
  if (total === 0) return "–";
  const percent = (100 * part) / total;
  if (part === 0 || part === total) return `${percent} %`;
  if (percent < 0.01) return "< 0.01 %";
  if (percent > 99.99) return "> 99.99 %";
  return `${percent < 1 || percent > 99 ? percent.toFixed(2) : percent.toFixed(1)} %`;
}
