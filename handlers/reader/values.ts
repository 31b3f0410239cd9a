import type { ScalarKind } from "../../config/columnType.ts";
import { isDay } from "../../config/day.ts";

/**
 * What a value is, by its text. Each function takes a JSON token and returns the same value as JSON that DuckDB reads
 * exactly into the column's type, or null where the token is no such value.
 */

const wholeNumber = /^-?\d{1,19}$/;

function integer(token: string, bits: 32 | 64): string | null {
  if (!wholeNumber.test(token)) return null;
  const value = BigInt(token);
  return BigInt.asIntN(bits, value) === value ? String(value) : null;
}

const isNumber = (token: string) => token !== "" && (token[0] === "-" || (token[0]! >= "0" && token[0]! <= "9"));

/** The nearest double. Zero has no sign. */
function double(token: string): string | null {
  const value = isNumber(token) ? Number(token) : Number.NaN;
  return Number.isFinite(value) ? String(value) : null;
}

const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** Decimals beyond the declared ones that are looked at: producers add up doubles, and 0.30000000000000004 is 0.30. */
const noiseDecimals = 6;

/**
 * A decimal is the number itself, rounded half up to six decimals more than are declared; if there are then more than
 * are declared, it is none. So 0.30000000000000004 is 0.30 and 12.345 is no decimal(12,2).
 */
export function decimal(token: string, precision: number, scale: number): string | null {
  const found = parts.exec(token);
  if (!found) return null;
  const [, sign, whole, fraction = "", exponent = "0"] = found as unknown as [string, string, string, string?, string?];
  const digits = (whole + fraction).replace(/^0+/, "");
  if (digits === "") return quoted("", "0", scale);
  // The value is `digits` times ten to this power, in units of the last declared decimal.
  const power = Number(exponent) - fraction.length + scale;
  if (digits.length + power > precision) return null;
  if (power >= 0) return quoted(sign, digits + "0".repeat(power), scale);
  const beyond = -power;
  // Far below the first decimal that is looked at.
  if (beyond > digits.length + noiseDecimals) return quoted("", "0", scale);
  const padded = digits.padStart(beyond + 1, "0");
  const rest = padded.slice(-beyond);
  const looked = rest.slice(0, noiseDecimals);
  const isRoundedUp = (rest[noiseDecimals] ?? "0") >= "5";
  const units = BigInt(padded.slice(0, -beyond));
  if (/^0*$/.test(looked) && !isRoundedUp) return within(sign, units, precision, scale);
  if (looked.length === noiseDecimals && /^9*$/.test(looked) && isRoundedUp)
    return within(sign, units + 1n, precision, scale);
  return null;
}

function within(sign: string, units: bigint, precision: number, scale: number): string | null {
  const text = String(units);
  return text.length > precision ? null : quoted(sign, text, scale);
}

function quoted(sign: string, units: string, scale: number): string {
  const padded = units.padStart(scale + 1, "0");
  const [whole, fraction] = [padded.slice(0, padded.length - scale), padded.slice(padded.length - scale)];
  return `"${units === "0" ? "" : sign}${whole}${scale > 0 ? `.${fraction}` : ""}"`;
}

const time =
  /^(\d{4}-\d{2}-\d{2})(?:[T ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d+))?)?(?: ?(Z|UTC|GMT|[+-](?:(?:0\d|1[0-7])(?::?[0-5]\d)?|18(?::?00)?)))?)?$/;

/** An instant in UTC, cut to microseconds; without a zone the text is UTC. */
function timestamp(text: string): string | null {
  const found = time.exec(text);
  if (!found || !isDay(found[1]!)) return null;
  const [, day, hour = "00", minute = "00", second = "00", fraction = "", zone = "Z"] = found;
  const micros = fraction.slice(0, 6).padEnd(6, "0");
  const offset = offsetOf(zone);
  if (offset === 0) return `"${day} ${hour}:${minute}:${second}.${micros}"`;
  const shifted = new Date(Date.parse(`${day}T${hour}:${minute}:${second}Z`) - offset * 60_000);
  const year = shifted.getUTCFullYear();
  if (year < 1 || year > 9999) return null;
  return `"${shifted.toISOString().slice(0, 19).replace("T", " ")}.${micros}"`;
}

/** Minutes east of Greenwich. */
function offsetOf(zone: string): number {
  if (!/^[+-]/.test(zone)) return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3).replace(":", ""));
  return zone.startsWith("-") ? -minutes : minutes;
}

const text = (token: string): string | null => (token.startsWith('"') ? token : null);
const ofText = (read: (content: string) => string | null) => (token: string) =>
  token.startsWith('"') ? read(JSON.parse(token) as string) : null;

/** Reads a token as a value of each kind. */
export const scalarReaders: Readonly<Record<ScalarKind, (token: string) => string | null>> = {
  string: text,
  boolean: (token) => (token === "true" || token === "false" ? token : null),
  integer: (token) => integer(token, 32),
  long: (token) => integer(token, 64),
  double,
  date: ofText((content) => (isDay(content) ? `"${content}"` : null)),
  timestamp: ofText(timestamp),
};
