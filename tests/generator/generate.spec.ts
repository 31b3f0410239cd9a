/**
 * The generator's files against its own answer. The answer is checked by reading the files again the slow way, with
 * the contract written out by hand; that the pipeline agrees with the answer is not shown here.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Answer, GoldRow } from "../../generator/answer.ts";
import { ChunkedFile } from "../../generator/chunkedFile.ts";
import { type GenerateOptions, generate } from "../../generator/generate.ts";
import { createProgress } from "../../generator/progress.ts";
import { defaultShares, type Shares, soundLines } from "../../generator/shares.ts";
import { dirtyShares } from "./dirtyShares.ts";

type Row = Record<string, string | number | null>;

/**
 * The shipped contract by hand: keys that reject when null, in its order; the timestamp that decides; what each column
 * has to be; and the rules that only count.
 */
const isText = (value: unknown) => typeof value === "string";
const timeShape = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}:\d{2})(\.0+)?(Z|[+-]\d{2}:\d{2})?)?$/;
/** Seconds since 1970, or undefined for what is no time. */
function secondsOf(value: unknown): number | undefined {
  const [, date, time = "00:00:00", , zone = "Z"] = timeShape.exec(String(value)) ?? [];
  const isDay = date !== undefined && new Date(`${date}T00:00:00Z`).toISOString().startsWith(date);
  return isText(value) && isDay ? Date.parse(`${date}T${time}${zone}`) / 1000 : undefined;
}
const isTime = (value: unknown) => {
  try {
    return secondsOf(value) !== undefined;
  } catch {
    return false;
  }
};
const isAmount = (value: unknown) =>
  typeof value === "number" && Math.abs(value) < 1e10 && Number(value.toFixed(2)) === value;
const contracts = {
  users: {
    keys: ["user_id"],
    time: "signup_date",
    columns: { user_id: isText, signup_date: isTime, country: isText, device_type: isText, marketing_source: isText },
    warnings: {},
  },
  events: {
    keys: ["event_id", "user_id"],
    time: "event_timestamp",
    columns: {
      event_id: isText,
      user_id: isText,
      event_type: isText,
      product_id: isText,
      event_timestamp: isTime,
      session_id: isText,
      device_type: isText,
    },
    warnings: {
      event_type_not_allowed: ({ event_type }: Row) =>
        !["product_view", "product_purchase"].includes(String(event_type)) && event_type !== null,
    },
  },
  orders: {
    keys: ["order_id", "user_id"],
    time: "order_timestamp",
    columns: {
      order_id: isText,
      user_id: isText,
      product_id: isText,
      order_amount: isAmount,
      currency: isText,
      order_timestamp: isTime,
      payment_status: isText,
    },
    warnings: {
      order_amount_out_of_range: ({ order_amount }: Row) => Number(order_amount) < 0 || Number(order_amount) > 100_000,
      currency_pattern: ({ currency }: Row) => currency !== null && !/^[A-Z]{3}$/.test(String(currency)),
      payment_status_not_allowed: ({ payment_status }: Row) =>
        payment_status !== null && !["success", "failed", "in_progress"].includes(String(payment_status)),
    },
  },
};
/** What a null of the column becomes; null stays null elsewhere. */
const defaults: Row = { country: "unknown", device_type: "unknown", marketing_source: "unknown", order_amount: 0 };

const clean: Shares = {
  cut: 0,
  mistyped: 0,
  exactDuplicates: 0,
  changedDuplicates: 0,
  nullKeys: 0,
  nulls: 0,
  absent: 0,
  notAllowed: 0,
  outOfRange: 0,
  patterns: 0,
  undeclared: 0,
  wildTimes: 0,
  orphans: 0,
  heavyUser: 0,
};
const linesOf = (path: string) => readFileSync(path, "utf8").trimEnd().split("\n");
const parse = (line: string): Row | undefined => {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
};

/** A row as the contract reads it: every column, times in seconds; undefined when it is malformed. */
function readRow(line: string, columns: Readonly<Record<string, (value: unknown) => boolean>>): Row | undefined {
  const row = parse(line);
  if (row === undefined) return undefined;
  const names = Object.keys(columns);
  if (names.some((name) => line.split(`"${name}":`).length > 2)) return undefined;
  if (names.some((name) => row[name] != null && !columns[name]!(row[name]))) return undefined;
  return Object.fromEntries(
    names.map((name) => [
      name,
      row[name] == null ? null : columns[name] === isTime ? secondsOf(row[name])! : row[name],
    ]),
  );
}

