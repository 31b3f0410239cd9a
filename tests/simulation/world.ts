import { Agenda } from "./agenda.ts";
import type { Chance } from "./chance.ts";
import type { Fault, Transition } from "./faults.ts";

export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;

/** When every schedule begins. */
export const beginning = Date.UTC(2026, 0, 1);

/** An invariant that does not hold, and what was seen. */
export interface Violation {
  readonly invariant: string;
  readonly detail: string;
}

/** Something that runs between the world's events, and is blocked whenever it waits for one of them. */
export interface Task {
  /** Whether it waits for the world, or is over. */
  readonly isBlocked: boolean;
}

/** An invocation of a function, as far as the world and its witness see it. */
export interface Actor {
  readonly name: string;
  readonly title: string;
  readonly kind: "promote" | "settle" | "embedded";
  readonly startedAt: number;
}

/** Injected faults by fault, and by fault and transition as `fault|transition`. */
export class Tally {
  readonly faults = new Map<string, number>();
  readonly cells = new Map<string, number>();

  fault(fault: Fault): void {
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
  }

  cell(fault: Fault, transition: Transition): void {
    const key = `${fault}|${transition}`;
    this.cells.set(key, (this.cells.get(key) ?? 0) + 1);
  }
}

/** The virtual clock, and all that happens by it. Nothing else tells the time or wakes anybody. */
export class World {
  /** Milliseconds since the epoch. */
  now = beginning;
  /** Once set, no fault is injected any more. */
  calm = false;
  /** Milliseconds that a call takes beside its way there and back. */
  duration: (command: object) => number = () => 0;
  violation: Violation | null = null;
  calls = 0;
  /** Who makes the change that is being made; null for producers, jobs and people. */
  actor: Actor | null = null;
  /** What is away, to when it is back, in milliseconds since the epoch. */
  readonly #away = new Map<string, number>();
  /** `batch/run` of the claims whose start Glue refused for good. */
  readonly refused = new Set<string>();
  readonly tally = new Tally();
  readonly chance: Chance;
  readonly #agenda = new Agenda();
  readonly #story: string[] | null;
  readonly #awake: Task[] = [];
  /** Batch to the faults around it that no transition has followed yet, and those that it has been through. */
  readonly #hurt = new Map<string, Map<Fault, Set<Transition>>>();

  constructor(chance: Chance, story: string[] | null) {
    this.chance = chance;
    this.#story = story;
  }

  at(time: number, action: () => void): void {
    this.#agenda.enter(time < this.now ? this.now : time, action);
  }

  after(milliseconds: number, action: () => void): void {
    this.#agenda.enter(this.now + milliseconds, action);
  }

  /** Takes a service, a table or the like away until then. */
  takeAway(what: string, until: number): void {
    this.#away.set(what, until);
  }

  isAway(what: string): boolean {
    return (this.#away.get(what) ?? 0) > this.now;
  }

  /** Lets a task run until it is blocked, before anything else happens. */
  wake(task: Task): void {
    this.#awake.push(task);
  }

  /** Adds a line to the story, when somebody wants to read it. */
  tell(line: () => string): void {
    this.#story?.push(`${clockOf(this.now)} ${line()}`);
  }

  /** The first violation counts: what follows may follow from it. */
  violate(invariant: string, detail: string): void {
    this.violation ??= { invariant, detail };
  }

  /** Counts a fault around the functions; it meets the transitions that follow on its batch. */
  hurt(fault: Fault, batch: string | null): void {
    this.tally.fault(fault);
    if (batch === null) return;
    const faults = this.#hurt.get(batch) ?? new Map<Fault, Set<Transition>>();
    this.#hurt.set(batch, faults.set(fault, new Set()));
  }

  /** A transition that changed a batch's document. */
  decided(batch: string, transition: Transition): void {
    for (const [fault, met] of this.#hurt.get(batch) ?? []) {
      if (met.has(transition)) continue;
      met.add(transition);
      this.tally.cell(fault, transition);
    }
  }

  /** Lets everything happen up to a time, or until `isOver`. */
  async run(until: number, isOver: () => boolean = () => false): Promise<void> {
    while (this.violation === null && !isOver()) {
      const time = this.#agenda.nextTime;
      if (time === null || time > until) break;
      this.now = time;
      this.#agenda.take()();
      if (this.#awake.length > 0) await this.#drain();
    }
    if (this.now < until && !isOver()) this.now = until;
  }

  /** Between two turns of the event loop all promises that can go on have gone on; unpacking takes more turns. */
  async #drain(): Promise<void> {
    do {
      await new Promise(setImmediate);
    } while (this.#awake.some(({ isBlocked }) => !isBlocked));
    this.#awake.length = 0;
  }
}

/** Day and time of a story. */
export function clockOf(time: number): string {
  const elapsed = time - beginning;
  const day = 1 + Math.floor(elapsed / (24 * hour));
  return `day ${day} ${new Date(time).toISOString().slice(11, 23)}`;
}
