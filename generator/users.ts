import type { AnswerBook } from "./answer.ts";
import { drawBits } from "./bits.ts";
import { Layout, nothing } from "./layout.ts";
import type { Rows } from "./lines.ts";
import type { Random } from "./random.ts";
import { countries, devices, sources, type UserRow } from "./rows.ts";
import type { Shares } from "./shares.ts";
import { midnight, otherTime, timeBetween } from "./times.ts";

const layout = new Layout([
  { name: "user_id", kind: "id", prefix: "u_" },
  { name: "signup_date", kind: "time" },
  { name: "country", kind: "choice", texts: countries },
  { name: "device_type", kind: "choice", texts: devices },
  { name: "marketing_source", kind: "choice", texts: sources },
]);
const signupTime = timeBetween("2023-01-01", "2025-01-01");

export class UserRows implements Rows<UserRow> {
  readonly name = "users";
  readonly time = "signup_date";
  readonly rules = ["user_id_is_null"];
  readonly warnings = [];
  hasNulls = false;
  isDate = false;
  /** How many user numbers were assigned, whether or not the row was kept. */
  count = 0;
  private readonly row: UserRow = { id: 0, time: 0, country: 0, device: 0, source: 0 };
  private readonly values = new Int32Array(5);
  private readonly random: Random;
  private readonly drawOddities: () => number;
  private readonly book: AnswerBook;

  constructor(random: Random, shares: Shares, book: AnswerBook) {
    this.random = random;
    const { nulls, nullKeys, wildTimes } = shares;
    this.drawOddities = drawBits(random, [nullKeys, nulls, nulls, nulls, nulls, wildTimes / 2]);
    this.book = book;
  }

  fresh(): UserRow {
    const { row, random } = this;
    row.id = this.count++;
    row.time = signupTime(random);
    row.country = random.below(countries.length);
    row.device = random.below(devices.length);
    row.source = random.below(sources.length);
    const odd = this.drawOddities();
    this.hasNulls = (odd & 31) !== 0;
    this.isDate = (odd & 32) !== 0;
    if (this.isDate) row.time = midnight(row.time);
    if (odd & 1) row.id = nothing;
    if (odd & 2) row.time = nothing;
    if (odd & 4) row.country = nothing;
    if (odd & 8) row.device = nothing;
    if (odd & 16) row.source = nothing;
    return row;
  }

  copy(row: UserRow): UserRow {
    return { ...row };
  }

  /** Another version: the user has moved to another country. */
  change(row: UserRow): UserRow {
    const country = (Math.max(row.country, 0) + 1 + this.random.below(countries.length - 1)) % countries.length;
    return { ...row, country, time: otherTime(row.time, this.random) };
  }

  write(row: UserRow, to: Uint8Array, at: number): number {
    const { values } = this;
    values[0] = row.id;
    values[1] = row.time;
    values[2] = row.country;
    values[3] = row.device;
    values[4] = row.source;
    return layout.write(values, to, at);
  }

  wins(row: UserRow, other: UserRow): boolean {
    if (row.time !== other.time) return row.time > other.time;
    return (countries[row.country] ?? "") > (countries[other.country] ?? "");
  }

  broken(row: UserRow): number {
    return row.id === nothing ? 0 : -1;
  }

  warned(): number {
    return 0;
  }

  settle(row: UserRow, versions: number): void {
    this.book.addUser(row, versions);
  }
}
