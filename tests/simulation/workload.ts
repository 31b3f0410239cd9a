import { gzipSync } from "node:zlib";
import type { OrderEvent } from "../../handlers/settle/answerOrder.ts";
import { addedColumn, type ContractChange, contractChanges, type DatasetName, tableNames } from "./settings.ts";
import { beginning, hour, minute, second, type World } from "./world.ts";

export type Order = Omit<OrderEvent, "kind">;

/** What producers and operators do, and when. Times are milliseconds since the epoch. */
export type Deed =
  | { readonly kind: "upload"; readonly at: number; readonly key: string; readonly body: FileBody }
  /** Puts a delete marker on a key. */
  | { readonly kind: "delete"; readonly at: number; readonly key: string }
  /** Deletes a key's newest version for good. */
  | { readonly kind: "erase"; readonly at: number; readonly key: string }
  | { readonly kind: "order"; readonly at: number; readonly order: Order }
  | { readonly kind: "poison" | "harmless"; readonly at: number; readonly body: string }
  | { readonly kind: "reconcile" | "redrive"; readonly at: number }
  /** Points to a release of a changed contract. */
  | { readonly kind: "deploy"; readonly at: number; readonly change: ContractChange }
  /** Deploys one function, which takes other bounds with it. */
  | { readonly kind: "configure"; readonly at: number; readonly part: "promote" | "settle"; readonly keepRuns: number }
  /** A service, a table or people's topic refuses everything until a time. */
  | { readonly kind: "take away"; readonly at: number; readonly what: string; readonly until: number };

/** What a file holds: two records of its own, perhaps with a field more than is declared at first, or something that is no good. */
export type FileBody = "good" | "packed" | "one field more" | "truncated" | "empty" | "no JSON";

/** The bytes of the n-th upload of a key. */
export function bytesOf(body: FileBody, key: string, number: number): Buffer {
  const lines = `{"id":"${key} ${number} a"}\n{"id":"${key} ${number} b"}\n`;
  switch (body) {
    case "good":
      return Buffer.from(lines);
    case "one field more":
      return Buffer.from(lines.replaceAll("}", `,"${addedColumn}":"x"}`));
    case "packed":
      return gzipSync(lines, { level: 1 });
    case "truncated":
      return Buffer.from(lines.slice(0, -6));
    case "empty":
      return Buffer.alloc(0);
    case "no JSON":
      return Buffer.from(`<html>${number}</html>`);
  }
}

const badBodies: readonly FileBody[] = ["truncated", "empty", "no JSON"];
/** Whatever the contract is. */
export const isBad = (body: FileBody): boolean => badBodies.includes(body);

const keyOf = (batch: string, dataset: DatasetName, format = "json") =>
  `${batch === "current" ? "" : `${batch}/`}${dataset}.${format}`;

/** What producers upload whatever is deployed. */
const required = ["users", "events"] as const satisfies readonly DatasetName[];

/** What may be away for an hour. */
const services = ["S3", "Glue", "Glue catalog", "SQS", "SNS", "Glue's capacity"] as const;

/** The first round's ways of one file; the first is the calm one. */
const ways = [
  "good",
  "bad, then fixed",
  "good, then newer",
  "good, then bad, then fixed",
  "good, then bad",
  "two files, one withdrawn",
  "two files",
  "deleted, then again",
  "deleted",
  "erased, then again",
  "erased",
  "three at once",
  "before its contract",
] as const;
const wayWeights = [30, 8, 10, 6, 2, 6, 2, 4, 2, 5, 2, 3, 4];

/** What comes after a batch's first round. */
const sequels = [
  "nothing",
  "all again",
  "all again, then rollback",
  "correction and run",
  "correction",
  "replay",
  "rollback, then all again",
  "all again twice",
  "all again, rollback, correction and run",
  "all again, then replays",
] as const;
const sequelWeights = [5, 4, 4, 4, 1, 5, 2, 2, 3, 3];

/** All deeds of a schedule. Each can be taken out alone by its name. */
export class Workload {
  readonly deeds: Deed[] = [];
  readonly #chance: World["chance"];
  readonly #uploads = new Map<string, number>();
  #last = beginning;

