import { Refusal } from "./problems.ts";

/**
 * - `word`: a keyword or a name, as it is written.
 * - `quoted`: a name in backquotes, without them.
 * - `string`: the value of a text.
 * - `number`: as it is written.
 * - `sign`: an operator or a mark.
 */
export interface Token {
  readonly kind: "word" | "quoted" | "string" | "number" | "sign" | "end";
  readonly value: string;
  /** The first character's index in the text, and the one behind the last. */
  readonly at: number;
  readonly end: number;
}

const blank = /[ \t\r\n]+/y;
const lineComment = /--[^\n]*/y;
const blockComment = /\/\*(?:[^*]|\*(?!\/))*\*\//y;
const number = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const word = /[A-Za-z_][A-Za-z0-9_]*/y;
const text = /'[^'\\\0]*'|"[^"\\\0]*"/y;
const quoted = /`[^`\0]+`/y;
const sign = /<=>|<=|>=|<>|!=|==|\|\||[-+*/%=<>(),.:;]/y;

/**
 * The tokens of a query, where they mean the same for certain. Spark joins texts that stand beside one another and reads
 * escapes in them; it continues a line comment after a backslash, nests the other comments and takes some for hints.
 * @throws Refusal at the first that is not certain
 */
export function tokensOf(query: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(query)?.[0];
  };
  const refuse = (construct: string, why: string): never => {
    throw new Refusal(at, construct, why);
  };
  const add = (kind: Token["kind"], value: string, length: number) => {
    tokens.push({ kind, value, at, end: at + length });
    at += length;
  };

  while (at < query.length) {
    const space = take(blank);
    const comment = take(lineComment) ?? take(blockComment);
    if (comment) {
      if (/\\\r?$/.test(comment) && comment.startsWith("--")) refuse("\\", "it continues the comment on the next line");
      if (comment.startsWith("/*+")) refuse("/*+", "hints are not translated");
      if (comment.startsWith("/*") && comment.includes("/*", 2))
        refuse("/*", "a comment in a comment is not translated");
    }
    const skipped = space ?? comment;
    if (skipped) {
      at += skipped.length;
      continue;
    }
    const last = tokens.at(-1);
    const [digits, name, string, identifier] = [take(number), take(word), take(text), take(quoted)];
    if (digits) {
      if (/[A-Za-z0-9_]/.test(query[at + digits.length] ?? ""))
        refuse(digits + query[at + digits.length], "a number with letters is not translated");
      if (last?.kind === "word" && last.end === at) refuse(digits, "a number stands beside a name");
      add("number", digits, digits.length);
    } else if (name) add("word", name, name.length);
    else if (string) {
      if (last?.kind === "string") refuse(string, "texts beside one another are not translated");
      add("string", string.slice(1, -1), string.length);
    } else if (identifier) {
      if (last?.kind === "quoted" && last.end === at) refuse(identifier, "a quoted backquote is not translated");
      add("quoted", identifier.slice(1, -1), identifier.length);
    } else {
      const mark =
        take(sign) ?? refuse(query[at]!, /['"`]/.test(query[at]!) ? unreadable : "the sign is not translated");
      add("sign", mark, mark.length);
    }
  }
  tokens.push({ kind: "end", value: "the end", at, end: at });
  return tokens;
}

const unreadable = "texts with a backslash or without an end are not translated";
