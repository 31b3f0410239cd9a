import { BatchStopJobRunCommand, GetJobRunCommand, GetJobRunsCommand, StartJobRunCommand } from "@aws-sdk/client-glue";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { type GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import type { EmbeddedOrder } from "../../handlers/run/embedded.ts";
import { errorOf, noAnswer } from "./errors.ts";
import { type CallFault, callFaultRates, callFaults, type ServiceName, type Transition } from "./faults.ts";
import { claimOf } from "./jobRun.ts";
import { type Actor, second, type Task, type World } from "./world.ts";

/** One AWS service: performs a command at once, or throws what the SDK throws. */
export interface Service {
  apply(command: object): unknown;
}

export type Ending =
  | { readonly kind: "answered"; readonly value: unknown }
  | { readonly kind: "failed"; readonly error: Error }
  | { readonly kind: "cut off"; readonly why: string };

export interface InvocationOptions {
  /** Names it in the questions to chance: after what it was invoked for, so that it does not depend on others. */
  readonly name: string;
  /** Names it in the story. */
  readonly title: string;
  readonly kind: Actor["kind"];
  /** Milliseconds after which it is cut off. */
  readonly timeout: number;
  readonly firstTransition: Transition;
}

/** Faults of a start meet the transitions that follow, as those around the functions do. */
const startFaults: ReadonlySet<CallFault> = new Set(["start's answer lost", "ConcurrentRunsExceeded", "start refused"]);

const never = new Promise<never>(() => {});

/** How long an SDK waits for an answer before it gives up or asks again, in milliseconds. */
const answerTimeout = 5 * second;

/** One call of a function. Whatever it does outside goes through `call`, which decides when it happens and how it ends. */
export class Invocation implements Task {
  readonly name: string;
  readonly title: string;
  readonly kind: Actor["kind"];
  readonly startedAt: number;
  readonly deadline: number;
  /** Its clock is ahead by so many milliseconds. */
  readonly skew: number;
  isOver = false;
  /** Whether a call of it met a fault, or it was cut off. */
  wasHurt = false;
  readonly #world: World;
  readonly #rates: FaultRates;
  readonly #onEnd: (ending: Ending) => void;
  readonly #firstTransition: Transition;
  /** Batch to what is being decided about it. */
  readonly #deciding = new Map<string, Transition>();
  #calls = 0;
  #waiting = 0;

  constructor(
    world: World,
    rates: FaultRates,
    { name, title, kind, timeout, firstTransition }: InvocationOptions,
    onEnd: (ending: Ending) => void,
  ) {
    this.#world = world;
    this.#rates = rates;
    this.#onEnd = onEnd;
    this.#firstTransition = firstTransition;
    this.name = name;
    this.title = title;
    this.kind = kind;
    this.startedAt = world.now;
    this.deadline = world.now + timeout;
    this.skew = world.calm ? 0 : skewOf(world, name);
    if (this.skew !== 0) world.tally.fault("clock skew");
  }

  get isBlocked(): boolean {
    return this.isOver || this.#waiting > 0;
  }

  now = (): number => this.#world.now + this.skew;
  remaining = (): number => this.deadline - this.#world.now;

  /** Begins it. */
  run(work: () => Promise<unknown>): void {
    this.#world.at(this.deadline, () => {
      if (this.isOver) return;
      const [batch = null] = this.#deciding.keys();
      this.#world.hurt("function timed out", batch);
      this.cutOff("ran out of time");
    });
    this.#world.wake(this);
    work().then(
      (value) => this.#end({ kind: "answered", value }),
      (error: Error) => this.#end({ kind: "failed", error }),
    );
  }

  #end(ending: Ending): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#onEnd(ending);
  }

  /** What has taken effect stays, what was sent arrives, and no answer is heard any more. */
  cutOff(why: string): void {
    if (this.isOver) return;
    this.wasHurt = true;
    this.#world.tell(() => `${this.title} ${why}`);
    this.#end({ kind: "cut off", why });
  }

  /** Is told what is being decided, so that faults can be counted by it. */
  decides(batch: string, transition: Transition): void {
    this.#deciding.set(batch, transition);
    if (this.skew !== 0) this.#world.tally.cell("clock skew", transition);
  }

  pause = (atMost: number): Promise<void> => {
    if (this.isOver) return never;
    const part = this.#world.chance.pick(`${this.name}/${++this.#calls}/pause`, 8);
    return this.wait(Math.ceil((atMost * (part + 1)) / 8));
  };

  /** Works for so many milliseconds without a call. */
  wait = (milliseconds: number): Promise<void> => {
    if (this.isOver) return never;
    this.#waiting++;
    return new Promise((resolve) => {
      this.#world.after(milliseconds, () => {
        this.#waiting--;
        if (this.isOver) return;
        resolve();
        this.#world.wake(this);
      });
    });
  };

  call(serviceName: ServiceName, service: Service, command: object): Promise<unknown> {
    if (this.isOver) return never;
    const world = this.#world;
    const key = `${this.name}/${++this.#calls}`;
    const isAway = world.isAway(serviceName);
    const fault = world.calm || isAway ? null : this.#rates.choose(world, key, serviceName, command);
    const jitter = world.chance.pick(`${key}~`, 256);
    let there = 2 + (jitter & 15) + world.duration(command);
    const back = 2 + (jitter >> 4);
    if (fault === "slow call") {
      const duration = [1, 3, 8, 20, 45, 150][world.chance.pick(`${key}/slow`, 6)]!;
      // The catalog knows no condition: a switch that takes effect long after its caller's lease can't be told from a new one.
      there += (serviceName === "Glue catalog" ? Math.min(duration, 45) : duration) * second;
    }
    if (fault) this.#count(fault, serviceName, command);
    world.calls++;
    this.#waiting++;
    return new Promise((resolve, reject) => {
      const answer = (delay: number, act: () => void) =>
        world.after(delay, () => {
          this.#waiting--;
          if (this.isOver) return;
          act();
          world.wake(this);
        });
      const perform = (delay: number) => {
        const { output, error } = this.#perform(service, command);
        answer(delay, () => (error ? reject(error) : resolve(output)));
      };
      world.after(there, () => {
        if (isAway) {
          this.wasHurt = true;
          return answer(back, () => reject(errorOf("call fails", serviceName)));
        }
        switch (fault) {
          case null:
          case "slow call":
            return perform(back);
          case "crash before a call":
            return this.cutOff(`crashed before ${describe(command)}`);
          case "crash after a call":
            this.#perform(service, command);
            return this.cutOff(`crashed after ${describe(command)} took effect`);
          case "answer lost":
          case "start's answer lost":
            this.#perform(service, command);
            this.#tell(() => `got no answer to ${describe(command)}, which took effect`);
            // The engine's client never asks twice, the others do.
            if (serviceName === "Glue" || serviceName === "Lambda")
              return answer(answerTimeout, () => reject(noAnswer()));
            return world.after(answerTimeout, () => perform(back));
          default: {
            const error = errorOf(fault, serviceName);
            this.#tell(() => `was refused ${describe(command)} with ${error.name}`);
            return answer(back, () => reject(error));
          }
        }
      });
    });
  }

  #tell(what: () => string): void {
    this.#world.tell(() => `${this.title} ${what()}`);
  }

  /** @throws what is no answer of a service: a defect of the simulation, or something that it does not model */
  #perform(service: Service, command: object): { readonly output?: unknown; readonly error?: Error } {
    this.#world.actor = this;
    try {
      return { output: service.apply(command) };
    } catch (error) {
      if (!("$metadata" in (error as Error))) throw error;
      return { error: error as Error };
    } finally {
      this.#world.actor = null;
    }
  }

  #count(fault: CallFault, service: ServiceName, command: object): void {
    this.wasHurt = true;
    const manifest = manifestToStart(command);
    if (manifest !== null && startFaults.has(fault)) {
      const { batch, run } = claimOf(manifest);
      if (fault === "start refused") this.#world.refused.add(`${batch}/${run}`);
      this.#world.hurt(fault, batch);
      return;
    }
    const transition = this.#transitionInHand(service, command);
    this.#world.tally.fault(fault);
    if (transition) this.#world.tally.cell(fault, transition);
  }

  /** The change of the ledger that a call belongs to; null for what changes none. */
  #transitionInHand(service: ServiceName, command: object): Transition | null {
    if (this.kind === "embedded") return null;
    if (service === "SQS") return null;
    if (service === "Glue catalog") return "switched";
    if (service === "SNS") return "notified";
    if (manifestToStart(command) !== null) return "started";
    if (command instanceof BatchStopJobRunCommand) return "stopped";
    if (command instanceof GetJobRunCommand || command instanceof GetJobRunsCommand) return "observed";
    const { Bucket, Key = "" } = (command as GetObjectCommand).input;
    if (Bucket === "gold") return "expired";
    if (Bucket === "artifacts") return this.#firstTransition;
    if (Bucket !== "ledger") return this.kind === "promote" ? "decided" : null;
    const [folder, name = ""] = Key.split("/");
    if (folder === "manifests") return "started";
    if (folder === "reports" || folder === "attempts") return "observed";
    if (folder !== "batches" && folder !== "open" && folder !== "runs") return null;
    return this.#deciding.get(name.replace(/\.json$/, "")) ?? this.#firstTransition;
  }
}

