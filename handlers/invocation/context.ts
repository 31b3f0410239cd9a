import type { Context } from "aws-lambda";

/** What the functions ask of Lambda: the milliseconds that are left of this call. */
export type InvocationContext = Pick<Context, "getRemainingTimeInMillis">;
