import type { Flags, FlagValues } from "../terminal/flags.ts";
import type { Status } from "../terminal/status.ts";
import type { Style } from "../terminal/style.ts";
import type { TargetChoice } from "./stack/open.ts";
import type { Target } from "./stack/target.ts";

export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  /** The ledger refused the order. */
  refused: 3,
  /** Nothing continues by itself: a file is missing or bad, or the operator has to decide. */
  waiting: 4,
  stopped: 130,
} as const;

/** The result of a command. */
export interface Result {
  readonly exitCode: number;
  /** For people. */
  readonly lines: readonly string[];
  /** The same for programs, printed by `--json`. */
  readonly data: unknown;
}

/** What a command is given to work with. */
export interface Invocation<F extends Flags = Flags> {
  /** One for each of the command's words; more for a word that takes many, fewer without an optional word. */
  readonly words: readonly string[];
  readonly flags: FlagValues<F>;
  /** The flags that say which stack is meant. */
  readonly choice: TargetChoice;
  /** The stack that the command works on; opened at the first call. */
  target(): Promise<Target>;
  /** Only say what would be done. */
  readonly isDryRun: boolean;
  /**
   * Asks before something is changed, unless `--yes` was given.
   * @throws NotConfirmed when the answer is no
   */
  confirm(question: string): Promise<void>;
  /** Colours, where the result is printed to a terminal. */
  readonly style: Style;
  /** Whether the result is for programs. */
  readonly isJson: boolean;
  /** Shows a part of the result before the rest is known. */
  readonly print: (line: string) => void;
  readonly status: Status;
  readonly signal: AbortSignal;
  /** Milliseconds. */
  readonly pause: (milliseconds: number) => Promise<void>;
  /** Names an order; no two are alike. */
  readonly orderId: () => string;
}

/** One command of `npm run pipeline`. Each file in commands/ exports one as `command`. */
export interface Command<F extends Flags = Flags> {
  readonly name: string;
  /** What it does, in one line. */
  readonly summary: string;
  /** The words that it takes, as help shows them: `BATCH`, `[BATCH]` where it may be left out, `FILE…` for many. */
  readonly words: readonly string[];
  /** The required flags, as help shows them: `--run N`. */
  readonly required?: string;
  readonly flags: F;
  /** What else users have to know, one paragraph each. */
  readonly about: readonly string[];
  /** Arguments, and what they do. */
  readonly examples: readonly { readonly args: string; readonly does: string }[];
  /** Whether it changes the stack, and so has `--dry-run`. */
  readonly changes: boolean;
  /** Whether it asks first, and so has `--yes`; by default the same as `changes`. */
  readonly asks?: boolean;
  /** Whether it needs no stack. */
  readonly isLocal?: boolean;
  run(invocation: Invocation<F>): Promise<Result>;
}

export const defineCommand = <const F extends Flags>(command: Command<F>): Command => command as unknown as Command;

/** The person at the terminal said no. */
export class NotConfirmed extends Error {
  override readonly name = "NotConfirmed";
}
