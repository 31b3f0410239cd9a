/**
 * The policy pack as the engine meets it: in its own process, over gRPC, on what the program declares. The program passes
 * every rule in both stacks, and each rule catches the fault planted for it. Not proven here: that Pulumi's CLI finds the
 * pack, which needs the CLI.
 */
import { expect } from "chai";
import { exceptions } from "../../policy/rules/noWildcards.ts";
import { runPipeline } from "../components/pipelineRun.ts";
import type { Registered } from "../components/pulumiMocks.ts";
import { changedConfig } from "../config/changedConfig.ts";
import { type PolicyServer, startPolicyServer, unknown, type Violation } from "./policyServer.ts";

// biome-ignore lint/suspicious/noExplicitAny: inputs have the shape of their type
type Inputs = any;
type Resources = readonly Registered[];

const bucket = "aws-native:s3:Bucket";
const queue = "aws-native:sqs:Queue";
const key = "aws-native:kms:Key";
const job = "aws-native:glue:Job";
const logGroup = "aws-native:logs:LogGroup";
const bucketPolicy = "aws:s3/bucketPolicy:BucketPolicy";
const queuePolicy = "aws:sqs/queuePolicy:QueuePolicy";
const topicPolicy = "aws:sns/topicPolicy:TopicPolicy";
const topic = "aws:sns/topic:Topic";
const lambda = "aws:lambda/function:Function";
const role = "aws:iam/role:Role";
const rolePolicy = "aws:iam/rolePolicy:RolePolicy";
const permission = "aws:lambda/permission:Permission";
const eventTarget = "aws:cloudwatch/eventTarget:EventTarget";
const invokeConfig = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig";
const table = "aws:glue/catalogTable:CatalogTable";

/** The resources with one of them changed. */
function changed(resources: Resources, type: string, name: string, change: (inputs: Inputs) => Inputs): Resources {
  let found = 0;
  const result = resources.map((resource) => {
    if (resource.type !== type || resource.name !== name) return resource;
    found++;
    // Archives are no plain values, and no rule looks into them.
    const { code, ...plain } = resource.inputs;
    const inputs = structuredClone(plain);
    return { ...resource, inputs: change(inputs) ?? inputs };
  });
  expect(found, `${type} ${name}`).to.equal(1);
  return result;
}

const without = (resources: Resources, type: string, name: string): Resources => {
  const rest = resources.filter((resource) => resource.type !== type || resource.name !== name);
  expect(rest.length, `${type} ${name}`).to.equal(resources.length - 1);
  return rest;
};

function withOptions(
  resources: Resources,
  type: string,
  name: string,
  options: Partial<Registered["options"]>,
): Resources {
  return resources.map((resource) =>
    resource.type === type && resource.name === name
      ? { ...resource, options: { ...resource.options, ...options } }
      : resource,
  );
}

const added = (resources: Resources, like: string, resource: Partial<Registered>): Resources => {
  const model = resources.find(({ type }) => type === like)!;
  const name = resource.name ?? model.name;
  return [...resources, { ...model, ...resource, urn: `${model.urn.split("::").slice(0, -1).join("::")}::${name}` }];
};

/** Changes a policy document, which most types hold as text. */
const inDocument =
  (change: (statements: Inputs[]) => void, property = "policy") =>
  (inputs: Inputs) => {
    const text = typeof inputs[property] === "string";
    const document = text ? JSON.parse(inputs[property]) : inputs[property];
    change(document.Statement);
    inputs[property] = text ? JSON.stringify(document) : document;
  };
const statement = (sid: string, change: (statement: Inputs) => void) =>
  inDocument((statements) => change(statements.find(({ Sid }) => Sid === sid)));