const withDefaults = (row: Row): Row =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value ?? defaults[name] ?? null]));

/** Whether a row is kept rather than another of its key: by the time, then by the columns in their order, nulls last. */
function isLater(row: Row, other: Row, time: string): boolean {
  for (const name of [time, ...Object.keys(row)]) {
    const [mine, theirs] = [row[name]!, other[name]!];
    if (mine === theirs) continue;
    return theirs === null || (mine !== null && mine > theirs);
  }
  return false;
}

/** The contract of one file: rejected first, then the latest row of each key, then the defaults. */
function read(directory: string, name: keyof typeof contracts) {
  const { keys, time, columns, warnings } = contracts[name];
  const rejected: Record<string, number> = {};
  let malformed = 0;
  for (const key of keys) rejected[`${key}_is_null`] = 0;
  const latest = new Map<string, Row>();
  let deduplicated = 0;
  const lines = linesOf(join(directory, `${name}.json`));
  for (const line of lines) {
    const found = readRow(line, columns);
    if (found === undefined) {
      malformed++;
      continue;
    }
    const broken = keys.find((key) => found[key] === null);
    if (broken !== undefined) {
      rejected[`${broken}_is_null`]!++;
      continue;
    }
    const key = String(found[keys[0]!]);
    const other = latest.get(key);
    if (other !== undefined) deduplicated++;
    if (other === undefined || isLater(found, other, time)) latest.set(key, found);
  }
  const rows = [...latest.values()].map(withDefaults);
  const warned = Object.fromEntries(
    Object.entries(warnings).map(([rule, isBroken]) => [rule, rows.filter(isBroken as (row: Row) => boolean).length]),
  );
  const fields = lines.flatMap((line) => Object.keys(parse(line) ?? {}).filter((field) => !(field in columns)));
  const undeclared = [...new Set(fields)]
    .map((field) => ({ name: field, rows: fields.filter((other) => other === field).length }))
    .sort((a, b) => b.rows - a.rows || a.name.localeCompare(b.name));
  const counted = { lines: lines.length, malformed, read: lines.length - malformed };
  return { ...counted, rejected, warned, deduplicated, drift: { undeclared }, rows };
}

const timeText = (seconds: number | undefined) =>
  seconds === undefined ? null : new Date(seconds * 1000).toISOString().replace(".000", "");

const ends = (rows: Row[], column: string) => {
  const times = rows.flatMap((row) => (row[column] === null ? [] : [Number(row[column])])).sort((a, b) => a - b);
  return [timeText(times[0]), timeText(times.at(-1))];
};

function totals(events: Row[], orders: Row[]) {
  const paid = orders.filter((order) => order.payment_status === "success");
  const cents = paid.reduce((sum, order) => sum + BigInt(Math.round(Number(order.order_amount) * 100)), 0n);
  const [first_event_at, last_event_at] = ends(events, "event_timestamp");
  const sessions = events.filter((event) => event.session_id !== null);
  return {
    total_events: events.length,
    total_sessions: new Set(sessions.map((event) => `${event.user_id} ${event.session_id}`)).size,
    product_views: events.filter((event) => event.event_type === "product_view").length,
    product_purchases: events.filter((event) => event.event_type === "product_purchase").length,
    first_event_at,
    last_event_at,
    total_orders: orders.length,
    successful_orders: paid.length,
    failed_orders: orders.filter((order) => order.payment_status === "failed").length,
    revenue: `${cents / 100n}.${String(cents % 100n).padStart(2, "0")}`,
    last_order_at: ends(orders, "order_timestamp")[1],
  };
}

const of = (rows: Row[], user: string) => rows.filter((row) => row.user_id === user);

