import {
  ConcurrentRunsExceededException,
  EntityNotFoundException,
  GlueServiceException,
  ThrottlingException,
} from "@aws-sdk/client-glue";
import type { CallFault, ServiceName } from "./faults.ts";
import { conditionalRequestConflict, internalError, slowDown, timeoutError } from "./s3/errors.ts";

/** What the SDK throws when no answer came in time; whether the call took effect is unknown. */
export const noAnswer = (): Error => timeoutError();

/** The error by which a call fails without effect. */
export function errorOf(fault: CallFault, service: ServiceName): Error {
  switch (fault) {
    case "conflict (409)":
      return conditionalRequestConflict();
    case "throttled":
      return new ThrottlingException({ message: "Rate exceeded", $metadata: { httpStatusCode: 400 } });
    case "ConcurrentRunsExceeded":
      return new ConcurrentRunsExceededException({
        message: "Concurrent runs exceeded",
        $metadata: { httpStatusCode: 400 },
      });
    case "start refused":
      return new EntityNotFoundException({ message: "The job was not found", $metadata: { httpStatusCode: 400 } });
    default:
      if (service === "S3") return slowDown();
      if (service === "SQS") return internalError();
      return new GlueServiceException({
        name: "InternalServiceException",
        message: "Internal service error",
        $fault: "server",
        $metadata: { httpStatusCode: 500 },
      });
  }
}
