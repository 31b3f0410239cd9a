import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type DatasetName, datasetNames } from "../../generator/rows.ts";
import type { RawFiles } from "./engineRuns.ts";

/** A row as an object, or a line as it stands. */
export type Line = string | Readonly<Record<string, unknown>>;
export type Lines = Readonly<Partial<Record<DatasetName, readonly Line[]>>>;
/** By user, the cells that the case is about, worked out by hand; the other cells are the oracle's alone. */
export type Expected = Readonly<Record<string, Readonly<Record<string, string | null>>>>;

export interface Case extends Lines {
  readonly expected: Expected;
}

const order = (order_id: string, user_id: string, more: object) => ({ order_id, user_id, currency: "USD", ...more });
const success = (order_id: string, user_id: string, order_amount: number | null) =>
  order(order_id, user_id, { order_amount, payment_status: "success" });
const event = (event_id: string, user_id: string, more: object = {}) => ({ event_id, user_id, ...more });
const ids = (count: number) => Array.from({ length: count }, (_, index) => index);

/** Users that meet in one batch and have nothing in common. Each case has ids of its own. */
export const people: Readonly<Record<string, Case>> = {
  "a user without activity": {
    users: [{ user_id: "idle", signup_date: "2025-01-01T00:00:00", country: "IN", device_type: "PC" }],
    expected: {
      idle: {
        country: "IN",
        marketing_source: "unknown",
        total_events: "0",
        total_sessions: "0",
        first_event_at: null,
        last_event_at: null,
        total_orders: "0",
        revenue: "0.00",
        last_order_at: null,
      },
    },
  },
  "activity without its user": {
    events: [event("orphan-1", "nobody", { event_type: "product_view" }), event("orphan-2", "nobody")],
    orders: [success("orphan-1", "nobody", 1000)],
    expected: {},
  },
  "activity of a user whose row is rejected": {
    users: ['{"user_id": "refused", "signup_date": "yesterday"}'],
    events: [event("refused-1", "refused")],
    orders: [success("refused-1", "refused", 5)],
    expected: {},
  },
  "only failed payments": {
    users: [{ user_id: "unpaid" }],
    orders: [
      order("unpaid-1", "unpaid", { order_amount: 10, payment_status: "failed" }),
      order("unpaid-2", "unpaid", { order_amount: 20, payment_status: "failed" }),
    ],
    expected: { unpaid: { total_orders: "2", successful_orders: "0", failed_orders: "2", revenue: "0.00" } },
  },
  "payment statuses in another spelling, unknown and null": {
    users: [{ user_id: "spelling" }],
    orders: [
      order("spelling-1", "spelling", { order_amount: 1, payment_status: "Success" }),
      order("spelling-2", "spelling", { order_amount: 2, payment_status: " success" }),
      order("spelling-3", "spelling", { order_amount: 4, payment_status: "refunded" }),
      order("spelling-4", "spelling", { order_amount: 8, payment_status: null }),
      order("spelling-5", "spelling", { order_amount: 16, payment_status: "success" }),
      order("spelling-6", "spelling", { order_amount: 32, payment_status: "" }),
    ],
    events: [
      event("spelling-1", "spelling", { event_type: "PRODUCT_VIEW" }),
      event("spelling-2", "spelling", { event_type: "checkout" }),
    ],
    expected: {
      spelling: {
        total_orders: "6",
        successful_orders: "1",
        failed_orders: "0",
        revenue: "16.00",
        total_events: "2",
        product_views: "0",
        product_purchases: "0",
      },
    },
  },
  "values at the edges of their rules": {
    users: [{ user_id: "edges" }],
    orders: [
      success("edges-1", "edges", 100_000),
      success("edges-2", "edges", 100_000.01),
      { ...success("edges-3", "edges", 1), currency: "usd" },
      { ...success("edges-4", "edges", 2), currency: "EUR" },
      { ...success("edges-5", "edges", 4), currency: "USD\n" },
      { ...success("edges-6", "edges", 8), currency: null },
      { ...success("edges-7", "edges", 16), currency: "" },
      { ...success("edges-8", "edges", 32), currency: "ÄÖÜ" },
    ],
    expected: { edges: { total_orders: "8", revenue: "200063.01" } },
  },
  "null and negative amounts": {
    users: [{ user_id: "amounts" }, { user_id: "minus" }],
    orders: [
      success("amounts-1", "amounts", null),
      order("amounts-2", "amounts", { payment_status: "success" }),
      success("amounts-3", "amounts", -12.5),
      success("amounts-4", "amounts", 100.25),
      success("amounts-5", "amounts", 0),
      '{"order_id": "amounts-6", "user_id": "amounts", "order_amount": -0.00, "payment_status": "success"}',
      success("minus-1", "minus", -0.01),
    ],
    expected: { amounts: { successful_orders: "6", revenue: "87.75" }, minus: { revenue: "-0.01" } },
  },
  "an order twice with another status": {
    users: [{ user_id: "twice" }],
    orders: [
      order("twice-1", "twice", { order_timestamp: "2025-01-01", order_amount: 1, payment_status: "in_progress" }),
      order("twice-1", "twice", { order_timestamp: "2025-01-02", order_amount: 1, payment_status: "success" }),
      order("twice-2", "twice", { order_timestamp: "2025-01-02", order_amount: 2, payment_status: "failed" }),
      order("twice-2", "twice", { order_timestamp: "2025-01-01", order_amount: 2, payment_status: "success" }),
      // Equally late: the greatest by the other columns, here the status.
      order("twice-3", "twice", { order_timestamp: "2025-01-03", order_amount: 4, payment_status: "success" }),
      order("twice-3", "twice", { order_timestamp: "2025-01-03", order_amount: 4, payment_status: "failed" }),
      // The same instant in two zones is equally late.
      order("twice-4", "twice", {
        order_timestamp: "2025-01-04T02:00:00+02:00",
        order_amount: 8,
        payment_status: "failed",
      }),
      order("twice-4", "twice", { order_timestamp: "2025-01-04", order_amount: 8, payment_status: "in_progress" }),
      // A null time is the earliest, a null status the least.
      order("twice-5", "twice", { order_timestamp: null, order_amount: 99, payment_status: "success" }),
      order("twice-5", "twice", { order_timestamp: "1970-01-01", order_amount: 16, payment_status: "success" }),
      order("twice-6", "twice", { order_amount: 32, payment_status: null }),
      order("twice-6", "twice", { order_amount: 32, payment_status: "failed" }),
      // A row that is rejected is no candidate.
      order("twice-7", "twice", { order_timestamp: "2025-01-01", order_amount: 64, payment_status: "success" }),
      order("twice-7", "twice", { order_timestamp: "2025-01-02", order_amount: "65", payment_status: "success" }),
    ],
    expected: {
      twice: {
        total_orders: "7",
        successful_orders: "4",
        failed_orders: "2",
        revenue: "85.00",
        last_order_at: "2025-01-04 00:00:00+00",
      },
    },
  },
  "a tie in which a null is the least, though its default would be the greatest": {
    users: [
      { user_id: "default", signup_date: "2025-01-01", country: null },
      { user_id: "default", signup_date: "2025-01-01", country: "US" },
    ],
    expected: { default: { country: "US" } },
  },
  "an order that goes to another user": {
    users: [{ user_id: "giver" }, { user_id: "taker" }],
    orders: [
      order("given", "giver", { order_timestamp: "2025-01-01", order_amount: 7, payment_status: "success" }),
      order("given", "taker", { order_timestamp: "2025-01-02", order_amount: 7, payment_status: "success" }),
      order("lost", "taker", { order_timestamp: "2025-01-01", order_amount: 70, payment_status: "success" }),
      order("lost", "nobody", { order_timestamp: "2025-01-02", order_amount: 70, payment_status: "success" }),
    ],
    expected: { giver: { total_orders: "0", revenue: "0.00" }, taker: { total_orders: "1", revenue: "7.00" } },
  },
  "orders and events, many of each": {
    users: [{ user_id: "both" }],
    events: ids(7).map((index) => event(`both-${index}`, "both", { event_type: "product_purchase" })),
    orders: ids(5).map((index) => success(`both-${index}`, "both", 0.1)),
    expected: { both: { total_events: "7", product_purchases: "7", total_orders: "5", revenue: "0.50" } },
  },
  "sessions that two users share, null, empty and told apart by case": {
    users: [{ user_id: "session-a" }, { user_id: "session-b" }],
    events: [
      event("session-1", "session-a", { session_id: "s" }),
      event("session-2", "session-a", { session_id: "s" }),
      event("session-3", "session-a", { session_id: "S" }),
      event("session-4", "session-a", { session_id: "" }),
      event("session-5", "session-a", { session_id: null }),
      event("session-6", "session-b", { session_id: "s" }),
    ],
    expected: {
      "session-a": { total_events: "5", total_sessions: "3" },
      "session-b": { total_events: "1", total_sessions: "1" },
    },
  },
  "ids in every script": {
    users: [
      "用户",
      "مستخدم",
      "Ünïcödé",
      "👩‍👩‍👧",
      "é",
      "e\u0301",
      " u ",
      "U",
      "u",
      "it's \"\\ ;--",
      "\u0000",
      "null",
      "",
    ].map((user_id) => ({
      user_id,
      country: `c ${user_id}`,
    })),
    events: [
      ...["用户", "مستخدم", "Ünïcödé", "👩‍👩‍👧", "é", "e\u0301", " u ", "U", "u", "null", ""].map((user_id) =>
        event(`of ${user_id}`, user_id, { event_type: "product_view", session_id: "сессия" }),
      ),
      // The same id, escaped.
      '{"event_id": "escaped", "user_id": "\\u7528\\u6237", "event_type": "product_view"}',
      '{"event_id": "escaped emoji", "user_id": "\\ud83d\\udc69\\u200d\\ud83d\\udc69\\u200d\\ud83d\\udc67"}',
    ],
    orders: [success("订单", "用户", 1.5), success("quotes", "it's \"\\ ;--", 2.5)],
    expected: {
      用户: { total_events: "2", product_views: "2", revenue: "1.50" },
      "👩‍👩‍👧": { total_events: "2", product_views: "1" },
      é: { total_events: "1", country: "c é" },
      "e\u0301": { total_events: "1", country: "c e\u0301" },
      " u ": { total_events: "1" },
      U: { total_events: "1" },
      u: { total_events: "1" },
      "it's \"\\ ;--": { total_events: "0", revenue: "2.50" },
      null: { total_events: "1" },
      "": { total_events: "1" },
    },
  },
  "times in the wild": {
    users: [
      { user_id: "date only", signup_date: "2025-02-28" },
      { user_id: "zone", signup_date: "2025-02-28T23:30:00-05:00" },
      { user_id: "utc", signup_date: "2025-02-28T23:30:00Z" },
      { user_id: "half an hour", signup_date: "2025-02-28T23:30:00+05:30" },
      { user_id: "no zone", signup_date: "2025-02-28T23:30:00" },
      { user_id: "a blank", signup_date: "2025-02-28 23:30:00" },
      { user_id: "micros", signup_date: "2025-02-28T23:30:00.123456" },
      { user_id: "millis", signup_date: "2025-02-28T23:30:00.5Z" },
      { user_id: "leap", signup_date: "2024-02-29" },
      { user_id: "old", signup_date: "1500-01-01" },
      { user_id: "no seconds", signup_date: "2025-02-28T23:30" },
      { user_id: "no minutes", signup_date: "2025-02-28T23" },
      { user_id: "nanos", signup_date: "2025-02-28T23:30:00.1234567Z" },
      { user_id: "short zone", signup_date: "2025-02-28T23:30:00+0200" },
      { user_id: "hours of a zone", signup_date: "2025-02-28T23:30+02" },
      { user_id: "UTC", signup_date: "2025-02-28 23:30:00UTC" },
      { user_id: "GMT", signup_date: "2025-02-28 23:30 GMT" },
      { user_id: "farthest", signup_date: "2025-02-28T23:30:00-18:00" },
      { user_id: "first", signup_date: "0001-01-01" },
      { user_id: "last", signup_date: "9999-12-31T23:59:59.999999Z" },
      { user_id: "before the first", signup_date: "0001-01-01T00:30+01:00" },
      { user_id: "after the last", signup_date: "9999-12-31T23:30:00-01:00" },
      { user_id: "year zero", signup_date: "0000-12-31" },
      { user_id: "too far", signup_date: "2025-02-28T23:30:00+18:01" },
      { user_id: "a zone of 60 minutes", signup_date: "2025-02-28T23:30:00+01:60" },
      { user_id: "a zone of a day", signup_date: "2025-02-28Z" },
      { user_id: "a small z", signup_date: "2025-02-28T23:30:00z" },
      { user_id: "two blanks", signup_date: "2025-02-28T23:30:00  Z" },
      { user_id: "a point alone", signup_date: "2025-02-28T23:30:00.Z" },
      { user_id: "a leap second", signup_date: "2025-06-30T23:59:60Z" },
      { user_id: "a line's end", signup_date: "2025-02-28\n" },
      { user_id: "Berlin", signup_date: "2025-02-28T23:30:00 Europe/Berlin" },
      { user_id: "an abbreviation", signup_date: "2025-06-30 23:30:00 BST" },
      { user_id: "midnight at the end", signup_date: "2025-02-28T24:00:00" },
      { user_id: "one digit", signup_date: "2025-2-8" },
      { user_id: "a month", signup_date: "2025-02" },
      { user_id: "a year", signup_date: "2025" },
      { user_id: "blanks around", signup_date: " 2025-02-28 " },
      { user_id: "epoch", signup_date: 1740785400 },
      { user_id: "epoch millis", signup_date: 1740785400000 },
      { user_id: "epoch text", signup_date: "1740785400" },
      { user_id: "no such day", signup_date: "2025-02-29" },
      { user_id: "no such moment", signup_date: "2025-02-29T12:00:00" },
      { user_id: "hour only", signup_date: "23:30" },
      { user_id: "slashes", signup_date: "28/02/2025" },
      { user_id: "words", signup_date: "28 Feb 2025" },
      { user_id: "empty", signup_date: "" },
      { user_id: "true", signup_date: true },
    ],
    events: [
      event("zone-1", "zone", { event_timestamp: "2025-01-01T00:30:00+02:00" }),
      event("zone-2", "zone", { event_timestamp: "2024-12-31T23:00:00Z" }),
      event("zone-3", "zone", { event_timestamp: "2024-12-31T18:00:00-05:00" }),
      event("zone-4", "zone", { event_timestamp: null }),
      event("zone-5", "zone", { event_timestamp: 1740785400 }),
    ],
    orders: [order("zone-1", "zone", { order_timestamp: "2025-01-01" })],
    expected: {
      "date only": { signup_date: "2025-02-28 00:00:00+00" },
      zone: {
        signup_date: "2025-03-01 04:30:00+00",
        total_events: "4",
        first_event_at: "2024-12-31 22:30:00+00",
        last_event_at: "2024-12-31 23:00:00+00",
        last_order_at: "2025-01-01 00:00:00+00",
      },
      utc: { signup_date: "2025-02-28 23:30:00+00" },
      "half an hour": { signup_date: "2025-02-28 18:00:00+00" },
      "no zone": { signup_date: "2025-02-28 23:30:00+00" },
      micros: { signup_date: "2025-02-28 23:30:00.123456+00" },
      millis: { signup_date: "2025-02-28 23:30:00.5+00" },
      old: { signup_date: "1500-01-01 00:00:00+00" },
      "no seconds": { signup_date: "2025-02-28 23:30:00+00" },
      nanos: { signup_date: "2025-02-28 23:30:00.123456+00" },
      "short zone": { signup_date: "2025-02-28 21:30:00+00" },
      "hours of a zone": { signup_date: "2025-02-28 21:30:00+00" },
      UTC: { signup_date: "2025-02-28 23:30:00+00" },
      GMT: { signup_date: "2025-02-28 23:30:00+00" },
      farthest: { signup_date: "2025-03-01 17:30:00+00" },
      first: { signup_date: "0001-01-01 00:00:00+00" },
      last: { signup_date: "9999-12-31 23:59:59.999999+00" },
    },
  },
  "decimals with other digits": {
    users: [{ user_id: "digits" }],
    orders: [
      success("digits-1", "digits", 12.345),
      success("digits-2", "digits", 0.001),
      success("digits-3", "digits", 12.3),
      success("digits-4", "digits", 0.1 + 0.2),
      success("digits-5", "digits", 9999999999.99),
      success("digits-6", "digits", 9999999999.99),
      success("digits-7", "digits", 10000000000),
      '{"order_id": "digits-8", "user_id": "digits", "order_amount": 1e2, "payment_status": "success"}',
      '{"order_id": "digits-16", "user_id": "digits", "order_amount": 0, "tax": {"order_amount": "5.00"}}',
      '{"order_id": "digits-10", "user_id": "digits", "order_amount": "5.00", "payment_status": "success"}',
      '{"order_id": "digits-11", "user_id": "digits", "order_amount": "5,00", "payment_status": "success"}',
      '{"order_id": "digits-12", "user_id": "digits", "order_amount": true, "payment_status": "success"}',
      '{"order_id": "digits-13", "user_id": "digits", "order_amount": 1e400, "payment_status": "success"}',
      success("digits-15", "digits", 12.34000001),
      '{"order_id": "digits-17", "user_id": "digits", "order_amount": 9999999999.990000004, "payment_status": "failed"}',
      '{"order_id": "digits-18", "user_id": "digits", "order_amount": 9999999999.990000005, "payment_status": "failed"}',
      '{"order_id": "digits-19", "user_id": "digits", "order_amount": 0.00999999999999999, "payment_status": "failed"}',
      '{"order_id": "digits-20", "user_id": "digits", "order_amount": 1E-400, "payment_status": "failed"}',
      '{"order_id": "digits-21", "user_id": "digits", "order_amount": 01.50, "payment_status": "failed"}',
      '{"order_id": "digits-14", "user_id": "digits", "order_amount": NaN, "payment_status": "success"}',
      '{"order_id": "digits-9", "user_id": "digits", "order_amount": 1.50, "payment_status": "success"}',
    ],
    // 12.30 + 0.30 + 2 × 9999999999.99 + 100 + 1.50: more than one amount can hold.
    expected: { digits: { total_orders: "10", failed_orders: "3", revenue: "20000000114.08" } },
  },
  "lines that are no rows of ours": {
    users: [{ user_id: "survivor" }],
    events: [
      '{"event_id": "broken-1", "user_id": "survivor"',
      '{"event_id": "broken-2", "user_id": "survivor"} {"event_id": "broken-3"}',
      '{"event_id": "broken-11", "user_id": "survivor"}} {"event_id": "broken-12", "user_id": "survivor"}',
      '{"event_id": "broken-13", "user_id": "survivor"}, "row": {"event_id": "broken-14", "user_id": "survivor"}',
      '[{"event_id": "broken-4", "user_id": "survivor"}]',
      '{"event_id": "broken-5", "user_id": "survivor", "user_id": "survivor"}',
      '{"event_id": "broken-6", "user_id": 5}',
      '{"event_id": 6, "user_id": "survivor"}',
      '{"event_id": 7, "user_id": "survivor", "cause": {"event_id": "broken-15"}}',
      '{"event_id": "broken-7", "user_id": {"id": "survivor"}}',
      '{"event_id": "broken-8", "user_id": "survivor", "session_id": ["s"]}',
      '{"event_id": "broken-9", "user_id": "half \\ud83c"}',
      "{'event_id': 'broken-10', 'user_id': 'survivor'}",
      "null",
      "5",
      '"survivor"',
      '{"event_id": "broken-16", "user_id": "survivor",}',
      '{"event_id": "broken-17", "user_id": "survivor", "load": NaN}',
      '{"event_id": "broken-18", "user_id": "survivor", "load": 07}',
      '{"event_id": "broken-19", "user_id": "a\ttab"}',
      '{"event_id": "broken-20", "user_id": "survivor", "\\u0075ser_id": "survivor"}',
      '{"event_id": "broken-21", "user_id": "survivor"}\r{"event_id": "broken-22", "user_id": "survivor"}',
      '\ufeff{"event_id": "broken-23", "user_id": "survivor"}',
      "\u00a0",
      "event_id,user_id",
      "   ",
      "",
      '\t{"event_id": "whole-1", "user_id": "survivor", "more": {"user_id": "x"}, "more": 2}  ',
      '{"user_id": "survivor", "event_id": "whole-2"}\r',
      '{"event_id": "whole-4",\r"user_id": "survivor", "load": 1e400}',
      `{"event_id": "whole-5", "user_id": "survivor", "load": ${"[".repeat(2000)}${"]".repeat(2000)}}`,
      '{"user_id": "survivor", "event_id": "3", "cause": {"event_id": 3}, "closes": "}"}',
      { event_id: null, user_id: "survivor" },
      { user_id: "survivor" },
      { event_id: "nobody's" },
      {},
    ],
    expected: { survivor: { total_events: "5" } },
  },
};

