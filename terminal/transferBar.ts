import { clock, megabytes } from "./status.ts";

const barWidth = 20;

/** @param share of the whole, from 0 to 1 */
export function bar(share: number): string {
  const full = Math.floor(share * barWidth);
  return "█".repeat(full) + "░".repeat(barWidth - full);
}

/**
 * `██████░░░░ 30% of 81.0 MB, 3.2 MB/s, 0:17 left`.
 * @param done bytes that are sent, including those of an earlier call
 * @param sent bytes of this call, which give the rate
 */
export function progressText(
  done: number,
  total: number,
  { sent, seconds }: { readonly sent: number; readonly seconds: number },
): string {
  const share = total === 0 ? 1 : done / total;
  const rate = seconds > 0 ? sent / seconds : 0;
  const speed = rate > 0 ? `, ${megabytes(rate)}/s, ${clock(Math.ceil((total - done) / rate))} left` : "";
  return `${bar(share)} ${Math.floor(share * 100)}% of ${megabytes(total)}${speed}`;
}