/** The manifest of what an engine is asked to start; null for any other command. */
function manifestToStart(command: object): string | null {
  if (command instanceof StartJobRunCommand) return command.input.Arguments?.["--manifest"] ?? "";
  if (command instanceof InvokeCommand) return (JSON.parse(String(command.input.Payload)) as EmbeddedOrder).manifest;
  return null;
}

/** Up to 25 seconds, for every fourth invocation. */
function skewOf({ chance }: World, name: string): number {
  const choice = chance.weighted(`${name}/skew`, [30, 1, 1, 1, 1, 1, 1]);
  return choice === 0 ? 0 : [-25, -8, -1, 1, 8, 25][choice - 1]! * second;
}

type CommandClass =
  | "read"
  | "write"
  | "mark"
  | "conditional"
  | "glue"
  | "stop"
  | "start"
  | "invoke"
  | "catalog"
  | "queue";

/** Of a start in either engine. */
const anyStart: readonly CallFault[] = [
  "crash before a call",
  "crash after a call",
  "start's answer lost",
  "call fails",
  "slow call",
  "throttled",
];

const applicable: Readonly<Record<CommandClass, readonly CallFault[]>> = {
  read: ["crash before a call", "crash after a call", "call fails", "slow call"],
  write: ["crash before a call", "crash after a call", "answer lost", "call fails", "slow call"],
  mark: ["crash before a call", "crash after a call", "answer lost", "call fails", "slow call"],
  conditional: [
    "crash before a call",
    "crash after a call",
    "answer lost",
    "call fails",
    "conflict (409)",
    "slow call",
  ],
  glue: ["crash before a call", "crash after a call", "answer lost", "call fails", "slow call", "throttled"],
  stop: ["crash before a call", "crash after a call", "answer lost", "call fails", "slow call", "throttled"],
  start: [...anyStart, "ConcurrentRunsExceeded", "start refused"],
  invoke: [...anyStart, "start refused"],
  catalog: ["crash before a call", "crash after a call", "answer lost", "call fails", "slow call"],
  queue: ["crash before a call", "crash after a call", "answer lost", "call fails", "slow call"],
};

