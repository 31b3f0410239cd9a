import type { Flags, FlagValues } from "../terminal/flags.ts";

/** What one measurement of a subject came to, by name. */
export type Figures = Readonly<Record<string, number>>;

/** One measurement of each subject, by the subject's name. */
export type Round = Readonly<Record<string, Figures>>;

/** What is measured: a program, or a part of one. */
export interface Subject {
  readonly name: string;
  measure(): Promise<Figures>;
}

export type Unit = "s" | "ms" | "MB" | "records/s" | "calls" | "USD";

/** What has to hold, of the ratio to the baseline or of the figure itself. */
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
  /** Ends what was started for it. */
  close?(): Promise<void>;
}

/** What preparing may use: `tell` says what takes a while. */
export interface Workplace {
  /** A folder of the benchmark's own that outlives it. */
  readonly folder: string;
  readonly tell: (text: string) => void;
}

export interface Benchmark<F extends Flags = Flags> {
  readonly name: string;
  readonly summary: string;
  /** What the figures say and what they don't prove; a paragraph each. */
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
