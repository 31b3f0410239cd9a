/** Means null in every field. Any other negative number is an amount of money. */
export const nothing = -2147483648;

/**
 * How a field's number is written: `id` as `"u_12"`, `choice` as one of the texts, `time` as `"2025-03-01T12:34:56"`,
 * `cents` as `-12.50`.
 */
export type Field = { readonly name: string } & (
  | { readonly kind: "id"; readonly prefix: string }
  | { readonly kind: "choice"; readonly texts: readonly string[] }
  | { readonly kind: "time" }
  | { readonly kind: "cents" }
);

/**
 * A line in which every digit is 0. It is copied whole and then only the digits are written, which is several times
 * faster than building the line. There is one template for each combination of field widths, made on first use.
 */
interface Template {
  readonly bytes: Uint8Array;
  /** Where each field's digits begin. */
  readonly starts: readonly number[];
}

const kinds = { id: 0, choice: 1, time: 2, cents: 3 } as const;
const digitsOfId = 10;
/** The number of shapes: null and each width. An amount has each width also with a minus. */
const shapesOf = { id: digitsOfId + 1, time: 2, cents: 2 * digitsOfId + 1 };

/** Writes rows as JSON objects. A row is given as one number for each field. */
export class Layout {
  private readonly fields: readonly Field[];
  private readonly kinds: Uint8Array;
  /** How many shapes each field can have. */
  private readonly shapes: Int32Array;
  private readonly templates: (Template | undefined)[];

  constructor(fields: readonly Field[]) {
    this.fields = fields;
    this.kinds = Uint8Array.from(fields, ({ kind }) => kinds[kind]);
    this.shapes = Int32Array.from(fields, (field) =>
      field.kind === "choice" ? field.texts.length + 1 : shapesOf[field.kind],
    );
    this.templates = new Array(this.shapes.reduce((product, shapes) => product * shapes, 1)).fill(undefined);
  }

  /** Returns where the line ends. */
  write(values: Int32Array, to: Uint8Array, at: number): number {
    const { kinds: kind, shapes } = this;
    let shape = 0;
    for (let i = 0; i < kind.length; i++) shape = shape * shapes[i]! + shapeOf(kind[i]!, values[i]!);
    let template = this.templates[shape];
    if (template === undefined) this.templates[shape] = template = this.build(values);

    const { bytes, starts } = template;
    to.set(bytes, at);
    for (let i = 0; i < kind.length; i++) {
      const value = values[i]!;
      if (value === nothing) continue;
      const start = at + starts[i]!;
      if (kind[i] === kinds.id) putDigits(to, start, digits(value), value);
      else if (kind[i] === kinds.time) putTime(to, start, value);
      else if (kind[i] === kinds.cents) putCents(to, start, value);
    }
    return at + bytes.length;
  }

  private build(values: Int32Array): Template {
    let text = "";
    const starts: number[] = [];
    for (const [index, field] of this.fields.entries()) {
      text += `${index === 0 ? "{" : ","}"${field.name}":`;
      const [before, after] = blank(field, values[index]!);
      text += before;
      starts.push(text.length);
      text += after;
    }
    return { bytes: Buffer.from(`${text}}`, "latin1"), starts };
  }
}

function shapeOf(kind: number, value: number): number {
  if (value === nothing) return 0;
  if (kind === kinds.choice) return value + 1;
  if (kind === kinds.time) return 1;
  if (kind === kinds.id) return digits(value);
  return value < 0 ? digitsOfId + digits(unitsOf(value)) : digits(unitsOf(value));
}

/** A field's text: the part before its digits, and the rest from the digits on. */
function blank(field: Field, value: number): [string, string] {
  if (value === nothing) return ["null", ""];
  switch (field.kind) {
    case "id":
      return [`"${field.prefix}`, `${"0".repeat(digits(value))}"`];
    case "choice":
      return [JSON.stringify(field.texts[value]), ""];
    case "time":
      return ['"', '0000-00-00T00:00:00"'];
    case "cents":
      return [value < 0 ? "-" : "", `${"0".repeat(digits(unitsOf(value)))}.00`];
  }
}

function digits(value: number): number {
  if (value < 100_000) {
    if (value < 100) return value < 10 ? 1 : 2;
    return value < 1000 ? 3 : value < 10_000 ? 4 : 5;
  }
  if (value < 10_000_000) return value < 1_000_000 ? 6 : 7;
  return value < 100_000_000 ? 8 : value < 1_000_000_000 ? 9 : 10;
}

function putDigits(to: Uint8Array, at: number, width: number, value: number): void {
  let rest = value;
  for (let i = at + width - 1; i >= at; i--) {
    const quotient = (rest / 10) | 0;
    to[i] = 0x30 + rest - quotient * 10;
    rest = quotient;
  }
}

/** Whole units of money, without the sign. */
const unitsOf = (cents: number) => (Math.abs(cents) / 100) | 0;

function putCents(to: Uint8Array, at: number, cents: number): void {
  const units = unitsOf(cents);
  const width = digits(units);
  putDigits(to, at, width, units);
  putDigits(to, at + width + 1, 2, Math.abs(cents) - units * 100);
}

const secondsOfDay = 86_400;
const firstDay = Date.UTC(2020, 0, 1) / 1000 / secondsOfDay;
const dateWidth = 10;
const dates = Buffer.from(
  Array.from({ length: 3653 }, (_, day) =>
    new Date((firstDay + day) * secondsOfDay * 1000).toISOString().slice(0, dateWidth),
  ).join(""),
  "latin1",
);

/** Seconds since 1970, within 2020 to 2029. */
function putTime(to: Uint8Array, at: number, seconds: number): void {
  const day = (seconds / secondsOfDay) | 0;
  const date = (day - firstDay) * dateWidth;
  for (let i = 0; i < dateWidth; i++) to[at + i] = dates[date + i]!;
  const second = seconds - day * secondsOfDay;
  const minute = (second / 60) | 0;
  const hour = (minute / 60) | 0;
  putDigits(to, at + 11, 2, hour);
  putDigits(to, at + 14, 2, minute - hour * 60);
  putDigits(to, at + 17, 2, second - minute * 60);
}
