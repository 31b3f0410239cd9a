import { NoSuchBucket, NoSuchKey, NoSuchUpload, NotFound, S3ServiceException } from "@aws-sdk/client-s3";

/** Errors in the shape in which the SDK throws them. Codes, statuses and messages are those of "Error responses" (S3 API Reference). */

const options = (httpStatusCode: number, message: string) => ({ $metadata: { httpStatusCode }, message });

/** What the SDK makes of an error code for which it has no class. */
export const s3Error = (name: string, status: number, message: string): S3ServiceException =>
  new S3ServiceException({ name, $fault: status < 500 ? "client" : "server", ...options(status, message) });

export const noSuchBucket = () => new NoSuchBucket(options(404, "The specified bucket does not exist"));
export const noSuchKey = () => new NoSuchKey(options(404, "The specified key does not exist."));
export const noSuchVersion = () => s3Error("NoSuchVersion", 404, "The specified version does not exist.");
export const noSuchUpload = () =>
  new NoSuchUpload(
    options(
      404,
      "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
    ),
  );
export const methodNotAllowed = () =>
  s3Error("MethodNotAllowed", 405, "The specified method is not allowed against this resource.");
export const preconditionFailed = () =>
  s3Error("PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold");
export const invalidArgument = (message: string) => s3Error("InvalidArgument", 400, message);
export const invalidRequest = (message: string) => s3Error("InvalidRequest", 400, message);
export const invalidRange = () => s3Error("InvalidRange", 416, "The requested range is not satisfiable");
export const invalidPart = () =>
  s3Error(
    "InvalidPart",
    400,
    "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
  );

/** An answer to HEAD has no body: the SDK is left with the status and its own words. */
export const headError = (status: number): S3ServiceException =>
  status === 404 ? new NotFound(options(404, "UnknownError")) : s3Error("Unknown", status, "UnknownError");

/** Another write of the same key was under way; the caller may try again. Memory S3 has no such moment: the simulation throws it. */
export const conditionalRequestConflict = () =>
  s3Error(
    "ConditionalRequestConflict",
    409,
    "The conditional request cannot succeed due to a conflicting operation against this resource.",
  );
export const slowDown = () => s3Error("SlowDown", 503, "Please reduce your request rate.");
export const internalError = () => s3Error("InternalError", 500, "We encountered an internal error. Please try again.");

/** The SDK calls everything a timeout in which no answer came. It has no status. */
const noAnswer = (code: string, message: string, attempts: number): Error =>
  Object.assign(new Error(message), { name: "TimeoutError", code, $metadata: { attempts, totalRetryDelay: 0 } });

/** No answer in time, when the SDK gave up after so many attempts. */
export const timeoutError = (attempts = 3): Error => noAnswer("ETIMEDOUT", "the request timed out", attempts);

/** A connection that broke, when the SDK gave up after so many attempts. */
export const networkError = (attempts = 3): Error => noAnswer("ECONNRESET", "read ECONNRESET", attempts);

/** What memory S3 does not model is refused by name: silence would prove nothing. */
export class NotModelled extends Error {
  override readonly name = "NotModelled";
}