/** As in a first preview: whatever comes from a resource that isn't made yet is unknown. */
function unmade(resources: Resources): Resources {
  const made = resources.flatMap(({ state }) => Object.values(state).map(String));
  const hide = (value: Inputs): Inputs => {
    if (typeof value === "string") return made.some((text) => value.includes(text)) ? unknown : value;
    if (Array.isArray(value)) return value.map(hide);
    if (typeof value !== "object" || value === null || "assets" in value) return value;
    return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, hide(child)]));
  };
  return resources.map((resource) => ({
    ...resource,
    state: {},
    inputs: Object.fromEntries(
      Object.entries(resource.inputs ?? {}).map(([property, value]) => [
        property,
        (resource.options.propertyDependencies[property] ?? []).length > 0 ? hide(value) : value,
      ]),
    ),
  }));
}

/** Rule to the faults that it has to catch: what is planted, and all that the pack has to say. */
const faults: Record<string, readonly [planted: string, plant: (prod: Resources) => Resources, ...says: string[]][]> = {
  "known-types": [
    [
      "a bucket of the other provider, at which no rule would look",
      (prod) =>
        added(prod, bucketPolicy, { type: "aws:s3/bucket:Bucket", name: "exports", inputs: { bucket: "exports" } }),
      "exports: no rule covers aws:s3/bucket:Bucket; use one of the types in policy/types.ts, or add it there with the rules it needs",
    ],
  ],
  "stack-key": [
    [
      "a bucket without encryption",
      (prod) => changed(prod, bucket, "commerce-gold", ({ bucketEncryption, ...rest }) => rest),
      "commerce-gold: bucketEncryption must name the stack's key, commerce-encryption-key",
    ],
    [
      "a bucket with S3's own key",
      (prod) =>
        changed(prod, bucket, "commerce-gold", ({ bucketEncryption }) => {
          bucketEncryption.serverSideEncryptionConfiguration[0].serverSideEncryptionByDefault = {
            sseAlgorithm: "AES256",
          };
        }),
      "commerce-gold: bucketEncryption must name the stack's key, commerce-encryption-key",
    ],
    [
      "a queue with SQS's own key",
      (prod) =>
        changed(prod, queue, "commerce-promote-queue", (inputs) => {
          inputs.kmsMasterKeyId = "alias/aws/sqs";
        }),
      "commerce-promote-queue: kmsMasterKeyId must name the stack's key, commerce-encryption-key, no other",
    ],
    [
      "a topic without a key",
      (prod) => changed(prod, topic, "commerce-alerts", ({ kmsMasterKeyId, ...rest }) => rest),
      "commerce-alerts: kmsMasterKeyId must name the stack's key, commerce-encryption-key",
    ],
    [
      "a log group without a key",
      (prod) => changed(prod, logGroup, "commerce-promote-logs", ({ kmsKeyId, ...rest }) => rest),
      "commerce-promote-logs: kmsKeyId must name the stack's key, commerce-encryption-key",
    ],
    [
      "a function with a foreign key",
      (prod) =>
        changed(prod, lambda, "commerce-promote", (inputs) => {
          inputs.kmsKeyArn = "arn:aws:kms:eu-central-1:999999999999:key/foreign";
        }),
      "commerce-promote: kmsKeyArn must name the stack's key, commerce-encryption-key, no other",
    ],
    [
      "a second key",
      (prod) =>
        added(prod, key, { name: "another-key", state: { arn: "arn:aws:kms:eu-central-1:123456789012:key/other" } }),
      "another-key: the stack already has a key, commerce-encryption-key; use that one",
    ],
  ],
  "no-wildcards": [
    [
      "an action by wildcard",
      (prod) =>
        changed(
          prod,
          rolePolicy,
          "commerce-promote-role-policy",
          statement("ReadUploads", (it) => {
            it.Action = "s3:*";
          }),
        ),
      "commerce-promote-role-policy: ReadUploads allows s3:*; name what is needed",
    ],
    [
      "every resource",
      (prod) =>
        changed(
          prod,
          rolePolicy,
          "commerce-settle-role-policy",
          statement("ManageRuns", (it) => {
            it.Resource = ["arn:aws:glue:eu-central-1:123456789012:job/*"];
          }),
        ),
      "commerce-settle-role-policy: ManageRuns allows arn:aws:glue:eu-central-1:123456789012:job/*; name what is needed",
    ],
    [
      "every bucket",
      (prod) =>
        changed(
          prod,
          rolePolicy,
          "commerce-refine-role-policy",
          statement("ReadPromotions", (it) => {
            it.Resource = ["arn:aws:s3:::commerce-*", "arn:aws:s3:::*/*"];
          }),
        ),
      "commerce-refine-role-policy: ReadPromotions allows arn:aws:s3:::commerce-*; name what is needed",
      "commerce-refine-role-policy: ReadPromotions allows arn:aws:s3:::*/*; name what is needed",
    ],
    [
      "a wider action in an excepted statement",
      (prod) =>
        changed(
          prod,
          rolePolicy,
          "commerce-refine-role-policy",
          statement("WriteMetrics", (it) => {
            it.Action.push("cloudwatch:*");
          }),
        ),
      "commerce-refine-role-policy: WriteMetrics allows cloudwatch:*; name what is needed",
    ],
    [
      "all actions but one",
      (prod) =>
        changed(
          prod,
          rolePolicy,
          "commerce-promote-role-policy",
          statement("ReadUploads", (it) => {
            delete it.Action;
            it.NotAction = ["s3:DeleteObject"];
          }),
        ),
      "commerce-promote-role-policy: ReadUploads uses NotAction, which allows everything else; name what is needed",
    ],
    [
      "a key policy, an object, that lets everybody use the key",
      (prod) =>
        changed(
          prod,
          key,
          "commerce-encryption-key",
          inDocument(
            (all) => all.push({ Sid: "Open", Effect: "Allow", Principal: "*", Action: "kms:Decrypt", Resource: "x" }),
            "keyPolicy",
          ),
        ),
      "commerce-encryption-key: Open allows everybody; name the principals",
    ],
    [
      "a bucket that everybody may read",
      (prod) =>
        changed(
          prod,
          bucketPolicy,
          "commerce-gold-policy",
          inDocument((all) =>
            all.push({
              Effect: "Allow",
              Principal: { AWS: "*" },
              Action: ["s3:GetObject"],
              Resource: ["arn:aws:s3:::commerce-prod-gold-123456789012/*"],
            }),
          ),
        ),
      "commerce-gold-policy: statement 5 allows everybody; name the principals",
    ],
    [
      "a role that everybody may take on",
      (prod) =>
        changed(
          prod,
          role,
          "commerce-refine-role",
          inDocument(([trust]) => {
            trust.Principal = { AWS: ["*"] };
          }, "assumeRolePolicy"),
        ),
      "commerce-refine-role: AssumeRole allows everybody; name the principals",
    ],
  ],
  "public-access-blocked": [
    [
      "a bucket that takes public policies",
      (prod) =>
        changed(prod, bucket, "commerce-gold", ({ publicAccessBlockConfiguration }) => {
          publicAccessBlockConfiguration.blockPublicPolicy = false;
        }),
      "commerce-gold: publicAccessBlockConfiguration.blockPublicPolicy must be true",
    ],
    [
      "a bucket without a block",
      (prod) => changed(prod, bucket, "commerce-gold", ({ publicAccessBlockConfiguration, ...rest }) => rest),
      ...["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"].map(
        (setting) => `commerce-gold: publicAccessBlockConfiguration.${setting} must be true`,
      ),
    ],
    [
      "a bucket whose objects have access lists",
      (prod) => changed(prod, bucket, "commerce-gold", ({ ownershipControls, ...rest }) => rest),
      "commerce-gold: ownershipControls must be BucketOwnerEnforced, so that no object has its own access list",
    ],
    [
      "a function that everybody may invoke",
      (prod) =>
        changed(prod, permission, "commerce-settle-sweep-permission", (inputs) => {
          inputs.principal = "*";
        }),
      "commerce-settle-sweep-permission: everybody may invoke the function; name the service in principal",
    ],
    [
      "a function that any account's rule may invoke",
      (prod) => changed(prod, permission, "commerce-settle-sweep-permission", ({ sourceArn, ...rest }) => rest),
      "commerce-settle-sweep-permission: events.amazonaws.com may invoke the function for any account; name the source in sourceArn",
    ],
  ],
  "tls-only": [
    ...(
      [
        ["bucket", bucketPolicy, "commerce-bronze-policy", "s3:*"],
        ["queue", queuePolicy, "commerce-settle-dlq-policy", "sqs:*"],
        ["topic", topicPolicy, "commerce-alerts-policy", "sns:Publish"],
      ] as const
    ).map(
      ([kind, type, name, action]) =>
        [
          `a ${kind} that takes plain text`,
          (prod: Resources) =>
            changed(
              prod,
              type,
              name,
              inDocument((all) => all.shift()),
            ),
          `${name}: it must deny ${action} to everybody when aws:SecureTransport is false, with no other condition`,
        ] as [string, (prod: Resources) => Resources, string],
    ),
    [
      "plain text that is refused to one principal only",
      (prod) =>
        changed(
          prod,
          bucketPolicy,
          "commerce-bronze-policy",
          statement("DenyPlainText", (it) => {
            it.Condition.StringEquals = { "aws:PrincipalAccount": "999999999999" };
          }),
        ),
      "commerce-bronze-policy: it must deny s3:* to everybody when aws:SecureTransport is false, with no other condition",
    ],
    [
      "a bucket without a policy",
      (prod) => without(prod, bucketPolicy, "commerce-silver-policy"),
      "commerce-silver: it has no BucketPolicy that refuses requests without TLS",
    ],
  ],
  "log-retention": [
    [
      "a log group that keeps its lines for ever",
      (prod) => changed(prod, logGroup, "commerce-promote-logs", ({ retentionInDays, ...rest }) => rest),
      "commerce-promote-logs: retentionInDays is missing, so its lines stay for ever",
    ],
    [
      "a function whose group AWS would make",
      (prod) => without(prod, logGroup, "commerce-settle-logs"),
      "commerce-settle: the stack has no log group /aws/lambda/commerce-prod-settle; AWS would make it, without retention and key",
    ],
    [
      "a job that writes to Glue's own groups",
      (prod) =>
        changed(prod, job, "commerce-refine", ({ nonOverridableArguments }) => {
          delete nonOverridableArguments["--custom-logGroup-prefix"];
        }),
      "commerce-refine: the stack has no log group /aws-glue/jobs/output; AWS would make it, without retention and key",
      "commerce-refine: the stack has no log group /aws-glue/jobs/error; AWS would make it, without retention and key",
    ],
  ],
  "dead-letters": [
    [
      "a queue that loses what its function can't handle",
      (prod) => changed(prod, queue, "commerce-promote-queue", ({ redrivePolicy, ...rest }) => rest),
      "commerce-promote-queue: it feeds a function, so redrivePolicy must name a dead-letter queue",
    ],
    [
      "an asynchronous function that loses what it can't handle",
      (prod) => without(prod, invokeConfig, "commerce-settle-failures"),
      "commerce-settle: it is invoked asynchronously, so a FunctionEventInvokeConfig must name an onFailure destination",
    ],
    [
      "a rule that loses what it can't deliver",
      (prod) => changed(prod, eventTarget, "commerce-settle-sweep-target", ({ deadLetterConfig, ...rest }) => rest),
      "commerce-settle-sweep-target: deadLetterConfig is missing, so an event that can't be delivered is lost",
    ],
  ],
  "fixed-code": [
    [
      "a script that a run can choose",
      (prod) =>
        changed(prod, job, "commerce-refine", ({ nonOverridableArguments }) => {
          delete nonOverridableArguments["--scriptLocation"];
        }),
      "commerce-refine: nonOverridableArguments lacks --scriptLocation; with it a run could execute other code",
    ],
    [
      "libraries that a run can add, though the job has some of its own",
      (prod) =>
        changed(prod, job, "commerce-refine", ({ nonOverridableArguments, ...rest }) => {
          const { "--extra-py-files": files, "--conf": conf, ...others } = nonOverridableArguments;
          const defaultArguments = { "--extra-py-files": files, "--conf": conf };
          return { ...rest, nonOverridableArguments: others, defaultArguments };
        }),
      "commerce-refine: nonOverridableArguments lacks --extra-py-files, --conf; with it a run could execute other code",
    ],
  ],
  "glue-limits": [
    [
      "no timeout",
      (prod) => changed(prod, job, "commerce-refine", ({ timeout, ...rest }) => rest),
      "commerce-refine: timeout is missing; Glue's default is two days",
    ],
    [
      "too long and too large",
      (prod) => changed(prod, job, "commerce-refine", (inputs) => ({ ...inputs, timeout: 181, numberOfWorkers: 51 })),
      "commerce-refine: timeout is 181 minutes, above the ceiling of 180",
      "commerce-refine: numberOfWorkers is 51, above the ceiling of 50",
    ],
    [
      "a size by capacity",
      (prod) =>
        changed(prod, job, "commerce-refine", ({ numberOfWorkers, workerType, ...rest }) => ({
          ...rest,
          maxCapacity: 10,
        })),
      "commerce-refine: numberOfWorkers and workerType must set its size, not maxCapacity",
    ],
    [
      "retries behind the ledger's back",
      (prod) => changed(prod, job, "commerce-refine", (inputs) => ({ ...inputs, maxRetries: 1 })),
      "commerce-refine: maxRetries must be 0: the ledger decides about retries",
    ],
  ],
  "prod-guards": [
    ...(
      [
        [bucket, "commerce-gold"],
        [queue, "commerce-settle-dlq"],
        [key, "commerce-encryption-key"],
        [bucketPolicy, "commerce-gold-policy"],
        [table, "commerce-catalog-user_activity"],
      ] as const
    ).map(
      ([type, name]) =>
        [
          `${name} unprotected`,
          (prod: Resources) => withOptions(prod, type, name, { protect: false }),
          `${name}: it must be protected in prod: set protect`,
        ] as [string, (prod: Resources) => Resources, string],
    ),
    [
      "logs of a week",
      (prod) => changed(prod, logGroup, "commerce-promote-logs", (inputs) => ({ ...inputs, retentionInDays: 7 })),
      "commerce-promote-logs: retentionInDays is 7; prod keeps logs for at least 90",
    ],
    [
      "a key that is gone within a week",
      (prod) => changed(prod, key, "commerce-encryption-key", (inputs) => ({ ...inputs, pendingWindowInDays: 7 })),
      "commerce-encryption-key: pendingWindowInDays must be 30 in prod",
    ],
    [
      "uploads of a fortnight",
      (prod) =>
        changed(prod, bucket, "commerce-bronze", ({ lifecycleConfiguration }) => {
          lifecycleConfiguration.rules.find(({ id }: { id: string }) => id === "age").expirationInDays = 14;
        }),
      "commerce-bronze: lifecycle rule age expires objects after 14 days; prod keeps them for at least 90",
    ],
  ],
  "required-tags": [
    [
      "a list of tags with one missing",
      (prod) =>
        changed(prod, bucket, "commerce-gold", (inputs) => {
          inputs.tags = inputs.tags.filter(({ key }: { key: string }) => key !== "team");
        }),
      "commerce-gold: tags are missing: team",
    ],
    [
      "no tags",
      (prod) => changed(prod, lambda, "commerce-promote", ({ tags, ...rest }) => rest),
      "commerce-promote: tags are missing: pipeline, environment, team",
    ],
    [
      "another stack's tag",
      (prod) =>
        changed(prod, job, "commerce-refine", (inputs) => {
          inputs.tags.environment = "dev";
        }),
      "commerce-refine: the tag environment is dev, but the stack is prod",
    ],
  ],
  "one-notification": [
    [
      "a second owner of a bucket's notifications",
      (prod) =>
        added(prod, bucketPolicy, {
          type: "aws:s3/bucketNotification:BucketNotification",
          name: "more-events",
          inputs: { bucket: "commerce-prod-bronze-123456789012", eventbridge: true },
        }),
      "commerce-bronze: its notifications are declared by commerce-bronze and more-events; keep one",
    ],
  ],
};

