import { activityUsers } from "./activityUsers.ts";
import type { AnswerBook } from "./answer.ts";
import { drawBits } from "./bits.ts";
import { Layout, nothing } from "./layout.ts";
import type { Rows } from "./lines.ts";
import type { Random } from "./random.ts";
import type { OrderRow } from "./rows.ts";
import { productCount } from "./rows.ts";
import { isUnpaid, type Shares } from "./shares.ts";
import { midnight, otherTime, timeBetween } from "./times.ts";

/** The contract allows only the first three statuses, and only the first currency. */
const statuses = ["success", "failed", "in_progress", "refunded", "SUCCESS"];
const allowedStatuses = 3;
const failed = 1;
const currencies = ["USD", "usd", "US$", "EURO"];
/** The greatest amount that the contract allows; the least is 0. */
const maximumCents = 10_000_000;

const layout = new Layout([
  { name: "order_id", kind: "id", prefix: "o_" },
  { name: "user_id", kind: "id", prefix: "u_" },
  { name: "product_id", kind: "id", prefix: "p_" },
  { name: "order_amount", kind: "cents" },
  { name: "currency", kind: "choice", texts: currencies },
  { name: "order_timestamp", kind: "time" },
  { name: "payment_status", kind: "choice", texts: statuses },
]);
const orderTime = timeBetween("2024-03-01", "2025-09-01");

export class OrderRows implements Rows<OrderRow> {
  readonly name = "orders";
  readonly time = "order_timestamp";
  readonly rules = ["order_id_is_null", "user_id_is_null"];
  readonly warnings = ["order_amount_out_of_range", "currency_pattern", "payment_status_not_allowed"];
  hasNulls = false;
  isDate = false;
  private count = 0;
  private readonly row: OrderRow = { id: 0, user: 0, product: 0, cents: 0, currency: 0, time: 0, status: 0 };
  private readonly values = new Int32Array(7);
  private readonly random: Random;
  private readonly drawOddities: () => number;
  private readonly drawUser: () => number;
  private readonly book: AnswerBook;

  constructor(random: Random, shares: Shares, users: number, book: AnswerBook) {
    this.random = random;
    const { nulls, nullKeys, outOfRange, patterns, notAllowed, wildTimes } = shares;
    const ofColumns = [nullKeys, nullKeys, nulls, nulls, nulls, nulls, nulls];
    this.drawOddities = drawBits(random, [...ofColumns, outOfRange, patterns, notAllowed, wildTimes / 2]);
    this.drawUser = activityUsers(random, shares, users);
    this.book = book;
  }

  fresh(): OrderRow {
    const { row, random } = this;
    const user = this.drawUser();
    row.id = this.count++;
    row.user = user;
    row.product = 1 + random.below(productCount);
    row.cents = 500 + random.below(49_500);
    row.currency = 0;
    row.time = orderTime(random);
    row.status = isUnpaid(user) ? failed : this.drawStatus();
    const odd = this.drawOddities();
    this.hasNulls = (odd & 127) !== 0;
    if (odd & 128) row.cents = random.chance(0.5) ? -1 - random.below(50_000) : maximumCents + 1 + row.cents;
    if (odd & 256) row.currency = 1 + random.below(currencies.length - 1);
    if (odd & 512 && !isUnpaid(user)) row.status = allowedStatuses + random.below(statuses.length - allowedStatuses);
    this.isDate = (odd & 1024) !== 0;
    if (this.isDate) row.time = midnight(row.time);
    if (odd & 1) row.id = nothing;
    if (odd & 2) row.user = nothing;
    if (odd & 4) row.product = nothing;
    if (odd & 8) row.cents = nothing;
    if (odd & 16) row.currency = nothing;
    if (odd & 32) row.time = nothing;
    if (odd & 64 && !isUnpaid(user)) row.status = nothing;
    return row;
  }

  copy(row: OrderRow): OrderRow {
    return { ...row };
  }

  /** Another version: another amount and another status, sometimes without its user, so that it is rejected. */
  change(row: OrderRow): OrderRow {
    const user = this.random.chance(0.1) ? nothing : row.user;
    const cents = Math.max(row.cents, 0) + 1 + this.random.below(1000);
    const status = isUnpaid(row.user) ? failed : (Math.max(row.status, 0) + 1) % allowedStatuses;
    return { ...row, user, cents, status, time: otherTime(row.time, this.random) };
  }

  write(row: OrderRow, to: Uint8Array, at: number): number {
    const { values } = this;
    values[0] = row.id;
    values[1] = row.user;
    values[2] = row.product;
    values[3] = row.cents;
    values[4] = row.currency;
    values[5] = row.time;
    values[6] = row.status;
    return layout.write(values, to, at);
  }

  /** Two versions of an order differ in their amounts. */
  wins(row: OrderRow, other: OrderRow): boolean {
    // Nothing is less than any amount.
    return row.time === other.time ? row.cents > other.cents : row.time > other.time;
  }

  broken(row: OrderRow): number {
    if (row.id === nothing) return 0;
    return row.user === nothing ? 1 : -1;
  }

  warned(row: OrderRow): number {
    const isOutOfRange = row.cents !== nothing && (row.cents < 0 || row.cents > maximumCents);
    return (isOutOfRange ? 1 : 0) | (row.currency > 0 ? 2 : 0) | (row.status >= allowedStatuses ? 4 : 0);
  }

  settle(row: OrderRow): void {
    this.book.addOrder(row);
  }

  private drawStatus(): number {
    const draw = this.random.below(10);
    return draw < 7 ? 0 : draw < 9 ? failed : 2;
  }
}
