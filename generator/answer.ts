import { nothing } from "./layout.ts";
import type { DatasetName, EventRow, OrderRow } from "./rows.ts";
import { countries, devices, sources, type UserRow } from "./rows.ts";
import { heavyUser, isQuiet, isUnpaid } from "./shares.ts";

/** The known answer, written as `answer.json` beside the files. It shares no code with the pipeline. */
export interface Answer {
  readonly format: 3;
  readonly records: number;
  readonly seed: number;
  readonly files: Readonly<Record<string, { readonly bytes: number }>>;
  readonly datasets: Readonly<Record<DatasetName, DatasetCounts>>;
  readonly outputs: {
    readonly user_activity: {
      readonly rows: number;
      readonly totals: Totals;
      /** The number of rows for every distinct value. */
      readonly groups: Readonly<Record<"country" | "device_type" | "marketing_source", Record<string, number>>>;
      /** Exact rows of some users, each with the reason for its choice. */
      readonly sample: readonly { readonly kind: SampleKind; readonly row: GoldRow }[];
    };
  };
}

/** lines = malformed + read; read = kept + all rejected + deduplicated. Orphans are among the kept; `warned` counts how many break each rule. */
export interface DatasetCounts {
  readonly lines: number;
  readonly malformed: number;
  readonly read: number;
  readonly kept: number;
  readonly rejected: Readonly<Record<string, number>>;
  readonly warned: Readonly<Record<string, number>>;
  readonly deduplicated: number;
  readonly orphans: Readonly<Record<string, number>>;
  /** Fields that no column declares, the most frequent first. */
  readonly drift: { readonly undeclared: readonly { readonly name: string; readonly rows: number }[] };
}

/** Sums over all rows of the output; the timestamps are the earliest and the latest. */
export interface Totals {
  readonly total_events: number;
  readonly total_sessions: number;
  readonly product_views: number;
  readonly product_purchases: number;
  readonly first_event_at: string | null;
  readonly last_event_at: string | null;
  readonly total_orders: number;
  readonly successful_orders: number;
  readonly failed_orders: number;
  /** A decimal as text, because a double would not be exact. */
  readonly revenue: string;
  readonly last_order_at: string | null;
}

/** One row of user_activity. Timestamps are UTC to the second, such as `2025-03-01T12:34:56Z`. */
export interface GoldRow extends Totals {
  readonly user_id: string;
  readonly country: string;
  readonly device_type: string;
  readonly marketing_source: string;
  readonly signup_date: string | null;
}

/** How many users of each kind the sample holds; a user counts for the first kind that has room. */
const sampleSizes = {
  heavy: 1,
  quiet: 2,
  unpaid: 4,
  unknown_country: 2,
  no_signup_date: 2,
  repeated: 4,
  ordinary: 4,
} as const;
export type SampleKind = keyof typeof sampleSizes;

/** Sessions that one user can have. The heavy user has more; their numbers come after all others. */
export const sessionsOfUser = 16;
export const sessionsOfHeavyUser = 4096;

/** Aggregates the kept rows. Timestamps are seconds since 1970; money is in cents. */
class Activity {
  events = 0;
  sessions = 0;
  views = 0;
  purchases = 0;
  firstEvent = Number.MAX_SAFE_INTEGER;
  lastEvent = -1;
  orders = 0;
  successful = 0;
  failed = 0;
  cents = 0;
  lastOrder = -1;

  addEvent(event: EventRow, isNewSession: boolean): void {
    this.events++;
    if (isNewSession) this.sessions++;
    if (event.type === 0) this.views++;
    else if (event.type === 1) this.purchases++;
    if (event.time === nothing) return;
    if (event.time < this.firstEvent) this.firstEvent = event.time;
    if (event.time > this.lastEvent) this.lastEvent = event.time;
  }

  addOrder(order: OrderRow): void {
    this.orders++;
    if (order.status === 0) {
      this.successful++;
      if (order.cents !== nothing) this.cents += order.cents;
    } else if (order.status === 1) this.failed++;
    if (order.time > this.lastOrder) this.lastOrder = order.time;
  }

  totals(): Totals {
    return {
      total_events: this.events,
      total_sessions: this.sessions,
      product_views: this.views,
      product_purchases: this.purchases,
      first_event_at: this.lastEvent < 0 ? null : timeText(this.firstEvent),
      last_event_at: timeText(this.lastEvent),
      total_orders: this.orders,
      successful_orders: this.successful,
      failed_orders: this.failed,
      revenue: centsText(this.cents),
      last_order_at: timeText(this.lastOrder),
    };
  }
}

interface SampledUser {
  readonly kind: SampleKind;
  readonly user: UserRow;
  readonly activity: Activity;
}

