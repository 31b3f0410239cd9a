import { PolicyPack } from "@pulumi/policy";
import { policyOf } from "./rule.ts";
import { deadLetters } from "./rules/deadLetters.ts";
import { fixedCode } from "./rules/fixedCode.ts";
import { glueLimits } from "./rules/glueLimits.ts";
import { knownTypes } from "./rules/knownTypes.ts";
import { logRetention } from "./rules/logRetention.ts";
import { noWildcards } from "./rules/noWildcards.ts";
import { oneNotification } from "./rules/oneNotification.ts";
import { prodGuards } from "./rules/prodGuards.ts";
import { publicAccess } from "./rules/publicAccess.ts";
import { requiredTags } from "./rules/requiredTags.ts";
import { stackKey } from "./rules/stackKey.ts";
import { tlsOnly } from "./rules/tlsOnly.ts";

const rules = [
  knownTypes,
  stackKey,
  noWildcards,
  publicAccess,
  tlsOnly,
  logRetention,
  deadLetters,
  glueLimits,
  fixedCode,
  prodGuards,
  requiredTags,
  oneNotification,
];

new PolicyPack("commerce", { enforcementLevel: "mandatory", policies: rules.map(policyOf) });