/** What the answer should be, but for the sample's choice of users. */
function expected(directory: string, answer: Answer) {
  const users = read(directory, "users");
  const events = read(directory, "events");
  const orders = read(directory, "orders");
  const known = new Set(users.rows.map((user) => user.user_id));
  const isKnown = (row: Row) => known.has(row.user_id!);
  const dataset = ({ rows, ...counts }: typeof users, orphans = {}) => ({ ...counts, kept: rows.length, orphans });
  const orphans = (rows: Row[]) => ({ user_id: rows.filter((row) => !isKnown(row)).length });
  const group = (column: string, names: string[]) =>
    Object.fromEntries(
      ["unknown", ...names].map((name) => [name, users.rows.filter((user) => user[column] === name).length]),
    );
  return {
    ...answer,
    datasets: {
      users: dataset(users),
      events: dataset(events, orphans(events.rows)),
      orders: dataset(orders, orphans(orders.rows)),
    },
    outputs: {
      user_activity: {
        rows: users.rows.length,
        totals: totals(events.rows.filter(isKnown), orders.rows.filter(isKnown)),
        groups: {
          country: group("country", ["IN", "US", "EU", "AU"]),
          device_type: group("device_type", ["mobile", "PC", "tablet"]),
          marketing_source: group("marketing_source", ["google_ads", "instagram_reels", "youtube"]),
        },
        sample: answer.outputs.user_activity.sample.map(({ kind, row: { user_id } }) => {
          const user = users.rows.find((row) => row.user_id === user_id)!;
          const row = {
            user_id,
            country: user.country,
            device_type: user.device_type,
            marketing_source: user.marketing_source,
            signup_date: user.signup_date === null ? null : timeText(Number(user.signup_date)),
            ...totals(of(events.rows, user_id), of(orders.rows, user_id)),
          } as GoldRow;
          return { kind, row };
        }),
      },
    },
  };
}

