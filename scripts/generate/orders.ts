import { activityUsers } from "./activityUsers.ts";
import type { AnswerBook } from "./answer.ts";
import { productCount } from "./events.ts";
import { Layout } from "./layout.ts";
import type { Rows } from "./lines.ts";
import { nullColumns } from "./nulls.ts";
import type { Random } from "./random.ts";
import { isUnpaid, type Shares } from "./shares.ts";
import { otherTime, timeBetween } from "./times.ts";

/** Numbers stand for texts: `status` 0 is success, 1 failed; -1 is null. */
export interface OrderRow {
  id: number;
  user: number;
  product: number;
  cents: number;
  currency: number;
  time: number;
  status: number;
}

const statuses = ["success", "failed", "in_progress"];
const failed = 1;

const layout = new Layout([
  { name: "order_id", kind: "id", prefix: "o_" },
  { name: "user_id", kind: "id", prefix: "u_" },
  { name: "product_id", kind: "id", prefix: "p_" },
  { name: "order_amount", kind: "cents" },
  { name: "currency", kind: "choice", texts: ["USD"] },
  { name: "order_timestamp", kind: "time" },
  { name: "payment_status", kind: "choice", texts: statuses },
]);
const orderTime = timeBetween("2024-03-01", "2025-09-01");

export class OrderRows implements Rows<OrderRow> {
  readonly rules = ["order_id_is_null", "user_id_is_null"];
  private count = 0;
  private readonly row: OrderRow = { id: 0, user: 0, product: 0, cents: 0, currency: 0, time: 0, status: 0 };
  private readonly values = new Int32Array(7);
  private readonly random: Random;
  private readonly drawNulls: () => number;
  private readonly drawUser: () => number;
  private readonly book: AnswerBook;

  constructor(random: Random, shares: Shares, users: number, book: AnswerBook) {
    this.random = random;
    const { nulls, nullKeys } = shares;
    this.drawNulls = nullColumns(random, [nullKeys, nullKeys, nulls, nulls, nulls, nulls, nulls]);
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
    const nulls = this.drawNulls();
    if (nulls & 1) row.id = -1;
    if (nulls & 2) row.user = -1;
    if (nulls & 4) row.product = -1;
    if (nulls & 8) row.cents = -1;
    if (nulls & 16) row.currency = -1;
    if (nulls & 32) row.time = -1;
    if (nulls & 64 && !isUnpaid(user)) row.status = -1;
    return row;
  }

  copy(row: OrderRow): OrderRow {
    return { ...row };
  }

  /** Corrected: another amount and another status; now and then without its user, which rejects that version. */
  change(row: OrderRow): OrderRow {
    const user = this.random.chance(0.1) ? -1 : row.user;
    const cents = Math.max(row.cents, 0) + 1 + this.random.below(1000);
    const status = isUnpaid(row.user) ? failed : (row.status + 1) % statuses.length;
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

  time(row: OrderRow): number {
    return row.time;
  }

  broken(row: OrderRow): number {
    if (row.id < 0) return 0;
    return row.user < 0 ? 1 : -1;
  }

  settle(row: OrderRow): void {
    this.book.addOrder(row);
  }

  private drawStatus(): number {
    const draw = this.random.below(10);
    return draw < 7 ? 0 : draw < 9 ? failed : 2;
  }
}
