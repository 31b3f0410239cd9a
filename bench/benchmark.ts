import type { Flags, FlagValues } from "../terminal/flags.ts";

/** The figures of one measurement of a subject, by name. */
export type Figures = Readonly<Record<string, number>>;

/** One measurement of each subject, by the subject's name. */
export type Round = Readonly<Record<string, Figures>>;

/** The program, or part of a program, that is measured. */
export interface Subject {
  readonly name: string;
  measure(): Promise<Figures>;
}

export type Unit = "s" | "ms" | "MB" | "records/s" | "calls" | "USD";

/** A limit for the ratio to the baseline or for the figure itself. */
export interface Limit {
  readonly of: "ratio" | "figure";
  readonly kind: "at most" | "at least";
  readonly bound: number;
}

/** One line of the table. */
export interface Line {
  readonly what: string;
  readonly unit: Unit;
  readonly figure: (round: Round) => number;
  readonly baseline?: { readonly what: string; readonly figure: (round: Round) => number };
  readonly limit?: Limit;
}

/** A benchmark that is ready to run. */
export interface Prepared {
  readonly rounds: number;
  readonly subjects: readonly Subject[];
  readonly lines: readonly Line[];
  /** Ends the processes that were started for it. */
  close?(): Promise<void>;
}

/** What `prepare` may use. `tell` prints which step is running. */
export interface Workplace {
  /** The benchmark's own folder; it stays after the benchmark. */
  readonly folder: string;
  readonly tell: (text: string) => void;
}

export interface Benchmark<F extends Flags = Flags> {
  readonly name: string;
  readonly summary: string;
  /** What the figures show and what they don't prove; one paragraph each. */
  readonly about: readonly string[];
  readonly flags: F;
  prepare(values: FlagValues<F>, workplace: Workplace): Promise<Prepared>;
}

export const defineBenchmark = <const F extends Flags>(benchmark: Benchmark<F>): Benchmark =>
  benchmark as unknown as Benchmark;

/** One figure of one subject. */
export const of = (subject: string, figure: string) => (round: Round) => round[subject]![figure]!;

export const atMost = (bound: number, of: Limit["of"] = "ratio"): Limit => ({ of, kind: "at most", bound });
export const atLeast = (bound: number, of: Limit["of"] = "ratio"): Limit => ({ of, kind: "at least", bound });

export const usualRounds = 5;