/** How likely each fault is in one schedule: some never happen in it, others often, so that they also meet each other. */
export class FaultRates {
  readonly #weights: Readonly<Record<CommandClass, readonly number[]>>;

  constructor({ chance }: World) {
    const level = Object.fromEntries(
      callFaults.map((fault) => [fault, [1, 0, 4, 12][chance.weighted(`theme/${fault}`, [5, 4, 2, 1])]!]),
    );
    const weigh = (faults: readonly CallFault[], times = 1) => {
      const weights = faults.map((fault) => Math.min(1600, callFaultRates[fault] * level[fault]! * times));
      return [10_000 - weights.reduce((sum, weight) => sum + weight, 0), ...weights];
    };
    this.#weights = {
      read: weigh(applicable.read),
      write: weigh(applicable.write),
      // A writer that dies between the open mark and the document leaves a mark that nothing else explains.
      mark: weigh(applicable.mark, 6),
      conditional: weigh(applicable.conditional),
      glue: weigh(applicable.glue),
      // Few job runs are stopped.
      stop: weigh(applicable.stop, 4),
      start: weigh(applicable.start),
      invoke: weigh(applicable.invoke),
      catalog: weigh(applicable.catalog),
      queue: weigh(applicable.queue),
    };
  }

  choose({ chance }: World, key: string, service: ServiceName, command: object): CallFault | null {
    const kind = classOf(service, command);
    const index = chance.weighted(key, this.#weights[kind]);
    return index === 0 ? null : applicable[kind][index - 1]!;
  }
}

function classOf(service: ServiceName, command: object): CommandClass {
  if (service === "SQS" || service === "SNS") return "queue";
  if (service === "Glue catalog") return "catalog";
  if (service === "Lambda") return "invoke";
  if (service === "Glue")
    return command instanceof StartJobRunCommand
      ? "start"
      : command instanceof BatchStopJobRunCommand
        ? "stop"
        : "glue";
  const { IfMatch, IfNoneMatch } = (command as PutObjectCommand).input;
  if (IfMatch !== undefined || IfNoneMatch !== undefined) return "conditional";
  if (!(command instanceof PutObjectCommand)) return "read";
  return command.input.Key!.startsWith("open/") ? "mark" : "write";
}

/** A call in the words of a story. */
export function describe(command: object): string {
  const name = command.constructor.name.replace(/Command\d*$/, "");
  const { Bucket, Key, Prefix, RunId, TableName, Name } = (
    command as { input: Readonly<Record<string, string | undefined>> }
  ).input;
  const what = Key ?? Prefix ?? RunId ?? TableName ?? Name ?? "";
  return [name, Bucket ? `${Bucket}/${what}` : what].join(" ").trim();
}
