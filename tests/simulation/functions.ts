import type { GlueClient } from "@aws-sdk/client-glue";
import type { LambdaClient } from "@aws-sdk/client-lambda";
import type { S3Client } from "@aws-sdk/client-s3";
import type { SNSClient } from "@aws-sdk/client-sns";
import type { SQSClient } from "@aws-sdk/client-sqs";
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { work } from "../../handlers/embedded/worker.ts";
import { assemble } from "../../handlers/invocation/runtime.ts";
import type { transition } from "../../handlers/ledger/transition.ts";
import { createHandler as createPromote } from "../../handlers/promote/handler.ts";
import { createCatalog } from "../../handlers/publication/catalog.ts";
import { createGold } from "../../handlers/publication/gold.ts";
import { createNotices } from "../../handlers/publication/notices.ts";
import { createEmbeddedEngine, type EmbeddedOrder } from "../../handlers/run/embedded.ts";
import { createGlueEngine } from "../../handlers/run/glue.ts";
import { createHandler as createSettle, type SettleEvent } from "../../handlers/settle/handler.ts";
import { createDocumentStore } from "../../handlers/storage.ts";
import { stubParts } from "../handlers/stubParts.ts";
import type { EmbeddedService } from "./embeddedService.ts";
import type { ServiceName, Transition } from "./faults.ts";
import { type Ending, FaultRates, Invocation, type Service } from "./invocation.ts";
import { names, settingsOf, timeouts } from "./settings.ts";
import type { Truth } from "./truth.ts";
import type { Witness } from "./witness.ts";
import { type Actor, second, type World } from "./world.ts";

export interface Surroundings {
  readonly world: World;
  readonly witness: Witness;
  readonly truth: Truth;
  readonly s3: Service;
  readonly glue: Service;
  readonly embedded: EmbeddedService;
  readonly sqs: Service;
  readonly sns: Service;
  /** Is told of a job run whose end settle heard of and could not handle: the sweep has to find it. */
  readonly unheard: (jobRun: string) => void;
  /** The protocol that decides every change. */
  readonly transition: typeof transition;
}

/** The functions as Lambda runs them: the real handlers, with clients of the simulated services. */
export class Functions {
  readonly #around: Surroundings;
  readonly #rates: FaultRates;
  readonly #running = new Set<Invocation>();
  /** The invocation during which no other one was running, so far. */
  #alone: Invocation | null = null;
  #invocations = 0;
  /** What each function has by itself; a deployment changes it when it comes to that function. */
  readonly settings = { promote: settingsOf("promote"), settle: settingsOf("settle") };

  constructor(around: Surroundings) {
    this.#around = around;
    this.#rates = new FaultRates(around.world);
  }

  get isBusy(): boolean {
    return this.#running.size > 0;
  }

  /** @param onEnd is told besides whether no other invocation was running meanwhile */
  promote(name: string, event: SQSEvent, onEnd: (ending: Ending, wasAlone: boolean) => void): void {
    const invocation = this.#invoke(
      "promote",
      name,
      "decided",
      (invocation) => this.#promote(invocation, event),
      (ending) => onEnd(ending, this.#alone === invocation),
    );
  }