/** Collects the answer from the kept rows: all users first, then events and orders. */
export class AnswerBook {
  /** For each user number: 0 unknown, 1 known, from 2 on the place in the sample. */
  private readonly standing: Uint8Array;
  /** One bit for each session number; a session belongs to one user. */
  private readonly sessions: Uint8Array;
  private readonly sample: SampledUser[] = [];
  private readonly room: Record<SampleKind, number> = { ...sampleSizes };
  private readonly total = new Activity();
  private readonly orphans = { events: 0, orders: 0 };
  private readonly groups = {
    country: groupCounter(countries),
    device_type: groupCounter(devices),
    marketing_source: groupCounter(sources),
  };
  private users = 0;

  constructor(records: number) {
    this.standing = new Uint8Array(records);
    this.sessions = new Uint8Array(((records * sessionsOfUser + sessionsOfHeavyUser) >> 3) + 1);
  }

  addUser(user: UserRow, versions: number): void {
    this.users++;
    this.groups.country.add(user.country);
    this.groups.device_type.add(user.device);
    this.groups.marketing_source.add(user.source);
    const kind = this.kindOf(user, versions);
    if (kind !== undefined) {
      this.room[kind]--;
      this.sample.push({ kind, user: { ...user }, activity: new Activity() });
    }
    this.standing[user.id] = kind === undefined ? 1 : this.sample.length + 1;
  }

  addEvent(event: EventRow): void {
    const standing = this.standing[event.user];
    if (!standing) {
      this.orphans.events++;
      return;
    }
    const isNewSession = event.session !== nothing && this.markSession(event.session);
    this.total.addEvent(event, isNewSession);
    if (standing > 1) this.sample[standing - 2]!.activity.addEvent(event, isNewSession);
  }

  addOrder(order: OrderRow): void {
    const standing = this.standing[order.user];
    if (!standing) {
      this.orphans.orders++;
      return;
    }
    this.total.addOrder(order);
    if (standing > 1) this.sample[standing - 2]!.activity.addOrder(order);
  }

  answer(
    request: Pick<Answer, "records" | "seed" | "files">,
    counts: Readonly<Record<DatasetName, DatasetCounts>>,
  ): Answer {
    const sample = [...this.sample].sort((a, b) => a.user.id - b.user.id);
    return {
      format: 3,
      ...request,
      datasets: {
        users: counts.users,
        events: { ...counts.events, orphans: { user_id: this.orphans.events } },
        orders: { ...counts.orders, orphans: { user_id: this.orphans.orders } },
      },
      outputs: {
        user_activity: {
          rows: this.users,
          totals: this.total.totals(),
          groups: {
            country: this.groups.country.counts(),
            device_type: this.groups.device_type.counts(),
            marketing_source: this.groups.marketing_source.counts(),
          },
          sample: sample.map(({ kind, user, activity }) => ({ kind, row: goldRow(user, activity) })),
        },
      },
    };
  }

  private kindOf(user: UserRow, versions: number): SampleKind | undefined {
    const { room } = this;
    if (user.id === heavyUser) return "heavy";
    if (isQuiet(user.id)) return room.quiet > 0 ? "quiet" : undefined;
    if (isUnpaid(user.id)) return room.unpaid > 0 ? "unpaid" : undefined;
    if (user.country === nothing && room.unknown_country > 0) return "unknown_country";
    if (user.time === nothing && room.no_signup_date > 0) return "no_signup_date";
    if (versions > 1) return room.repeated > 0 ? "repeated" : undefined;
    return room.ordinary > 0 ? "ordinary" : undefined;
  }

  /** True the first time. */
  private markSession(session: number): boolean {
    const bit = 1 << (session & 7);
    const seen = this.sessions[session >> 3]!;
    this.sessions[session >> 3] = seen | bit;
    return (seen & bit) === 0;
  }
}

function goldRow(user: UserRow, activity: Activity): GoldRow {
  return {
    user_id: `u_${user.id}`,
    country: countries[user.country] ?? "unknown",
    device_type: devices[user.device] ?? "unknown",
    marketing_source: sources[user.source] ?? "unknown",
    signup_date: timeText(user.time),
    ...activity.totals(),
  };
}

function groupCounter(names: readonly string[]) {
  const found = new Float64Array(names.length + 1);
  return {
    /** The contract turns a null into "unknown". */
    add: (value: number) => {
      found[value === nothing ? 0 : value + 1]!++;
    },
    counts: () => Object.fromEntries(["unknown", ...names].map((name, index) => [name, found[index]!])),
  };
}

function timeText(seconds: number): string | null {
  return seconds < 0 ? null : new Date(seconds * 1000).toISOString().replace(".000", "");
}

function centsText(cents: number): string {
  const size = Math.abs(cents);
  return `${cents < 0 ? "-" : ""}${Math.floor(size / 100)}.${String(size % 100).padStart(2, "0")}`;
}
