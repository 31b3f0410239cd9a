/**
 * Patterns for values, in the part of regular expressions that Java, RE2 and JavaScript (with the flag `u`) read alike:
 *
 * - characters, `\` and a sign, `\t`, `\n`, `\r`, `\f`, `\xHH`, `\uHHHH`
 * - `.`, `\d`, `\w`, `\s` and `\D`, `\W`, `\S`. The engines differ in `.` and `\s`, so the contract has these written out:
 *   `.` is every character but a line feed and a carriage return, `\s` is a space, `\t`, `\n`, `\x0B`, `\f` or `\r`
 * - classes `[...]` and `[^...]` of characters, ranges, `\d`, `\w` and `\s`
 * - `(...)`, `(?:...)`, `|`, and `*`, `+`, `?`, `{n}`, `{n,}`, `{n,m}`, each also with a `?` behind it; RE2 repeats at most
 *   1,000 times
 * - `^` at the beginning and `$` at the end, which change nothing: the whole text must match
 *
 * All else is refused by name: an engine lacks it, or reads it differently.
 */

type Range = readonly [first: number, last: number];

export type PatternNode =
  /** One character, in one of the ranges or in none of them. */
  | { readonly kind: "character"; readonly ranges: readonly Range[]; readonly isNegated: boolean }
  | { readonly kind: "sequence"; readonly parts: readonly PatternNode[] }
  | { readonly kind: "choice"; readonly options: readonly PatternNode[] }
  | {
      readonly kind: "repeat";
      readonly part: PatternNode;
      readonly least: number;
      readonly most: number;
      readonly sign: string;
    }
  | { readonly kind: "edge"; readonly sign: "^" | "$" };

/** `message` says what is wrong with a pattern, and what to write instead. */
export class PatternError extends Error {
  override readonly name = "PatternError";
}

const code = (sign: string) => sign.codePointAt(0)!;
const range = (first: string, last = first): Range => [code(first), code(last)];
const digits = [range("0", "9")];
const word = [range("0", "9"), range("A", "Z"), range("_"), range("a", "z")];
const space = [range(" "), range("\t"), range("\n"), range("\v"), range("\f"), range("\r")];
const lineEnds = [range("\n"), range("\r")];
const namedClasses: Readonly<Record<string, readonly Range[]>> = { d: digits, w: word, s: space };
const controls: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", f: "\f" };

const mostRepetitions = 1000;
const deepest = 100;

/** The groups that begin with `(?`, the longest beginnings first. */
const groups: readonly (readonly [beginning: string, what: string, fix: string])[] = [
  ["(?<=", "a lookbehind", "say what the whole text is without it"],
  ["(?<!", "a negative lookbehind", "say what the whole text is without it"],
  ["(?=", "a lookahead", "say what the whole text is without it"],
  ["(?!", "a negative lookahead", "say what the whole text is without it"],
  ["(?>", "an atomic group", 'write "(?:"'],
  ["(?P<", "a named group", 'write "(?:"'],
  ["(?<", "a named group", 'write "(?:"'],
  ["(?#", "a comment", "leave it out"],
  ["(?", "a flag", "write it out, such as [Aa] for a letter of either case"],
];

const unlike = (what: string, text: string, fix: string): never => {
  throw new PatternError(`has ${what}, "${text}", which the engines don't all read alike; ${fix}`);
};
const broken = (what: string): never => {
  throw new PatternError(`not a regular expression: ${what}`);
};

