import { type PolicyDocument, policyDocument } from "./document.ts";

/**
 * Lets `service` assume a role. Lambda and Glue do not say for which resource they assume it, so no condition can
 * restrict that; iam:PassRole decides who may give them the role.
 */
export const trustPolicy = (service: "lambda.amazonaws.com" | "glue.amazonaws.com"): PolicyDocument =>
  policyDocument({
    Sid: "AssumeRole",
    Effect: "Allow",
    Principal: { Service: service },
    Action: ["sts:AssumeRole"],
  });