  settle(event: SettleEvent, name: string, onEnd: (ending: Ending) => void): void {
    const first: Transition =
      "detail-type" in event
        ? "observed"
        : event.kind === "order"
          ? event.order.operation
          : event.kind === "sweep"
            ? "sweep"
            : "decided";
    this.#invoke(
      "settle",
      name,
      first,
      (invocation) => this.#settleHandler(invocation)(event, lambdaContext(invocation)),
      onEnd,
    );
  }

  #invoke(
    kind: Actor["kind"],
    name: string,
    firstTransition: Transition,
    work: (invocation: Invocation) => Promise<unknown>,
    onEnd: (ending: Ending) => void,
  ): Invocation {
    const number = ++this.#invocations;
    const options = { name, title: `${kind} ${number}`, kind, timeout: timeouts[kind] * second, firstTransition };
    const invocation: Invocation = new Invocation(this.#around.world, this.#rates, options, (ending) => {
      this.#running.delete(invocation);
      if (ending.kind === "cut off") this.#around.witness.lost(invocation);
      if (ending.kind === "failed") this.#around.world.tell(() => `${kind} ${number} fails: ${ending.error.message}`);
      onEnd(ending);
    });
    this.#alone = this.#running.size === 0 ? invocation : null;
    this.#running.add(invocation);
    this.#around.world.tell(() => `${kind} ${number} begins (${name})`);
    invocation.run(() => work(invocation));
    return invocation;
  }

  /** A call of the embedded engine: the real worker, with a stand-in for DuckDB. */
  embedded(order: EmbeddedOrder, name: string): void {
    const { world, embedded, s3 } = this.#around;
    this.#invoke(
      "embedded",
      name,
      "observed",
      (invocation) => {
        const client = this.#client<S3Client>(invocation, "S3", s3);
        return work(order, {
          documents: createDocumentStore(client, names.ledgerBucket, names.keyArn),
          ledgerBucket: names.ledgerBucket,
          execute: (_, proceed, signal) =>
            embedded.execute(order, invocation, (command) => client.send(command), proceed, signal),
          abortAfter: (milliseconds, reason) => {
            const controller = new AbortController();
            world.after(milliseconds, () => controller.abort(reason));
            return { signal: controller.signal, clear() {} };
          },
          remainingTime: invocation.remaining,
          now: invocation.now,
          log: this.#logOf(invocation),
        });
      },
      () => {},
    );
  }

  #promote(invocation: Invocation, event: SQSEvent): Promise<SQSBatchResponse> {
    const parts = this.#partsOf(invocation);
    const reasons = createDocumentStore(parts.s3, names.rejectedBucket, names.keyArn);
    const documents = createDocumentStore(parts.s3, names.ledgerBucket, names.keyArn);
    const open = assemble({ ...parts, outlets: null });
    const handler = createPromote({ ...parts, reasons, documents, open, typeParts: stubParts });
    return handler(event, lambdaContext(invocation));
  }

  #settleHandler(invocation: Invocation): ReturnType<typeof createSettle> {
    const parts = this.#partsOf(invocation);
    const catalogClient = this.#client<GlueClient>(invocation, "Glue catalog", this.#around.glue);
    const outlets = {
      catalog: createCatalog(catalogClient, names.catalogDatabase),
      gold: createGold(parts.s3, names.goldBucket, names.keyArn),
      notices: createNotices(this.#client<SNSClient>(invocation, "SNS", this.#around.sns), names.alertTopic),
    };
    return createSettle({ ...parts, open: assemble({ ...parts, outlets }) });
  }

  #client<Client extends { send: unknown }>(
    invocation: Invocation,
    name: ServiceName,
    service: Service,
  ): Pick<Client, "send"> {
    const send = (command: object) => invocation.call(name, service, command);
    return { send } as unknown as Pick<Client, "send">;
  }

  #partsOf(invocation: Invocation) {
    const { witness, s3, glue, embedded, sqs, transition } = this.#around;
    let opened = 0;
    const decide: Surroundings["transition"] = (before, event, context) => {
      const kind: Transition = event.kind === "operate" ? event.order.operation : event.kind;
      invocation.decides(context.batch, kind);
      witness.deciding(context.writer, kind);
      return transition(before, event, context);
    };
    return {
      s3: this.#client<S3Client>(invocation, "S3", s3),
      sqs: this.#client<SQSClient>(invocation, "SQS", sqs),
      engines: {
        glue: createGlueEngine(this.#client<GlueClient>(invocation, "Glue", glue), names.glueJob),
        embedded: createEmbeddedEngine({
          lambda: this.#client<LambdaClient>(invocation, "Lambda", embedded),
          documents: createDocumentStore(
            this.#client<S3Client>(invocation, "S3", s3),
            names.ledgerBucket,
            names.keyArn,
          ),
          now: invocation.now,
        }),
      },
      settings: this.settings[invocation.kind as keyof Functions["settings"]],
      names,
      log: this.#logOf(invocation),
      now: invocation.now,
      pause: invocation.pause,
      transition: decide,
      nonce: () => {
        const nonce = `${invocation.title.replace(" ", "-")}-${++opened}`;
        witness.named(nonce, invocation);
        return nonce;
      },
    };
  }

  #logOf({ title }: Invocation) {
    const write = (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      if (message === "file.skipped") {
        const upload = this.#around.truth.byVersion.get(fields.version as string);
        if (upload) upload.skipped = fields.reason as string;
      }
      const [, unheard] = /^end of (.+)$/.exec(String(fields.event)) ?? [];
      if (message === "settle.failed" && unheard) this.#around.unheard(unheard);
      const { key, run, jobRun, reason } = fields;
      this.#around.world.tell(() =>
        [title, "logs", message, key, run && `run ${run}`, jobRun, reason].filter(Boolean).join(" "),
      );
    };
    return { info: write, warn: write, error: write };
  }
}

const lambdaContext = ({ remaining }: Invocation) => ({ getRemainingTimeInMillis: remaining });
