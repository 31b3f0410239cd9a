import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import type { PublishCommand } from "@aws-sdk/client-sns";
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { redeliveryOf } from "../../components/redelivery.ts";
import { artifactKeys } from "../../handlers/keys.ts";
import type { transition } from "../../handlers/ledger/transition.ts";
import type { OrderAnswer } from "../../handlers/settle/answerOrder.ts";
import type { SettleEvent } from "../../handlers/settle/handler.ts";
import { Deployments } from "./deployments.ts";
import { EmbeddedService } from "./embeddedService.ts";
import type { Fault } from "./faults.ts";
import { Functions } from "./functions.ts";
import { GlueService } from "./glueService.ts";
import type { Service } from "./invocation.ts";
import { fateWeights } from "./job.ts";
import type { SimulatedJobRun } from "./jobRun.ts";
import { Queue, QueueService, type SimulatedMessage } from "./queue.ts";
import type { ObjectBody, Pattern } from "./s3/content.ts";
import { encodeKey, MemoryS3, type S3Event } from "./s3/memoryS3.ts";
import {
  addedColumn,
  type ContractChange,
  contractChanges,
  type DatasetName,
  firstContract,
  names,
  settingsOf,
  timeouts,
} from "./settings.ts";
import { rejectedNameOf, Truth, type Upload } from "./truth.ts";
import { isUnsettled, Witness } from "./witness.ts";
import { bytesOf, type Deed, type FileBody, isBad, type Order } from "./workload.ts";
import { beginning, minute, second, type World } from "./world.ts";

/** All of AWS that the pipeline lives in: what the producers upload goes its way through it by itself. */
export class Cloud {
  readonly world: World;
  readonly s3: MemoryS3;
  /** All there were, of both engines. */
  readonly jobRuns: SimulatedJobRun[] = [];
  readonly glue: GlueService;
  readonly embedded: EmbeddedService;
  readonly truth = new Truth();
  readonly deployments: Deployments;
  readonly witness: Witness;
  readonly promoteQueue: Queue;
  readonly promoteDeadLetters: Queue;
  readonly settleDeadLetters: Queue;
  /** Bodies of the messages that no redrive can help. */
  readonly poison = new Set<string>();
  readonly orderAnswers = new Map<string, "accepted" | "refused">();
  readonly functions: Functions;
  /** Whether a deployment may come while a function works, besides those that the schedule asks for. */
  deploysMeanwhile = true;
  #messages = 0;
  /** What is being uploaded holds. */
  #uploading: FileBody | null = null;
  /** Key to the order of the newest upload whose event reached the queue. */
  readonly #told = new Map<string, number>();
  /** Versions that have been looked into. */
  readonly #looked = new Set<string>();
  /** The record of the upload that was told of last. */
  #lastRecord: object | null = null;

