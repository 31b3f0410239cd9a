import { deploy } from "./components/program.ts";

export const {
  bronzeBucket,
  silverBucket,
  rejectedBucket,
  goldBucket,
  ledgerBucket,
  artifactsBucket,
  promoteQueueUrl,
  promoteDeadLetterQueueUrl,
  settleDeadLetterQueueUrl,
  promoteFunction,
  settleFunction,
  glueJob,
  catalogDatabase,
  keyArn,
  alertTopicArn,
} = await deploy();
