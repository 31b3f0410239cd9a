import { activityUsers } from "./activityUsers.ts";
import { type AnswerBook, sessionsOfHeavyUser, sessionsOfUser } from "./answer.ts";
import { drawBits } from "./bits.ts";
import { Layout, nothing } from "./layout.ts";
import type { Rows } from "./lines.ts";
import type { Random } from "./random.ts";
import { devices, type EventRow, productCount } from "./rows.ts";
import { heavyUser, type Shares } from "./shares.ts";
import { midnight, otherTime, timeBetween } from "./times.ts";

/** The contract allows only the first two. */
const types = ["product_view", "product_purchase", "checkout", "Product_View"];
const allowedTypes = 2;

const layout = new Layout([
  { name: "event_id", kind: "id", prefix: "e_" },
  { name: "user_id", kind: "id", prefix: "u_" },
  { name: "event_type", kind: "choice", texts: types },
  { name: "product_id", kind: "id", prefix: "p_" },
  { name: "event_timestamp", kind: "time" },
  { name: "session_id", kind: "id", prefix: "s_" },
  { name: "device_type", kind: "choice", texts: devices },
]);
const eventTime = timeBetween("2024-03-01", "2025-09-01");

export class EventRows implements Rows<EventRow> {
  readonly name = "events";
  readonly time = "event_timestamp";
  readonly rules = ["event_id_is_null", "user_id_is_null"];
  readonly warnings = ["event_type_not_allowed"];
  hasNulls = false;
  isDate = false;
  private count = 0;
  private readonly row: EventRow = { id: 0, user: 0, type: 0, product: 0, time: 0, session: 0, device: 0 };
  private readonly values = new Int32Array(7);
  private readonly random: Random;
  private readonly drawOddities: () => number;
  private readonly users: number;
  private readonly drawUser: () => number;
  private readonly book: AnswerBook;

  constructor(random: Random, shares: Shares, users: number, book: AnswerBook) {
    this.random = random;
    const { nulls, nullKeys, notAllowed, wildTimes } = shares;
    const ofColumns = [nullKeys, nullKeys, nulls, nulls, nulls, nulls, nulls];
    this.drawOddities = drawBits(random, [...ofColumns, notAllowed, wildTimes / 2]);
    this.users = users;
    this.drawUser = activityUsers(random, shares, users);
    this.book = book;
  }

  fresh(): EventRow {
    const { row, random } = this;
    row.id = this.count++;
    row.user = this.drawUser();
    row.type = random.chance(0.7) ? 0 : 1;
    row.product = 1 + random.below(productCount);
    row.time = eventTime(random);
    row.session = this.sessionOf(row.user);
    row.device = random.below(devices.length);
    const odd = this.drawOddities();
    this.hasNulls = (odd & 127) !== 0;
    if (odd & 128) row.type = allowedTypes + random.below(types.length - allowedTypes);
    this.isDate = (odd & 256) !== 0;
    if (this.isDate) row.time = midnight(row.time);
    if (odd & 1) row.id = nothing;
    if (odd & 2) row.user = nothing;
    if (odd & 4) row.type = nothing;
    if (odd & 8) row.product = nothing;
    if (odd & 16) row.time = nothing;
    if (odd & 32) row.session = nothing;
    if (odd & 64) row.device = nothing;
    return row;
  }

  copy(row: EventRow): EventRow {
    return { ...row };
  }

  /** Another version: the other type and another device, sometimes without its user, so that it is rejected. */
  change(row: EventRow): EventRow {
    const device = (Math.max(row.device, 0) + 1) % devices.length;
    const user = this.random.chance(0.1) ? nothing : row.user;
    return { ...row, user, device, type: row.type === 0 ? 1 : 0, time: otherTime(row.time, this.random) };
  }

  write(row: EventRow, to: Uint8Array, at: number): number {
    const { values } = this;
    values[0] = row.id;
    values[1] = row.user;
    values[2] = row.type;
    values[3] = row.product;
    values[4] = row.time;
    values[5] = row.session;
    values[6] = row.device;
    return layout.write(values, to, at);
  }

  wins(row: EventRow, other: EventRow): boolean {
    if (row.time !== other.time) return row.time > other.time;
    return (types[row.type] ?? "") > (types[other.type] ?? "");
  }

  broken(row: EventRow): number {
    if (row.id === nothing) return 0;
    return row.user === nothing ? 1 : -1;
  }

  warned(row: EventRow): number {
    return row.type >= allowedTypes ? 1 : 0;
  }

  settle(row: EventRow): void {
    this.book.addEvent(row);
  }

  /** Sessions are numbered from 1 and belong to one user each. */
  private sessionOf(user: number): number {
    if (user === heavyUser) return this.users * sessionsOfUser + 1 + this.random.below(sessionsOfHeavyUser);
    return user * sessionsOfUser + 1 + this.random.below(sessionsOfUser);
  }
}