  constructor(world: World, seed: number, decide: typeof transition) {
    this.world = world;
    this.s3 = new MemoryS3({ now: () => world.now, seed });
    for (const bucket of ["bronze", "silver", "rejected", "gold", "ledger", "artifacts"])
      this.s3.createBucket(bucket, { versioned: ["bronze", "ledger", "artifacts"].includes(bucket) });
    this.deployments = new Deployments(world, this.s3, firstContract);
    this.witness = new Witness(world, this.s3, this.truth, this.deployments, this.jobRuns, {
      claimed: (batch, run) => this.#maySweep(`claim of ${batch} ${run}`),
      started: (batch, run) => this.#maySweepAfterLease(batch, run),
      published: (batch, run) => {
        this.#maySweep(`publication of ${batch} ${run}`);
        this.#mayRollBack(batch, run, "at once", 5000, 6);
      },
      crashedHalfWay: (batch, run) => this.#mayRollBack(batch, run, "after a crash", 5000, 10_000),
    });
    this.glue = new GlueService(
      {
        world,
        s3: this.s3,
        jobRuns: this.jobRuns,
        fateWeights: fateWeights(world),
        tellOfEnd: (event, name) => this.invokeSettle(event, name),
        stopSoon: (jobRun) => this.glue.stopSoon(jobRun),
      },
      this.witness,
    );
    this.embedded = new EmbeddedService(
      {
        world,
        s3: this.s3,
        jobRuns: this.jobRuns,
        isDeployed: () => this.deployments.current.release.embedded !== null,
        invoke: (order, name) => this.functions.embedded(order, name),
      },
      this.witness,
    );
    this.settleDeadLetters = new Queue(world, {
      url: names.settleDeadLettersUrl,
      visibility: 5 * minute,
      consumer: (message) => this.#mayRedrive(message),
    });
    this.promoteDeadLetters = new Queue(world, {
      url: names.promoteDeadLettersUrl,
      visibility: 5 * minute,
      consumer: (message) => this.#mayRedrive(message),
    });
    this.promoteQueue = new Queue(world, {
      url: names.promoteQueueUrl,
      visibility: 6 * timeouts.promote * second,
      // As deployed: longer than an outage.
      deadLetters: {
        queue: this.promoteDeadLetters,
        maxReceives: redeliveryOf(timeouts.promote).maxReceiveCount,
      },
      consumer: (message) => this.#deliver(message),
    });
    const queues = [this.promoteQueue, this.promoteDeadLetters, this.settleDeadLetters];
    const sqs = new QueueService(queues, (body) => {
      if (body.includes("ObjectCreated:Reconciled")) {
        this.#checkHistory(body);
        this.#mayComeBetween(body);
      }
      if (body.includes("ObjectCreated:Retyped")) this.#mayOvertake(body);
      return `${world.actor?.name}>${++this.#messages}`;
    });
    const s3: Service = {
      apply: (command) => {
        const output = this.s3.apply(command as PutObjectCommand) as { Body?: unknown };
        if (!(command instanceof GetObjectCommand)) return output;
        const { Bucket, Key, VersionId } = command.input;
        if (Bucket === "bronze") this.#mayReplace(VersionId!);
        if (Key === artifactKeys.pointer && VersionId === undefined) this.#mayDeploy();
        return Key!.endsWith(".gz") ? output : { ...output, Body: new QuickBody(output.Body as ObjectBody) };
      },
    };
    const { witness, truth, glue, embedded } = this;
    const sns: Service = {
      apply: (command) => {
        if (world.isAway("notices"))
          throw Object.assign(new Error("Invalid parameter"), { $metadata: { httpStatusCode: 400 } });
        this.witness.notified((command as PublishCommand).input.Message!);
        return {};
      },
    };
    const unheard = (id: string) => {
      const jobRun = this.jobRuns.find((one) => one.id === id);
      if (jobRun) jobRun.endedUnheard = true;
    };
    this.functions = new Functions({
      world,
      witness,
      truth,
      s3,
      glue,
      embedded,
      sqs,
      sns,
      unheard,
      transition: decide,
    });
    this.s3.onChange(({ bucket, key, kind, version }) => {
      if (bucket !== "ledger" || kind !== "put") return;
      if (key.startsWith("open/")) this.#maySweep(key);
      if (/^(attempts|reports)\//.test(key)) this.embedded.written(key, version.content.text());
      if (/^reports\/.*\/em-/.test(key)) this.#tellOfReport(key);
    });
    this.s3.onCreated((event) => {
      if (event.bucket === "bronze") this.#bronzeEvent(event);
    });
  }

  get isBusy(): boolean {
    return this.functions.isBusy || this.promoteQueue.messages.size > 0;
  }

  // ---- producers and operators

  perform(deed: Deed): void {
    switch (deed.kind) {
      case "upload":
        this.upload(deed.key, deed.body);
        return;
      case "delete": {
        if (!this.s3.object("bronze", deed.key)) return;
        this.world.tell(() => `the producer deletes ${deed.key}, which leaves a delete marker`);
        this.world.hurt("delete marker", this.#placeOf(deed.key)?.batch ?? null);
        this.s3.apply(new DeleteObjectCommand({ Bucket: "bronze", Key: deed.key }));
        return;
      }
      case "erase":
        this.erase(deed.key);
        return;
      case "order":
        this.giveOrder(this.#withRun(deed.order));
        return;
      case "poison":
        this.world.hurt("poison message", null);
        this.poison.add(deed.body);
        this.#sendByHand(deed.body);
        return;
      case "harmless":
        this.#sendByHand(deed.body);
        return;
      case "reconcile":
        this.invokeSettle({ kind: "reconcile" }, `reconcile/${deed.at - beginning}`);
        return;
      case "redrive":
        this.redrive(`redrive/${deed.at - beginning}`);
        return;
      case "deploy":
        this.#deploy(deed.change);
        return;
      case "configure":
        this.world.tell(() => `${deed.part} is deployed, and keeps ${deed.keepRuns} runs from now on`);
        this.functions.settings[deed.part] = settingsOf(deed.part, deed.keepRuns);
        return;
      case "take away":
        this.#takeAway(deed.what, deed.until);
        return;
    }
  }

  #hurtAllBatches(fault: Fault): void {
    if (this.witness.batches.size === 0) this.world.hurt(fault, null);
    for (const batch of this.witness.batches.keys()) this.world.hurt(fault, batch);
  }

  /** A deployment takes longer than the second by which S3 dates the pointer, and there is one at a time. */
  #deploy(change: ContractChange): void {
    if (this.world.now - this.deployments.current.at < second) {
      this.world.after(second, () => this.#deploy(change));
      return;
    }
    this.world.tell(() => `a deployment points to another release: ${change}`);
    this.#hurtAllBatches("deployment");
    this.deployments.deploy(contractChanges[change](this.deployments.current.contract));
  }

  /** A deployment may come at any moment, also right after a function has read what is current. */
  #mayDeploy(): void {
    const { world } = this;
    const name = `deployment/while ${world.actor?.name}`;
    if (world.calm || !this.deploysMeanwhile || !world.chance.happens(name, 100)) return;
    const changes = Object.keys(contractChanges) as ContractChange[];
    world.after(1 + world.chance.pick(`${name}/after`, 12) ** 2, () => {
      this.#deploy(changes[world.chance.pick(`${name}/change`, changes.length)]!);
      // Another function soon judges by it.
      if (world.chance.happens(`${name}/swept`, 5000)) this.invokeSettle({ kind: "sweep" }, `sweep/after ${name}`);
    });
  }

  #takeAway(what: string, until: number): void {
    this.world.tell(() => `${what} is away`);
    this.#hurtAllBatches(
      what.startsWith("table ") ? "table refuses" : what === "notices" ? "notices refused" : "outage of an hour",
    );
    this.world.takeAway(what, until);
  }

  /** What came when its name was none of the pipeline's was skipped, and is left at that. */
  #checkHistory(body: string): void {
    const { Records } = JSON.parse(body) as { Records: [{ s3: { object: { versionId: string } } }] };
    const upload = this.truth.byVersion.get(Records[0].s3.object.versionId)!;
    const since = this.deployments.declared.get(upload.key.split("/").at(-1)!);
    if (since !== undefined && upload.lastModified < since)
      this.world.violate("history stays", `${upload.name} came before its name was declared, and is taken up`);
  }

  #sendByHand(body: string): void {
    this.world.tell(() => `somebody sends the message ${body}`);
    this.promoteQueue.send(body, `by hand/${body}`);
  }

  upload(key: string, body: FileBody): void {
    const earlier = this.truth.byKey.get(key) ?? [];
    const place = this.#placeOf(key);
    const last = earlier.at(-1);
    if (place && last && !this.#isDecided(last)) {
      this.world.hurt("two versions in flight", place.batch);
      if (isBad(body)) this.world.hurt("newer rejected file", place.batch);
    }
    this.#uploading = body;
    this.s3.apply(new PutObjectCommand({ Bucket: "bronze", Key: key, Body: bytesOf(body, key, earlier.length + 1) }));
    this.#uploading = null;
  }

  /** A good file, however large. */
  uploadLarge(key: string, pattern: Pattern, isGood: boolean): void {
    this.#uploading = isGood ? "good" : "no JSON";
    this.s3.putVirtual("bronze", key, pattern);
    this.#uploading = null;
  }

  #isDecided({ key, version, place }: Upload): boolean {
    return this.witness.batch(place!.batch).document?.inputs[key]?.decision.version === version;
  }

  /** By the names that are declared, without asking the code that does it in earnest. */
  #placeOf(key: string): Upload["place"] {
    const match = /^(?:(\d{4}-\d\d-\d\d)\/)?(?:(users|events)\.json(?:\.gz)?|(coupons|returns)\.json)$/.exec(key);
    if (!match) return null;
    return { batch: match[1] ?? "current", dataset: (match[2] ?? match[3]) as DatasetName };
  }

  erase(key: string): void {
    const newest = this.truth.byKey.get(key)?.findLast(({ isGone }) => !isGone);
    if (!newest) return;
    this.world.tell(() => `the producer deletes ${newest.name} for good`);
    this.world.hurt("version deleted for good", newest.place?.batch ?? null);
    newest.isGone = true;
    this.s3.apply(new DeleteObjectCommand({ Bucket: "bronze", Key: key, VersionId: newest.version }));
  }

  /** An operator names a run that was published, if there is one; an order that is repeated stays as it is. */
  #withRun(planned: Order): Order {
    const { batch, order } = planned;
    const { published } = this.witness.batch(batch);
    if (order.operation !== "replay" && order.operation !== "rollback") return planned;
    if (published.size === 0 || published.has(order.run)) return this.truth.orders.get(planned.id) ?? planned;
    return this.truth.orders.get(planned.id) ?? { ...planned, order: { ...order, run: Math.min(...published) } };
  }

  /** An operator repeats what was not answered, and what was refused while a run was on. */
  giveOrder(order: Order, attempt = 1): void {
    const { id, batch } = order;
    const { world } = this;
    this.truth.orders.set(id, order);
    const operation = order.order.operation;
    world.tell(() => `an operator orders ${operation} ${batch} (${JSON.stringify(order.order)}), id ${id}`);
    const again = (minutes: number) => {
      if (attempt < 4 && !world.calm) world.after(minutes * minute, () => this.giveOrder(order, attempt + 1));
    };
    this.functions.settle({ kind: "order", ...order }, `order/${id}.${attempt}`, (ending) => {
      if (ending.kind !== "answered") return again(3);
      const answer = ending.value as OrderAnswer;
      world.tell(() => `the operator hears ${JSON.stringify(answer)}`);
      const isRefused = "refused" in answer;
      if (!isRefused) this.orderAnswers.set(id, "accepted");
      else again(20);
    });
  }

  /** A sweep may come at any moment: somebody may call one by hand, and the schedule waits for nobody. */
  #maySweep(during: string): void {
    const { world } = this;
    const name = `sweep/${during}`;
    if (world.calm || !world.chance.happens(name, 1500)) return;
    const unit = [1, 5, 20, 100][world.chance.pick(`${name}/unit`, 4)]!;
    world.after(unit * (1 + world.chance.pick(`${name}/after`, 30)), () => this.invokeSettle({ kind: "sweep" }, name));
  }

  /** A sweep that comes when a start that nobody entered may just be taken over finds the job still at work. */
  #maySweepAfterLease(batch: string, run: number): void {
    const { world } = this;
    const name = `sweep/after the lease of ${batch} ${run}`;
    world.after((185 + 5 * world.chance.pick(`${name}/after`, 20)) * second, () => {
      if (world.calm || this.witness.batch(batch).runs.get(run)!.state !== "claimed") return;
      if (world.chance.happens(name, 7000)) this.invokeSettle({ kind: "sweep" }, name);
    });
  }

  /** An operator who sees a dead letter may give it another try, whatever is going on. */
  #mayRedrive({ name }: SimulatedMessage): void {
    const { world } = this;
    if (world.calm || !world.chance.happens(`redrive/${name}`, 4000)) return;
    world.after((1 + world.chance.pick(`redrive/${name}/after`, 5)) * minute, () => {
      if (!world.calm) this.redrive(`redrive/${name}`);
    });
  }

  /** An operator who does not like what readers got goes back to what they had. */
  #mayRollBack(batch: string, run: number, when: string, in10000: number, delay: number): void {
    const { world } = this;
    const earlier = Math.max(0, ...[...this.witness.batch(batch).published].filter((number) => number < run));
    const id = `rollback ${when}-${batch}-${run}`;
    if (earlier === 0 || world.calm || this.truth.orders.has(id) || !world.chance.happens(`order/${id}`, in10000))
      return;
    const order: Order = { id, batch, order: { operation: "rollback", run: earlier } };
    world.after(delay * (1 + world.chance.pick(`order/${id}/after`, 20)), () => this.giveOrder(order));
  }

  /** While a version is being validated its producer may replace it, or delete it. */
  #mayReplace(version: string): void {
    const { world } = this;
    const upload = this.truth.byVersion.get(version);
    if (world.calm || !upload || this.#looked.has(version)) return;
    this.#looked.add(version);
    const way = world.chance.weighted(`${upload.name}/meanwhile`, [60, 2, 1, 1]);
    if (way === 0) return;
    world.after(1 + world.chance.pick(`${upload.name}/meanwhile after`, 16), () => {
      world.hurt("replaced between validation and copy", upload.place?.batch ?? null);
      if (way === 3) this.erase(upload.key);
      else this.upload(upload.key, way === 2 ? "truncated" : upload.key.endsWith(".gz") ? "packed" : "good");
    });
  }

  /** While reconciliation tells of a version its producer may upload a newer one. */
  #mayComeBetween(body: string): void {
    const { world } = this;
    const { Records } = JSON.parse(body) as { Records: [{ s3: { object: { versionId: string } } }] };
    const upload = this.truth.byVersion.get(Records[0].s3.object.versionId);
    if (world.calm || !upload || !world.chance.happens(`${upload.name}/overtaken`, 3000)) return;
    world.after(1 + 20 * world.chance.pick(`${upload.name}/overtaken after`, 60), () =>
      this.upload(upload.key, upload.key.endsWith(".gz") ? "packed" : "good"),
    );
  }

  /** What is asked for may be gone, or of a contract that has been replaced, when the request is handled. */
  #mayOvertake(body: string): void {
    const { world } = this;
    const { Records } = JSON.parse(body) as { Records: [{ s3: { object: { versionId: string } } }] };
    const { name, key } = this.truth.byVersion.get(Records[0].s3.object.versionId)!;
    const way = world.calm ? 0 : world.chance.weighted(`${name}/asked for`, [20, 2, 1, 1]);
    if (way === 0) return;
    world.after(1 + 20 * world.chance.pick(`${name}/asked for after`, 40), () => {
      if (way === 1) this.erase(key);
      else this.#deploy(way === 2 ? "back to the first" : "users and events of another shape");
    });
  }

  // ---- S3's events

  #bronzeEvent({ eventName, key, versionId, sequencer }: S3Event): void {
    const body = this.#uploading;
    if (!body) return;
    const place = this.#placeOf(key);
    const version = versionId!;
    const number = (this.truth.byKey.get(key)?.length ?? 0) + 1;
    const upload: Upload = {
      name: `${key}~${number}`,
      key,
      place,
      content: this.s3.object("bronze", key)!.content,
      isGood: !isBad(body),
      field: body === "one field more" ? addedColumn : null,
      isPacked: body === "packed",
      version,
      sequencer,
      order: this.truth.uploads.length,
      lastModified: Math.floor(this.world.now / 1000) * 1000,
      rejectedName: place ? rejectedNameOf(key, version, place) : "",
      isGone: false,
      wasTold: false,
      skipped: null,
    };
    this.truth.add(upload);
    this.world.tell(() => `the producer uploads ${upload.name}, ${body} (version ${version.slice(0, 6)}…)`);
    this.#tellOf(upload, eventName);
  }

  /** S3 tells of each upload at least once, as a rule, soon, and in no order. */
  #tellOf(upload: Upload, eventName: string): void {
    const { world } = this;
    const { name, key, version, sequencer, place } = upload;
    const batch = place?.batch ?? null;
    const object = { key: encodeKey(key), versionId: version, sequencer };
    const record = { eventName, s3: { bucket: { name: "bronze" }, object } };
    // One message may tell of several objects, and of one for the second time. A packed file comes alone: unpacking has
    // its own time, in which nothing else of the invocation may happen.
    const isAlone = key.endsWith(".gz");
    const others =
      this.#lastRecord && !isAlone && world.chance.happens(`${name}/together`, 500) ? [this.#lastRecord] : [];
    if (!isAlone) this.#lastRecord = record;
    const text = JSON.stringify({ Records: [...others, record] });
    const send = (message: string) => {
      const newest = this.#told.get(key) ?? -1;
      if (newest > upload.order) world.hurt("S3 events reordered", batch);
      this.#told.set(key, Math.max(newest, upload.order));
      upload.wasTold = true;
      this.promoteQueue.send(text, message);
    };
    // Three in every schedule at least: of the first four uploads one is told well.
    const isSpared = upload.order > 3 || upload.order === world.chance.pick("spared upload", 4);
    const weights = isSpared ? [20, 1, 2, 2] : [0, 2, 3, 3];
    switch (world.calm ? 0 : world.chance.weighted(`${name}/event`, weights)) {
      case 0:
        world.after(100 + 20 * world.chance.pick(`${name}/event wait`, 100), () => send(name));
        return;
      case 1:
        world.hurt("S3 event lost", batch);
        world.tell(() => `S3's event of ${name} is lost`);
        return;
      case 2:
        world.hurt("S3 event duplicated", batch);
        world.after(100, () => send(name));
        world.after([30, second, minute, 30 * minute][world.chance.pick(`${name}/event again`, 4)]! + 100, () =>
          send(`${name}'`),
        );
        return;
      case 3:
        world.hurt("S3 event late", batch);
        world.after((1 + world.chance.pick(`${name}/event late`, 60)) * minute, () => send(name));
        return;
    }
  }

  /** EventBridge tells of each report of the embedded engine, as a rule. */
  #tellOfReport(key: string): void {
    const { world } = this;
    const [, batch = ""] = key.split("/");
    const event = { "detail-type": "Object Created", detail: { object: { key } } };
    const tell = (milliseconds: number) => world.after(milliseconds, () => this.invokeSettle(event, key));
    const way = world.calm ? 0 : world.chance.weighted(`${key}/event`, [8, 1, 1]);
    if (way === 0) tell(200);
    if (way === 1) world.hurt("report's event lost", batch);
    if (way === 2) {
      world.hurt("report's event late", batch);
      tell((1 + world.chance.pick(`${key}/event late`, 60)) * minute);
    }
  }

  // ---- the functions

  #deliver(message: SimulatedMessage): void {
    const received = this.promoteQueue.receive(message);
    if (!received) return;
    const { world } = this;
    const { id: messageId, body } = message;
    const name = `promote/${message.name}.${message.receives}`;
    if (!world.calm && world.chance.happens(`${name}/twice`, 200)) {
      this.#hurtAll("message delivered twice", body);
      world.after(10 * (1 + world.chance.pick(`${name}/twice after`, 100)), () => this.#deliver(message));
    }
    const event = { Records: [{ messageId, body }] } as unknown as SQSEvent;
    this.functions.promote(name, event, (ending, wasAlone) => {
      const isDone = ending.kind === "answered" && (ending.value as SQSBatchResponse).batchItemFailures.length === 0;
      if (!isDone) return;
      if (wasAlone) this.#checkGate(body);
      if (!world.calm && world.chance.happens(`${name}/deletion lost`, 200))
        return this.#hurtAll("message's deletion lost", body);
      this.promoteQueue.delete(messageId);
    });
  }

  /** A fault of a message meets the batches of the files that it tells of. */
  #hurtAll(fault: Fault, body: string): void {
    for (const { version, place } of this.truth.uploads)
      if (place && body.includes(version)) this.world.hurt(fault, place.batch);
  }

  /** Every event of a file ends by running the gate, so nothing may be left for the sweep to find. */
  #checkGate(body: string): void {
    for (const upload of this.truth.uploads) {
      if (!upload.place || upload.skipped || !body.includes(upload.version)) continue;
      const { batch } = upload.place;
      const history = this.witness.batch(batch);
      const ready = history.document && this.witness.ready(batch, history, history.document);
      if (ready?.isDue && ready.isTyped && !ready.isOver && !history.document!.runs.some(isUnsettled))
        this.world.violate(
          "gate at once",
          `${batch} is ready (${ready.wanted}) and the message of ${upload.name} is done`,
        );
    }
  }

  /** As EventBridge invokes it: a failure is tried again after one minute and two, then goes to the dead letters. */
  invokeSettle(event: SettleEvent, name: string, attempt = 1): void {
    this.functions.settle(event, `settle/${name}.${attempt}`, (ending) => {
      if (ending.kind === "answered") return;
      if (ending.kind === "failed" && "kind" in event && event.kind === "sweep")
        this.world.violate("one trouble, one effect", `a sweep failed: ${ending.error.message}`);
      if (attempt < 3) return this.world.after(attempt * minute, () => this.invokeSettle(event, name, attempt + 1));
      this.world.tell(() => `the event ${name} goes to the dead letters`);
      const letter = { requestContext: { condition: "RetriesExhausted" }, requestPayload: event };
      this.settleDeadLetters.send(JSON.stringify(letter), name);
    });
  }

  /** An operator who gets no answer leaves it at that. */
  redrive(name: string): void {
    this.functions.settle({ kind: "redrive" }, name, () => {});
  }
}

/** A body that is at hand at once. A Node stream costs more than all else in a call; only unpacking needs one. */
class QuickBody {
  readonly #body: ObjectBody;

  constructor(body: ObjectBody) {
    this.#body = body;
  }

  transformToString(): Promise<string> {
    return this.#body.transformToString();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    yield await this.#body.transformToByteArray();
  }

  destroy(): void {}
}