/** @throws PatternError */
export function parsePattern(text: string): PatternNode {
  const signs = [...text];
  let position = 0;
  const next = () => signs[position];
  const ahead = (word: string) => signs.slice(position, position + word.length).join("") === word;
  const take = (word: string) => {
    if (!ahead(word)) return false;
    position += word.length;
    return true;
  };
  /** Takes what matches at the position; an empty text when nothing does. */
  const taken = (form: RegExp) => {
    const found = form.exec(signs.slice(position).join(""))?.[0] ?? "";
    position += [...found].length;
    return found;
  };

  const choice = (depth: number): PatternNode => {
    if (depth > deepest) broken(`groups are nested more than ${deepest} deep`);
    const options = [sequence(depth)];
    while (take("|")) options.push(sequence(depth));
    return options.length === 1 ? options[0]! : { kind: "choice", options };
  };

  const sequence = (depth: number): PatternNode => {
    const parts: PatternNode[] = [];
    while (next() !== undefined && next() !== "|" && next() !== ")") parts.push(repeated(atom(depth)));
    return parts.length === 1 ? parts[0]! : { kind: "sequence", parts };
  };

  const repeated = (part: PatternNode): PatternNode => {
    const sign = taken(/^(?:[*+?]|\{\d+(?:,\d*)?\})/);
    if (sign === "") return part;
    if (part.kind === "edge") broken(`nothing to repeat before "${sign}"`);
    if (ahead("+")) unlike("a possessive quantifier", `${sign}+`, `write "${sign}"`);
    const lazy = take("?") ? "?" : "";
    if (/^(?:[*+?]|\{\d)/.test(signs.slice(position).join(""))) broken(`nothing to repeat before "${next()}"`);
    const [, least = "", comma, most = ""] = /^\{(\d+)(,?)(\d*)\}$/.exec(sign) ?? [];
    const [from, to] =
      comma === undefined
        ? [sign === "+" ? 1 : 0, sign === "?" ? 1 : Number.POSITIVE_INFINITY]
        : [Number(least), comma === "" ? Number(least) : most === "" ? Number.POSITIVE_INFINITY : Number(most)];
    if (from > to) broken(`"${sign}" ends before it begins`);
    return { kind: "repeat", part, least: from, most: to, sign: `${sign}${lazy}` };
  };

  const atom = (depth: number): PatternNode => {
    if (/^[*+?]/.test(next()!)) broken(`nothing to repeat before "${next()}"`);
    if (take("^")) return { kind: "edge", sign: "^" };
    if (take("$")) return { kind: "edge", sign: "$" };
    if (take(".")) return { kind: "character", ranges: lineEnds, isNegated: true };
    if (take("[")) return characterClass();
    if (ahead("(")) return group(depth);
    if (ahead("{")) unlike("a brace", "{", 'write "\\{" for the character');
    if (take("\\")) {
      const ranges = namedClasses[(next() ?? "").toLowerCase()];
      if (!ranges) return { kind: "character", ranges: [escaped()], isNegated: false };
      return { kind: "character", ranges, isNegated: /[A-Z]/.test(signs[position++]!) };
    }
    return { kind: "character", ranges: [range(signs[position++]!)], isNegated: false };
  };

  const group = (depth: number): PatternNode => {
    if (!take("(?:")) {
      const other = groups.find(([beginning]) => ahead(beginning));
      if (other) unlike(other[1], other[0], other[2]);
      take("(");
    }
    const inner = choice(depth + 1);
    if (!take(")")) broken('"(" without ")"');
    return inner;
  };

  const characterClass = (): PatternNode => {
    const isNegated = take("^");
    if (ahead("]")) unlike("an empty class", isNegated ? "[^]" : "[]", 'write "\\]" for the character');
    const ranges: Range[] = [];
    while (!take("]")) {
      if (next() === undefined) broken('"[" without "]"');
      if (ahead("[")) unlike("a class in a class", "[", 'write "\\[" for the character');
      if (ahead("&&")) unlike("an intersection of classes", "&&", 'write "&" once for the character');
      const named = taken(/^\\[dwsDWS]/);
      if (/[A-Z]/.test(named)) unlike("a negated class in a class", named, "write out what is meant");
      if (named) {
        if (/^-[^\]]/.test(signs.slice(position).join(""))) broken(`"${named}-" begins no range`);
        ranges.push(...namedClasses[named[1]!]!);
        continue;
      }
      const [first] = member();
      if (!/^-[^\]]/.test(signs.slice(position).join(""))) ranges.push([first, first]);
      else {
        take("-");
        if (/^\\[dwsDWS]/.test(signs.slice(position).join("")))
          broken(`"-${signs[position]}${signs[position + 1]}" ends no range`);
        const [last] = member();
        if (last < first) broken("a range ends before it begins");
        ranges.push([first, last]);
      }
    }
    return { kind: "character", ranges, isNegated };
  };

  const member = (): Range => (take("\\") ? escaped() : range(signs[position++]!));

  /** What stands behind a `\`, apart from the named classes. */
  const escaped = (): Range => {
    const hex = taken(/^(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4})/);
    if (hex) {
      const point = Number.parseInt(hex.slice(1), 16);
      if (point >= 0xd800 && point <= 0xdfff) unlike("half a character", `\\${hex}`, "write the character itself");
      return [point, point];
    }
    const sign = next() ?? broken('a "\\" at the end');
    if (/[1-9]/.test(sign)) unlike("a reference to a group", `\\${sign}`, "write the group again");
    if (/[pP]/.test(sign)) unlike("a Unicode class", `\\${sign}`, "write out the characters, such as [A-Za-z]");
    if (/[bB]/.test(sign)) unlike("a word boundary", `\\${sign}`, "write out what may stand there");
    const control = controls[sign];
    if (control === undefined && /[0-9A-Za-z]/.test(sign))
      unlike("an escape", `\\${sign}`, "write the character itself, or \\xHH");
    position++;
    return range(control ?? sign);
  };

  const node = choice(0);
  if (position < signs.length) broken('")" without "("');
  return node;
}

