import { uncertain } from "../../plan/translation/row.ts";
import { bounded } from "../bounded.ts";

/** A failure in inputs, contract or SQL, which a retry would meet again. It belongs in the run report. */
export class RunFailure extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(bounded(message));
    this.code = code;
  }
}

/**
 * Kinds of DuckDB's errors that say nothing of a row: the statement does not fit its tables. Other messages may quote
 * a row's value.
 */
const aboutStatements = /^(?:Parser|Binder|Catalog) Error: /;

/** What the system or DuckDB itself lacks, not the statement. */
const ofTheMachine = /^(?:IO|HTTP|INTERNAL|Internal|FATAL|Fatal|Connection|Serialization|Interrupt) Error: |^INTERRUPT/;

/** Raised by what guards a translated query; see plan/translation. It quotes no row. */
const ofDoubt = new RegExp(`^Invalid Input Error: (${uncertain}.*)`);

/** Memory or temporary space that was not enough. */
const outOfMemory = /^Out of Memory Error: /;

/**
 * What a failed statement means. A failure of the statement or of the data is the run's, with this code and a message
 * that begins with the subject; memory and doubt have codes of their own.
 * @returns the error itself when it is the machine's
 */
export function failureOf(error: unknown, subject: string, code: string): unknown {
  if (error instanceof RunFailure) return error;
  const message = error instanceof Error ? error.message : String(error);
  const [, doubt] = ofDoubt.exec(message) ?? [];
  if (doubt) return new RunFailure("uncertain", `${subject}: ${doubt}`);
  if (outOfMemory.test(message)) return new RunFailure("memory", `${subject}: DuckDB has no more memory or disk`);
  const [kind] = /^[A-Z][A-Za-z -]* Error(?=: )/.exec(message) ?? [];
  if (!kind || ofTheMachine.test(message)) return error;
  const [line] = message.split("\n", 1);
  const told = aboutStatements.test(message)
    ? line
    : `${kind}; its message may quote a row, so it is left out. Look at what the SQL does to values: casts, sums, dates`;
  return new RunFailure(code, `${subject}: ${told}`);
}