  constructor({ chance }: World) {
    this.#chance = chance;
    const gap = [2 * hour, 4 * hour, 20 * minute, 0][chance.weighted("days apart", [4, 1, 2, 2])]!;
    const start = beginning + 5 * minute;
    this.#batch("2026-01-01", start);
    this.#batch("2026-01-02", start + gap);
    if (chance.happens("current", 3000)) this.#batch("current", start + gap / 2);
    this.#strangers(start);
    this.#troubles(start);
    for (const [index, at] of [hour, 2 * hour, 4 * hour].entries()) {
      if (chance.happens(`reconcile/${index}`, 4000)) this.#add({ kind: "reconcile", at: start + at });
      if (chance.happens(`redrive/${index}`, 2000)) this.#add({ kind: "redrive", at: start + at + hour / 2 });
    }
  }

  /** When the last deed is done. */
  get end(): number {
    return this.#last;
  }

  #add(deed: Deed): void {
    this.#last = Math.max(this.#last, deed.at);
    this.deeds.push(deed);
  }

  #upload(at: number, key: string, body: FileBody): void {
    const number = (this.#uploads.get(key) ?? 0) + 1;
    this.#uploads.set(key, number);
    if (this.#chance.certain(`upload/${key}/${number}`)) this.#add({ kind: "upload", at, key, body });
  }

  #deploy(at: number, change: ContractChange, name: string): void {
    if (this.#chance.certain(name)) this.#add({ kind: "deploy", at, change });
  }

  #order(at: number, id: string, batch: string, order: Order["order"]): void {
    if (!this.#chance.certain(`order/${id}`)) return;
    this.#add({ kind: "order", at, order: { id, batch, order } });
    if (this.#chance.happens(`order/${id}/twice`, 2000))
      this.#add({ kind: "order", at: at + this.#spell(`order/${id}/again`), order: { id, batch, order } });
  }

  /** From milliseconds to half an hour. */
  #spell(name: string): number {
    const part = 1 + this.#chance.pick(`${name}/part`, 100);
    return part * [10, 100, second, 10 * second, 20 * second][this.#chance.pick(`${name}/scale`, 5)]!;
  }

  #batch(batch: string, start: number): void {
    const isBurst = this.#chance.happens(`${batch}/burst`, 5000);
    let last = start;
    for (const dataset of required) {
      const offset = this.#chance.pick(`${batch}/${dataset}/offset`, 20) * (isBurst ? 50 : minute);
      last = Math.max(last, this.#way(batch, dataset, start + offset, `${batch}/${dataset}`));
    }
    this.#optional(batch, start, last);
    if (this.#chance.happens(`${batch}/typed again`, 1500)) {
      const name = `${batch}/contract meanwhile`;
      const isOfBoth = this.#chance.happens(`${name}/of both`, 5000);
      const change = isOfBoth ? "users and events of another shape" : "users of another shape";
      this.#deploy(start + this.#spell(name), change, name);
    }
    this.#sequel(batch, last);
  }

  /** @returns when the file's story is over */
  #way(batch: string, dataset: DatasetName, start: number, name: string): number {
    const way = ways[this.#chance.weighted(`${name}/way`, wayWeights)]!;
    const key = keyOf(batch, dataset);
    const soon = start + this.#spell(`${name}/soon`);
    const later = soon + this.#spell(`${name}/later`) + minute;
    const bad = badBodies[this.#chance.pick(`${name}/bad`, badBodies.length)]!;
    const isFirstBad = way === "bad, then fixed";
    // Only users may have the field.
    const isEarly = way === "before its contract" && dataset === "users";
    this.#upload(start, key, isFirstBad ? bad : isEarly ? "one field more" : "good");
    switch (way) {
      case "before its contract":
        if (isEarly) this.#deploy(soon, "users of another shape", `${name}/contract`);
        return soon;
      case "good":
        return start;
      case "bad, then fixed":
      case "good, then newer":
        this.#upload(soon, key, "good");
        return soon;
      case "good, then bad, then fixed":
        this.#upload(soon, key, bad);
        this.#upload(later, key, "good");
        return later;
      case "good, then bad":
        this.#upload(soon, key, bad);
        return soon;
      case "two files, one withdrawn":
      case "two files": {
        const other = keyOf(batch, dataset, "json.gz");
        this.#upload(soon, other, this.#chance.happens(`${name}/packed`, 5000) ? "packed" : "no JSON");
        if (way === "two files") return soon;
        this.#order(later, `withdraw-${name}`, batch, {
          operation: "withdraw",
          key: this.#chance.happens(`${name}/withdraw the first`, 3000) ? key : other,
        });
        return later;
      }
      case "deleted, then again":
      case "deleted":
        this.#add({ kind: "delete", at: soon, key });
        if (way === "deleted") return soon;
        this.#upload(later, key, "good");
        return later;
      case "erased, then again":
      case "erased":
        this.#add({ kind: "erase", at: soon, key });
        if (way === "erased") return soon;
        this.#upload(later, key, "good");
        return later;
      case "three at once":
        this.#upload(start + 20, key, this.#chance.happens(`${name}/second bad`, 5000) ? bad : "good");
        this.#upload(start + 60, key, "good");
        return start + 60;
    }
  }

  #optional(batch: string, start: number, last: number): void {
    const name = `${batch}/coupons`;
    const key = keyOf(batch, "coupons");
    const at = start + this.#spell(`${name}/soon`);
    switch (this.#chance.weighted(`${name}/way`, [5, 3, 2, 2, 1])) {
      case 1:
        this.#upload(at, key, "good");
        return;
      case 2:
        this.#upload(last + this.#spell(`${name}/after`), key, "good");
        return;
      case 3:
        this.#upload(at, key, "empty");
        this.#upload(at + this.#spell(`${name}/fixed`), key, "good");
        return;
      case 4:
        this.#upload(at, key, "truncated");
        return;
    }
  }

  #sequel(batch: string, first: number): void {
    const chance = this.#chance;
    const pause = (name: string) => [40, 5, 90, 15][chance.pick(`${batch}/${name}/pause`, 4)]! * minute;
    const soon = (name: string) => this.#spell(`${batch}/${name}`);
    const second = first + pause("second");
    switch (sequels[chance.weighted(`${batch}/sequel`, sequelWeights)]!) {
      case "nothing":
        return;
      case "all again":
        this.#again(batch, second, 2);
        return;
      case "all again, then rollback": {
        const end = this.#again(batch, second, 2);
        const back = end + pause("rollback") + soon("rollback");
        this.#order(back, `rollback-${batch}`, batch, { operation: "rollback", run: 1 });
        if (!chance.happens(`${batch}/run after all`, 6000)) return;
        // What was read last is older by then than what was uploaded last.
        const replay = back + soon("replay");
        this.#order(replay, `replay-${batch}`, batch, { operation: "replay", run: 1 });
        const ended = replay + pause("run after all");
        if (chance.happens(`${batch}/without what was read`, 3000))
          this.#order(ended, `withdraw-${batch}`, batch, { operation: "withdraw", key: keyOf(batch, "users") });
        this.#order(ended + soon("run"), `run-${batch}`, batch, { operation: "run" });
        return;
      }
      case "correction and run":
      case "correction": {
        const dataset = required[chance.pick(`${batch}/corrected`, 2)]!;
        const end = this.#way(batch, dataset, second, `${batch}/correction`);
        if (chance.happens(`${batch}/without run`, 1000)) return;
        this.#order(end + soon("run"), `run-${batch}`, batch, { operation: "run" });
        return;
      }
      case "all again, rollback, correction and run": {
        const end = this.#again(batch, second, 2) + pause("rollback");
        this.#order(end, `rollback-${batch}`, batch, { operation: "rollback", run: 1 });
        const dataset = required[chance.pick(`${batch}/corrected`, 2)]!;
        const corrected = this.#way(batch, dataset, end + soon("correction"), `${batch}/correction`);
        this.#order(corrected + soon("run"), `run-${batch}`, batch, { operation: "run" });
        return;
      }
      case "all again, then replays": {
        // More runs than a document keeps, while what failed for good is still there to be read.
        let at = this.#again(batch, second, 2);
        for (const time of [1, 2, 3, 4]) {
          at += pause(`replay ${time}`) + soon(`replay ${time}`);
          this.#order(at, `replay-${batch}-${time}`, batch, { operation: "replay", run: 1 });
        }
        return;
      }
      case "replay":
        this.#order(second, `replay-${batch}`, batch, { operation: "replay", run: 1 });
        return;
      case "rollback, then all again":
        this.#order(second, `rollback-${batch}`, batch, { operation: "rollback", run: 1 });
        this.#again(batch, second + soon("again"), 2);
        return;
      case "all again twice": {
        const end = this.#again(batch, second, 2);
        const third = this.#again(batch, end + pause("third"), 3);
        this.#order(third + pause("rollback"), `rollback-${batch}`, batch, {
          operation: "rollback",
          run: 1 + chance.pick(`${batch}/rollback to`, 2),
        });
        return;
      }
    }
  }

  /** All required files once more. @returns when the last one is there */
  #again(batch: string, start: number, round: number): number {
    let last = start;
    for (const dataset of required) {
      const name = `${batch}/${dataset}/round ${round}`;
      const at = start + this.#chance.pick(`${name}/offset`, 20) * 30 * second;
      const isPlain = this.#chance.happens(`${name}/plain`, 6000);
      if (isPlain) this.#upload(at, keyOf(batch, dataset), "good");
      last = Math.max(last, isPlain ? at : this.#way(batch, dataset, at, name));
    }
    return last;
  }

  /** Deployments at any moment, files of what only some of them declare, and what is away for a while or for good. */
  #troubles(start: number): void {
    const chance = this.#chance;
    const moment = (name: string) => start + chance.pick(`${name}/at`, 360) * minute + this.#spell(name);
    const changes = Object.keys(contractChanges) as ContractChange[];
    const deployments = [0, 1, 2, 4][chance.weighted("deployments", [4, 3, 3, 2])]!;
    for (let index = 0; index < deployments; index++) {
      const name = `deployment/${index}`;
      const at = moment(name);
      if (!chance.certain(name)) continue;
      this.#add({ kind: "deploy", at, change: changes[chance.pick(`${name}/change`, changes.length)]! });
      for (const part of ["promote", "settle"] as const)
        if (chance.happens(`${name}/${part}`, 3000)) {
          const keepRuns = 2 + chance.pick(`${name}/${part}/keeps`, 3);
          const apart = (chance.pick(`${name}/${part}/apart`, 20) - 10) * minute;
          this.#add({ kind: "configure", at: Math.max(start, at + apart), part, keepRuns });
        }
    }
    for (const batch of ["2026-01-01", "2026-01-02"])
      if (deployments > 0 && chance.happens(`${batch}/returns`, 4000))
        this.#upload(moment(`${batch}/returns`), keyOf(batch, "returns"), "good");
    for (const what of services)
      if (chance.happens(`outage/${what}`, 500)) {
        const at = moment(`outage/${what}`);
        this.#add({ kind: "take away", at, what, until: at + hour });
      }
    // For as long as the schedule lasts, and longer.
    const refusing = [...tableNames.map((table) => `table ${table}`), "notices"];
    for (const what of refusing)
      if (chance.happens(`refusal/${what}`, 400))
        this.#add({ kind: "take away", at: moment(`refusal/${what}`), what, until: Number.POSITIVE_INFINITY });
  }

  /** Keys that are none of the pipeline's, and messages that nobody can read. */
  #strangers(start: number): void {
    const keys = [
      "readme.txt",
      "2026-01-01/users.csv",
      "a/b/users.json",
      "current/users.json",
      "2026-01-01/",
      "x y+z%.json",
    ];
    for (const key of keys)
      if (this.#chance.happens(`stranger/${key}`, 700))
        this.#upload(start + this.#chance.pick(`stranger/${key}/at`, 60) * minute, key, "good");
    if (this.#chance.happens("test event", 500))
      this.#add({
        kind: "harmless",
        at: start,
        body: '{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"bronze"}',
      });
    const poisons = ["no JSON", "{}", '{"Records":[{"eventName":"ObjectCreated:Put","s3":{"object":{}}}]}'];
    for (const [index, body] of poisons.entries())
      if (this.#chance.happens(`poison/${index}`, 700))
        this.#add({ kind: "poison", at: start + this.#chance.pick(`poison/${index}/at`, 60) * minute, body });
  }
}
