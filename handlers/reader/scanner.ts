/** The text is not JSON as RFC 8259 has it; `at` is the character where that shows. */
export class NotJson extends Error {
  override readonly name = "NotJson";
  readonly at: number;
  constructor(at: number) {
    super(`no JSON from character ${at + 1} on`);
    this.at = at;
  }
}

const code = (character: string) => character.charCodeAt(0);
export const [quote, comma, colon] = [code('"'), code(","), code(":")];
export const [openObject, closeObject, openList, closeList] = [code("{"), code("}"), code("["), code("]")];
const backslash = code("\\");
const [highSurrogate, lowSurrogate, afterSurrogates] = [0xd800, 0xdc00, 0xe000];

function grown(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(2 * bytes.length);
  larger.set(bytes);
  return larger;
}

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const literal = /true|false|null/y;
const escaped = /["\\/bfnrt]|u[0-9a-fA-F]{4}/y;

/**
 * Reads a JSON text token by token, each as it is written. JSON.parse would lose which keys came twice and the digits of
 * numbers, and it holds everything at once. No depth is too deep.
 */
export class Scanner {
  /** The next character. */
  at = 0;
  /** Whether a string had half a surrogate pair, which is no character. */
  hasHalfCharacter = false;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The next character's code after blanks; NaN at the end. */
  peek(): number {
    for (;;) {
      const next = this.text.charCodeAt(this.at);
      if (next !== 0x20 && next !== 0x09 && next !== 0x0a && next !== 0x0d) return next;
      this.at++;
    }
  }

  /** Takes this character, if it is the next after blanks. */
  take(character: number): boolean {
    if (this.peek() !== character) return false;
    this.at++;
    return true;
  }

  expect(character: number): void {
    if (!this.take(character)) throw new NotJson(this.at);
  }

  expectEnd(): void {
    if (!Number.isNaN(this.peek())) throw new NotJson(this.at);
  }

  /** A string with its quotes. */
  string(): string {
    const start = this.at;
    let at = start + 1;
    let next = this.text.charCodeAt(at);
    while (next !== quote) {
      if (next === backslash) at = this.escaped(at + 1);
      else if (next >= 0x20) at++;
      else throw new NotJson(at);
      next = this.text.charCodeAt(at);
      if (Number.isNaN(next)) throw new NotJson(at);
    }
    this.at = at + 1;
    return this.text.slice(start, this.at);
  }

  /** @returns where the escape whose letter is at `at` ends, with the other half of its pair */
  private escaped(at: number): number {
    const unit = this.escapedUnit(at);
    const end = escaped.lastIndex;
    if (!(unit >= highSurrogate && unit < afterSurrogates)) return end;
    const isPair = unit < lowSurrogate && this.text.charCodeAt(end) === backslash && isLow(this.escapedUnit(end + 1));
    if (isPair) return escaped.lastIndex;
    this.hasHalfCharacter = true;
    return end;
  }

  /** The UTF-16 unit of a `\u` escape, NaN of any other. */
  private escapedUnit(at: number): number {
    escaped.lastIndex = at;
    if (!escaped.test(this.text)) throw new NotJson(at);
    return Number.parseInt(this.text.slice(at + 1, escaped.lastIndex), 16);
  }

  /** A number, or true, false or null. */
  scalar(): string {
    for (const pattern of [number, literal]) {
      pattern.lastIndex = this.at;
      if (pattern.test(this.text)) {
        const token = this.text.slice(this.at, pattern.lastIndex);
        this.at = pattern.lastIndex;
        return token;
      }
    }
    throw new NotJson(this.at);
  }

  /** Passes over any value; what is in it may be of any depth. */
  skip(): void {
    /** The brackets that close what is open: a byte a level, because a list of millions would take ten times as much. */
    let closing = new Uint8Array(64);
    let levels = 0;
    do {
      const next = this.peek();
      if (next === openObject || next === openList) {
        this.at++;
        const close = next === openObject ? closeObject : closeList;
        if (!this.take(close)) {
          if (levels === closing.length) closing = grown(closing);
          closing[levels++] = close;
          if (close === closeObject) this.key();
          continue;
        }
      } else if (next === quote) this.string();
      else this.scalar();
      while (levels > 0 && this.take(closing[levels - 1]!)) levels--;
      if (levels > 0) {
        this.expect(comma);
        if (closing[levels - 1] === closeObject) this.key();
      }
    } while (levels > 0);
  }

  /** A key with its quotes, and the colon after it. */
  key(): string {
    if (this.peek() !== quote) throw new NotJson(this.at);
    const key = this.string();
    this.expect(colon);
    return key;
  }

  /** Calls `member` before each value of an object, which it must read. */
  object(member: (key: string) => void): void {
    this.at++;
    if (this.take(closeObject)) return;
    do member(this.key());
    while (this.take(comma));
    this.expect(closeObject);
  }

  /** Calls `element` before each value of a list, which it must read. */
  list(element: () => void): void {
    this.at++;
    if (this.take(closeList)) return;
    do element();
    while (this.take(comma));
    this.expect(closeList);
  }
}

const isLow = (unit: number) => unit >= lowSurrogate && unit < afterSurrogates;