describe("generate", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "generate-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const into = (name: string, options: Partial<GenerateOptions> = {}) =>
    generate({ records: 2000, seed: 7, directory: join(folder, name), ...options });
  const bytesOf = (name: string) =>
    readdirSync(join(folder, name)).map((file) => [file, readFileSync(join(folder, name, file)).toString("base64")]);

  it("writes the same bytes for the same seed and other bytes for another", async () => {
    await into("one");
    await into("two");
    await into("other", { seed: 8 });
    expect(bytesOf("one")).to.deep.equal(bytesOf("two"));
    expect(readFileSync(join(folder, "one/orders.json"))).not.to.deep.equal(
      readFileSync(join(folder, "other/orders.json")),
    );
  });

  for (const [records, seed, shares] of [
    [1, 1, defaultShares],
    [13, 2, dirtyShares],
    [100, 42, defaultShares],
    [3000, 3, dirtyShares],
    [20_000, 4, defaultShares],
  ] as const)
    it(`knows the answer for ${records} records with seed ${seed}`, async () => {
      const answer = await into("data", { records, seed, shares });
      expect(answer).to.deep.equal(expected(join(folder, "data"), answer));
      expect(JSON.parse(readFileSync(join(folder, "data/answer.json"), "utf8"))).to.deep.equal(answer);
    });

  /** What is seen of each share in orders.json, as rows among those that could have it. */
  function plantedIn(directory: string): Record<keyof Shares, number> {
    const lines = linesOf(join(directory, "orders.json"));
    const { columns, warnings } = contracts.orders;
    const seen = lines.map((line, index) => {
      const whole = parse(line);
      const row = whole && readRow(line, columns);
      return { line, whole, row, isMiddle: index >= soundLines && index < lines.length - soundLines };
    });
    const among = <Of>(of: readonly Of[], is: (item: Of) => boolean) => of.filter(is).length / Math.max(of.length, 1);
    const middle = seen.filter(({ isMiddle }) => isMiddle);
    const rows = seen.flatMap(({ row, line }) => (row ? [{ row, line }] : []));
    const versions = new Map<unknown, string[]>();
    for (const { row, line } of rows)
      if (row.order_id !== null) versions.set(row.order_id, [...(versions.get(row.order_id) ?? []), line]);
    const repeated = [...versions.values()].filter((lines) => lines.length > 1);
    const areEqual = (lines: readonly string[]) => new Set(lines).size === 1;
    const again = (of: readonly string[][]) => of.reduce((sum, lines) => sum + lines.length - 1, 0) / seen.length;
    const withNulls = rows.filter(({ row }) => Object.values(row).includes(null));
    const number = (user: unknown) => Number(String(user).slice(2)) || 0;
    const lastUser = Math.max(...linesOf(join(directory, "users.json")).map((line) => number(parse(line)?.user_id)));
    return {
      cut: among(middle, ({ whole }) => whole === undefined),
      mistyped: among(middle, ({ whole, row }) => whole !== undefined && row === undefined),
      exactDuplicates: again(repeated.filter(areEqual)),
      changedDuplicates: again(repeated.filter((lines) => !areEqual(lines))),
      nullKeys: among(rows, ({ row }) => row.user_id === null),
      nulls: among(rows, ({ row }) => row.product_id === null),
      absent: among(withNulls, ({ line }) => !line.includes("null")),
      notAllowed: among(rows, ({ row }) => warnings.payment_status_not_allowed(row)),
      outOfRange: among(rows, ({ row }) => warnings.order_amount_out_of_range(row)),
      patterns: among(rows, ({ row }) => warnings.currency_pattern(row)),
      undeclared: among(seen, ({ whole }) => Object.keys(whole ?? {}).some((name) => !(name in columns))),
      wildTimes: among(rows, ({ line }) => /"order_timestamp":"(?!\d{4}-\d\d-\d\dT[\d:]{8}")/.test(line)),
      orphans: among(rows, ({ row }) => number(row.user_id) > lastUser),
      heavyUser: among(rows, ({ row }) => row.user_id === "u_7"),
    };
  }

  /** The heavy user is a user like any other, too, and a changed row loses its user now and then. */
  const byTheWay = (name: string, other: string) =>
    other === "heavyUser" ? 0.002 : name === "changedDuplicates" && other === "nullKeys" ? 0.04 : 0;

  for (const name of Object.keys(clean) as (keyof Shares)[])
    it(`plants the declared share of ${name}, and nothing else`, async () => {
      // Only what is null can be left out.
      const base = name === "absent" ? { ...clean, nulls: 0.2 } : clean;
      await into("data", { records: 4000, shares: { ...base, [name]: 0.2 } });
      const planted = plantedIn(join(folder, "data"));
      for (const [other, share] of Object.entries(planted)) {
        if (other === name) expect(share, other).to.be.within(0.14, 0.26);
        else if (base[other as keyof Shares] === 0)
          expect(share, `${other} beside ${name}`).to.be.at.most(byTheWay(name, other));
      }
    });

  it("repeats rows exactly, with a later, an earlier and the same timestamp, and without one", async () => {
    await into("data", { records: 20_000 });
    const versions = new Map<string, Row[]>();
    for (const line of linesOf(join(folder, "data/orders.json"))) {
      const row = parse(line);
      if (row?.order_id) versions.set(String(row.order_id), [...(versions.get(String(row.order_id)) ?? []), row]);
    }
    const seen = { exact: 0, later: 0, earlier: 0, tied: 0, withoutTime: 0, withoutUser: 0 };
    for (const [first, second] of [...versions.values()].filter((rows) => rows.length > 1)) {
      const [before, after] = [first!.order_timestamp, second!.order_timestamp];
      if (JSON.stringify(first) === JSON.stringify(second)) seen.exact++;
      else if (before === after) seen.tied++;
      else if (after === null) seen.withoutTime++;
      else if (before !== null) seen[String(after) > String(before) ? "later" : "earlier"]++;
      if (first!.user_id !== null && second!.user_id === null) seen.withoutUser++;
    }
    for (const [what, count] of Object.entries(seen)) expect(count, what).to.be.above(5);
  });

  it("has a user of each kind in the sample", async () => {
    const { outputs } = await into("data", { records: 20_000 });
    const { sample } = outputs.user_activity;
    const rows = (kind: string) => sample.filter((user) => user.kind === kind).map(({ row }) => row);
    expect(rows("heavy")[0]!.total_events).to.be.above(300);
    expect(rows("quiet")[0]).to.include({ total_events: 0, total_orders: 0, revenue: "0.00", last_order_at: null });
    expect(rows("unpaid").some((row) => row.failed_orders > 0)).to.equal(true);
    for (const row of rows("unpaid")) expect(row.failed_orders).to.equal(row.total_orders);
    expect(rows("unknown_country")[0]!.country).to.equal("unknown");
    expect(rows("no_signup_date")[0]!.signup_date).to.equal(null);
    expect(rows("repeated")).to.have.length(4);
    expect(rows("ordinary")).to.have.length(4);
  });

  it("keeps malformed lines away from both ends of a file", async () => {
    await into("data", { records: 3000, shares: { ...dirtyShares, cut: 0.5 } });
    const lines = linesOf(join(folder, "data/events.json"));
    const malformed = lines.flatMap((line, index) => (parse(line) === undefined ? [index] : []));
    expect(malformed).to.have.length.above(500);
    expect(malformed[0]).to.be.at.least(soundLines);
    expect(malformed.at(-1)).to.be.below(3000 - soundLines);
  });

  it("removes an old answer before it writes, so that a folder with an answer is complete", async () => {
    await into("data", { records: 10 });
    const stop = () => {
      throw new Error("stopped");
    };
    const error = await into("data", { onProgress: stop }).catch((caught) => caught);
    expect(error.message).to.equal("stopped");
    expect(readdirSync(join(folder, "data"))).to.deep.equal(["events.json", "orders.json", "users.json"]);
  });

  it("is documented with its shares", () => {
    const page = readFileSync(new URL("../../docs/generated-data.md", import.meta.url), "utf8");
    const documented = [...page.matchAll(/^\| `(\w+)` \| ([\d.]+)% \|/gm)].map(([, name, share]) => [
      name,
      Number(share),
    ]);
    const percents = Object.entries(defaultShares).map(([name, share]) => [name, Number((share * 100).toFixed(4))]);
    expect(documented).to.deep.equal(percents);
  });

  it("gives the sample data of the documentation", async () => {
    await into("data", { records: 100, seed: 42 });
    const sample = new URL("../../docs/sample_data/", import.meta.url);
    const files = ["users.json", "events.json", "orders.json", "answer.json"];
    expect(readdirSync(sample)).to.include.members(files);
    for (const file of files)
      expect(readFileSync(join(folder, "data", file), "utf8"), file).to.equal(
        readFileSync(new URL(file, sample), "utf8"),
      );
  });
});