/** What becomes of some of them when rows that break a rule for values are rejected, and orphans too. */
export const severely: Expected = {
  spelling: { total_orders: "2", successful_orders: "1", revenue: "16.00", total_events: "0" },
  amounts: { total_orders: "5", successful_orders: "5", revenue: "100.25" },
  edges: { total_orders: "3", revenue: "100010.00" },
  minus: { total_orders: "0", revenue: "0.00" },
  // An order that went to nobody is no candidate, so the one before it stays.
  taker: { total_orders: "2", revenue: "77.00" },
  digits: { total_orders: "7", revenue: "114.10" },
};

/** Cases that need a batch of their own. */
export interface Batch extends Case {
  /** How a file is written when not as plain lines. */
  readonly as?: Readonly<Partial<Record<DatasetName, "gzip" | "array">>>;
  /** Rows of user_activity. */
  readonly rows: number;
  /** Under the shipped contract; without it, any number of rows may be malformed or rejected. */
  readonly isShipped?: boolean;
  /** A file is rejected on arrival, so nothing runs. */
  readonly isRefused?: boolean;
}

const one: Lines = {
  users: [{ user_id: "u", signup_date: "2025-01-01T00:00:00" }],
  events: [event("e", "u", { event_type: "product_view", event_timestamp: "2025-01-02", session_id: "s" })],
  orders: [success("o", "u", 9.99)],
};

