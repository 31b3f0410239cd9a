import { type PolicyDocument, policyDocument } from "./document.ts";

/**
 * Lets `service` take on a role. Neither Lambda nor Glue says for which resource it assumes a role, so there is nothing
 * to hold it to; who may hand them the role is iam:PassRole's business.
 */
export const trustPolicy = (service: "lambda.amazonaws.com" | "glue.amazonaws.com"): PolicyDocument =>
  policyDocument({
    Sid: "AssumeRole",
    Effect: "Allow",
    Principal: { Service: service },
    Action: ["sts:AssumeRole"],
  });
