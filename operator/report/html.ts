/** Text that is already markup. Everything else that goes into a page is escaped. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Content = Html | string | number | null | false | undefined | readonly Content[];

/** A template whose values are escaped, unless they are `Html`; lists are joined, and null, false and undefined are nothing. */
export const html = (parts: TemplateStringsArray, ...values: readonly Content[]): Html =>
  new Html(parts.map((part, index) => part + (index < values.length ? markup(values[index]) : "")).join(""));

function markup(value: Content): string {
  if (value === null || value === undefined || value === false) return "";
  if (value instanceof Html) return value.text;
  if (typeof value === "object") return value.map(markup).join("");
  return escaped(visible(String(value)));
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escaped = (text: string) => text.replace(/[&<>"']/g, (sign) => entities[sign]!);

/** Control characters, marks that change the direction of the text, and halves of surrogate pairs. */
const hidden = /\p{Cc}|[\u061c\u200b\u200e\u200f\u202a-\u202e\u2028\u2029\u2060-\u2069\ufeff\ufff9-\ufffb]|\p{Cs}/gu;

/** Shows characters that are invisible, or that would move the text beside them, as their code: `\u202e`. */
export const visible = (text: string): string =>
  text.replace(hidden, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** At most so many characters, the last one an ellipsis. */
export function cut(text: string, length: number): string {
  const signs = [...visible(text)];
  return signs.length <= length ? signs.join("") : `${signs.slice(0, length - 1).join("")}…`;
}
