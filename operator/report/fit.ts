import { visible } from "./html.ts";

/** Width in ems in a bold sans-serif font, rather too wide than too narrow, since text in a drawing does not wrap. */
function widthOf(sign: string): number {
  if (/[ iljtfrI.,:;'`|!()[\]{}\\/-]/.test(sign)) return 0.4;
  if (/[a-z0-9"*]/.test(sign) && !/[mw]/.test(sign)) return 0.62;
  return /[!-~]/.test(sign) && !/[mwMW@%]/.test(sign) ? 0.78 : 1.05;
}

const width = (signs: readonly string[]) => signs.reduce((sum, sign) => sum + widthOf(sign), 0);

/** The text, shortened in the middle if it does not fit, because the end of a file's name matters. */
export function fit(text: string, room: number): string {
  const signs = [...visible(text)];
  if (width(signs) <= room) return signs.join("");
  const head: string[] = [];
  const tail: string[] = [];
  while (head.length + tail.length < signs.length) {
    const isHead = head.length <= 2 * tail.length;
    const sign = isHead ? signs[head.length]! : signs.at(-1 - tail.length)!;
    if (width([...head, ...tail, "…", sign]) > room) break;
    if (isHead) head.push(sign);
    else tail.unshift(sign);
  }
  return [...head, "…", ...tail].join("");
}