describe("a chunked file", () => {
  it("never has more than one write under way, and keeps what it is writing untouched", async () => {
    const finish: (() => void)[] = [];
    const written: Uint8Array[] = [];
    const handle = {
      writeFile: (data: unknown) => {
        written.push(data as Uint8Array);
        return new Promise<void>((resolve) => finish.push(resolve));
      },
      close: async () => {},
    };
    const file = new ChunkedFile(handle);
    file.buffer.fill(1);
    await file.flush(file.limit);
    expect(file.buffer[0]).not.to.equal(1);
    file.buffer.fill(2);
    let isFlushed = false;
    const second = file.flush(10).then(() => {
      isFlushed = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isFlushed).to.equal(false);
    expect(written).to.have.length(1);
    expect(written[0]!.every((byte) => byte === 1)).to.equal(true);
    finish[0]!();
    await second;
    expect(written.map((chunk) => chunk.length)).to.deep.equal([file.limit, 10]);
    expect(file.bytes).to.equal(file.limit + 10);
    finish[1]!();
    await file.close();
  });

  it("tells of a failed write when it is closed", async () => {
    const handle = { writeFile: () => Promise.reject(new Error("disk full")), close: async () => {} };
    const file = new ChunkedFile(handle);
    await file.flush(1);
    const error = await file.close().catch((caught: Error) => caught);
    expect(error).to.have.property("message", "disk full");
  });
});

describe("generation progress", () => {
  const draw = (isTTY: boolean) => {
    let text = "";
    let time = 0;
    const progress = createProgress({ isTTY, write: (part) => (text += part) }, 1000, () => (time += 500));
    progress("users", 250);
    progress("users", 1000);
    return text;
  };

  it("redraws a bar on a terminal", () => {
    expect(draw(true)).to.contain("\r").and.contain("25%").and.contain("100%");
  });

  it("is one plain line for each file elsewhere", () => {
    expect(draw(false)).to.equal("users: 1,000 records, 1,000 records/s\n");
  });
});

describe("npm run generate", () => {
  const run = (...args: string[]) => {
    const cli = new URL("../../scripts/generate.ts", import.meta.url).pathname;
    const { status, stderr } = spawnSync(process.execPath, ["--import", "tsx", cli, ...args], { encoding: "utf8" });
    return { status, stderr: stderr.trim() };
  };

  for (const [args, message] of [
    [["--records", "0", "--out", "x"], '--records must be a whole number from 1 to 100000000, not "0"'],
    [["--records", "1e6", "--out", "x"], '--records must be a whole number from 1 to 100000000, not "1e6"'],
    [["--seed=-1", "--out", "x"], '--seed must be a whole number from 0 to 4294967295, not "-1"'],
    [["--record", "5"], "unknown flag --record; did you mean --records?"],
    [["--out"], "--out needs a value: folder for users.json, events.json, orders.json and answer.json (required)"],
    [["--records", "5"], "--out is required: the folder to write to"],
    [["7"], 'unexpected "7"; a value follows its flag'],
    [["--seed", "1", "--seed", "2"], "--seed is given twice"],
  ] as const)
    it(`refuses ${args.join(" ")}`, () => {
      expect(run(...args)).to.deep.equal({ status: 2, stderr: message });
    });

  it("refuses a folder that is a file", () => {
    const folder = mkdtempSync(join(tmpdir(), "generate-"));
    writeFileSync(join(folder, "taken"), "");
    const { status, stderr } = run("--records", "1", "--out", join(folder, "taken"));
    rmSync(folder, { recursive: true });
    expect(status).to.equal(2);
    expect(stderr).to.match(/^--out .*taken can't be written to: .*$/);
  });
});