describe("the policy pack", function () {
  this.timeout(120_000);
  let server: PolicyServer;
  let dev: Resources;
  let prod: Resources;
  before(async () => {
    [server, { resources: dev }] = await Promise.all([startPolicyServer(), runPipeline({ stack: "dev" })]);
    prod = (await runPipeline({ stack: "prod" })).resources;
  });
  after(() => server.stop());

  const said = (rule: string, messages: readonly string[]): Violation[] =>
    messages.map((message) => ({ policy: rule, message, mandatory: true }));

  it("starts as Pulumi starts it, and has a planted fault for each rule", () => {
    expect(Object.keys(faults)).to.have.members(server.policies);
  });

  it("lets the program pass in both stacks", async () => {
    expect(await server.analyze(dev)).to.deep.equal([]);
    expect(await server.analyze(prod)).to.deep.equal([]);
  });

  it("lets the program pass in a first preview, when no key or ARN is known", async () => {
    expect(await server.analyze(unmade(dev))).to.deep.equal([]);
  });

  it("lets whom the config names pass, and excepts nothing from the ban on wildcards that isn't there", async () => {
    const { resources } = await runPipeline({
      config: {
        "commerce:configFile": changedConfig({
          "  rotation: true\n": "  rotation: true\n  administrators: [arn:aws:iam::123456789012:role/deploy]\n",
          "  path: /\n":
            "  path: /\n  goldReaders: [{ principal: arn:aws:iam::210987654321:role/bi, outputs: [user_activity] }]\n",
        }),
      },
    });
    expect(await server.analyze(resources)).to.deep.equal([]);
    const declared = [...dev, ...resources].flatMap(({ type, inputs }) => {
      const document = inputs.keyPolicy ?? (inputs.policy && JSON.parse(inputs.policy)) ?? { Statement: [] };
      return document.Statement.map(({ Sid }: { Sid: string }) => `${type} ${Sid}`);
    });
    expect(declared).to.include.members(exceptions.map(({ type, sid }) => `${type} ${sid}`));
  });

  for (const [rule, planted] of Object.entries(faults))
    describe(rule, () => {
      for (const [what, plant, ...messages] of planted)
        it(`refuses ${what}`, async () => {
          expect(await server.analyze(plant(prod), prod)).to.deep.equal(said(rule, messages));
        });
    });

  it("refuses in a first preview, too, what does not come from the stack's key or has no dead letters", async () => {
    const first = unmade(prod);
    const bare = changed(
      changed(first, queue, "commerce-promote-queue", ({ redrivePolicy, ...rest }) => rest),
      topic,
      "commerce-alerts",
      ({ kmsMasterKeyId, ...rest }) => rest,
    );
    expect(await server.analyze(bare, first)).to.deep.equal([
      ...said("stack-key", ["commerce-alerts: kmsMasterKeyId must name the stack's key, commerce-encryption-key"]),
      ...said("dead-letters", [
        "commerce-promote-queue: it feeds a function, so redrivePolicy must name a dead-letter queue",
      ]),
    ]);
    const foreign = changed(first, topic, "commerce-alerts", () => {}).map((resource) =>
      resource.name === "commerce-alerts"
        ? { ...resource, options: { ...resource.options, propertyDependencies: {} } }
        : resource,
    );
    expect(await server.analyze(foreign, first)).to.deep.equal(
      said("stack-key", [
        "commerce-alerts: kmsMasterKeyId must name the stack's key, commerce-encryption-key, no other",
      ]),
    );
  });

  it("does not ask of dev what only prod has to keep", async () => {
    expect(dev.filter(({ type, options }) => type === bucket && options.protect)).to.deep.equal([]);
    expect(dev.find(({ type }) => type === key)!.inputs.pendingWindowInDays).to.equal(7);
  });
});