/**
 * The pattern as the contract has it, so that all engines read it alike. @throws PatternError
 */
export function portablePattern(text: string): string {
  const node = withoutEdges(parsePattern(text));
  if (repetitions(node) > mostRepetitions)
    throw new PatternError(`repeats more than ${mostRepetitions} times, which RE2 can't; ask for less`);
  return print(node);
}

/** Without `^` at the beginning and `$` at the end, where they change nothing. */
function withoutEdges(node: PatternNode): PatternNode {
  if (node.kind === "choice") return { kind: "choice", options: node.options.map(withoutEdges) };
  const parts = node.kind === "sequence" ? [...node.parts] : [node];
  const isEdge = (part: PatternNode | undefined, sign: string) => part?.kind === "edge" && part.sign === sign;
  if (isEdge(parts[0], "^")) parts.shift();
  if (isEdge(parts.at(-1), "$")) parts.pop();
  return { kind: "sequence", parts };
}

/** How often RE2 writes out the innermost part that is repeated a given number of times. */
function repetitions(node: PatternNode): number {
  switch (node.kind) {
    case "sequence":
      return Math.max(1, ...node.parts.map(repetitions));
    case "choice":
      return Math.max(1, ...node.options.map(repetitions));
    case "repeat":
      return Math.max(1, Number.isFinite(node.most) ? node.most : node.least) * repetitions(node.part);
    default:
      return 1;
  }
}

function print(node: PatternNode): string {
  switch (node.kind) {
    case "edge":
      return unlike(node.sign === "^" ? "a beginning" : "an end", node.sign, "leave it out: the whole text must match");
    case "choice":
      return node.options.map(print).join("|");
    case "sequence":
      return node.parts.map((part) => (part.kind === "choice" ? `(?:${print(part)})` : print(part))).join("");
    case "repeat":
      return node.part.kind === "character" ? `${print(node.part)}${node.sign}` : `(?:${print(node.part)})${node.sign}`;
    case "character":
      return printCharacter(node.ranges, node.isNegated);
  }
}

function printCharacter(ranges: readonly Range[], isNegated: boolean): string {
  const [only, ...others] = ranges;
  if (others.length === 0 && !isNegated && only![0] === only![1]) return signText(only![0], /[\\^$.*+?()[\]{}|]/);
  // Java reads "&&" in a class as an intersection.
  const special = ranges.filter((both) => both.includes(code("&"))).length > 1 ? /[\\^\-[\]&]/ : /[\\^\-[\]]/;
  const texts = ranges.map(([first, last]) =>
    first === last ? signText(first, special) : `${signText(first, special)}-${signText(last, special)}`,
  );
  return `[${isNegated ? "^" : ""}${texts.join("")}]`;
}

const controlTexts = new Map(Object.entries(controls).map(([letter, sign]) => [sign, `\\${letter}`]));

function signText(point: number, special: RegExp): string {
  const sign = String.fromCodePoint(point);
  const control = controlTexts.get(sign);
  if (control) return control;
  if (point < 0x20 || point === 0x7f || (sign === "&" && special.test(sign)))
    return `\\x${point.toString(16).toUpperCase().padStart(2, "0")}`;
  return special.test(sign) ? `\\${sign}` : sign;
}
