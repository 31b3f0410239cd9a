/**
 * A decimal number with every digit that was written. A JavaScript number holds about 16 digits, so an id or an amount
 * with more would silently become another one.
 */
export class Decimal {
  /** The number is `units` / 10 ** `scale`; of all such pairs the one with the least scale. */
  private constructor(
    private readonly units: bigint,
    private readonly scale: number,
  ) {}

  /** Reads a number as YAML and JSON write it; undefined for any other text, and beyond 400 powers of ten. */
  static parse(text: string): Decimal | undefined {
    if (/^0(x[0-9a-fA-F]+|o[0-7]+)$/.test(text)) return new Decimal(BigInt(text), 0);
    const [, sign, whole = "", behind = "", exponent = "0"] =
      /^([-+]?)(?=\.?\d)(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?$/.exec(text) ?? [];
    if (sign === undefined || Math.abs(Number(exponent)) > 400) return undefined;
    let units = BigInt(`${whole}${behind}`) * (sign === "-" ? -1n : 1n);
    let scale = behind.length - Number(exponent);
    if (scale < 0) [units, scale] = [units * 10n ** BigInt(-scale), 0];
    while (scale > 0 && units % 10n === 0n) [units, scale] = [units / 10n, scale - 1];
    return new Decimal(units, scale);
  }

  get digitsBefore(): number {
    return Math.max(0, this.magnitude.length - this.scale);
  }

  get digitsBehind(): number {
    return this.scale;
  }

  /** Less than, equal to or greater than 0, as this number is less than, equal to or greater than the other one. */
  compare(other: Decimal): number {
    const scale = Math.max(this.scale, other.scale);
    const difference =
      this.units * 10n ** BigInt(scale - this.scale) - other.units * 10n ** BigInt(scale - other.scale);
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }

  toNumber(): number {
    return Number(this.toString());
  }

  /** All digits, without an exponent. */
  toString(): string {
    const digits = this.magnitude.padStart(this.scale + 1, "0");
    const point = digits.length - this.scale;
    const text = this.scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
    return this.units < 0n ? `-${text}` : text;
  }

  toJSON(): string {
    return this.toString();
  }

  private get magnitude(): string {
    const text = String(this.units < 0n ? -this.units : this.units);
    return text === "0" ? "" : text;
  }
}

/** A number of a YAML file: as JavaScript's when that says the same, with its digits otherwise. */
export function numberOf(text: string): number | Decimal {
  const decimal = Decimal.parse(text);
  if (decimal === undefined) return Number.NaN;
  const number = decimal.toNumber();
  return Decimal.parse(String(number))?.compare(decimal) === 0 ? number : decimal;
}