export const batches: Readonly<Record<string, Batch>> = {
  "one row in each file, of which one is packed and one an array": {
    ...one,
    as: { events: "gzip", orders: "array" },
    expected: { u: { total_events: "1", product_views: "1", total_orders: "1", revenue: "9.99" } },
    rows: 1,
  },
  "users whose rows are all rejected": {
    ...one,
    users: [{ user_id: null, country: "IN" }, "{", '{"user_id": 1}'],
    expected: {},
    rows: 0,
  },
  "events and orders whose rows are all rejected": {
    ...one,
    events: [{ event_id: "e", user_id: null }],
    orders: [success("o", "u", 0.001), { user_id: "u" }],
    expected: { u: { total_events: "0", total_orders: "0", revenue: "0.00", signup_date: "2025-01-01 00:00:00+00" } },
    rows: 1,
  },
  "lines of 16 MiB and of a byte more": {
    ...one,
    events: [0, 1].map((more) => {
      const line = `{"event_id":"${more}","user_id":"u","padding":""}`;
      return line.replace('""', `"${"x".repeat(16 * 1024 ** 2 + more - line.length)}"`);
    }),
    expected: { u: { total_events: "1" } },
    rows: 1,
  },
  "a file with the most malformed rows that it may have": {
    ...one,
    events: ids(20).map((id) => (id === 7 ? "{" : event(`${id}`, "u"))),
    isShipped: true,
    expected: { u: { total_events: "19" } },
    rows: 1,
  },
  "a file with more malformed rows than it may have, and one of blank lines": {
    ...one,
    events: ids(19).map((id) => (id === 7 ? "{" : event(`${id}`, "u"))),
    orders: ["", " \t\r"],
    isShipped: true,
    isRefused: true,
    expected: {},
    rows: 1,
  },
};

const text = (line: Line) => (typeof line === "string" ? line : JSON.stringify(line));

/** Writes the three files. */
export function writeCase(folder: string, lines: Lines, as: Batch["as"] = {}): RawFiles {
  mkdirSync(folder, { recursive: true });
  const files = datasetNames.map((name) => {
    const [isPacked, isArray] = [as[name] === "gzip", as[name] === "array"];
    const path = join(folder, `${name}.json${isPacked ? ".gz" : ""}`);
    const rows = (lines[name] ?? []).map(text);
    const content = isArray ? `[${rows.join(",\n")}]` : `${rows.join("\n")}\n`;
    writeFileSync(path, isPacked ? gzipSync(content) : content);
    return [name, { path, layout: isArray ? "array" : "jsonl" }];
  });
  return Object.fromEntries(files) as RawFiles;
}

/** All cases of `people` as the lines of one batch. */
export function together(cases: Readonly<Record<string, Case>>): Lines {
  const all = Object.values(cases);
  return Object.fromEntries(datasetNames.map((name) => [name, all.flatMap((made) => made[name] ?? [])]));
}
