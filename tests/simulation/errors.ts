import {
  ConcurrentRunsExceededException,
  EntityNotFoundException,
  GlueServiceException,
  ThrottlingException,
} from "@aws-sdk/client-glue";
import { LambdaServiceException } from "@aws-sdk/client-lambda";
import type { CallFault, ServiceName } from "./faults.ts";
import { conditionalRequestConflict, internalError, slowDown, timeoutError } from "./s3/errors.ts";

/** What the SDK throws when no answer came in time; whether the call took effect is unknown. */
export const noAnswer = (): Error => timeoutError();

/** The error by which a call fails without effect. */
export function errorOf(fault: CallFault, service: ServiceName): Error {
  if (service === "Lambda") return lambdaError(fault);
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

const lambdaErrors: Partial<Record<CallFault, readonly [name: string, status: number]>> = {
  throttled: ["TooManyRequestsException", 429],
  "start refused": ["ResourceNotFoundException", 404],
};

export function lambdaError(fault: CallFault): Error {
  const [name, httpStatusCode] = lambdaErrors[fault] ?? ["ServiceException", 500];
  return new LambdaServiceException({ name, message: fault, $fault: "client", $metadata: { httpStatusCode } });
}
