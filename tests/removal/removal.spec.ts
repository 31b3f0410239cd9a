/** What `adopt` and `empty` refuse, with AWS's answers made up. The real way through both is tests/engine/page.spec.ts. */
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { physicalNames } from "../../config/naming.ts";
import packageJson from "../../package.json" with { type: "json" };
import { importFile, leftBehind, neededRights, refuseLiveStack } from "../../removal/adopt.ts";
import { emptyBucket, holdingsOf, refuseKeptBuckets } from "../../removal/empty.ts";
import { type Clients, type NamedStack, RemovalRefused } from "../../removal/openStack.ts";
import type { Known } from "../../removal/state.ts";
import type { Snapshot } from "../../review/plan/snapshot/snapshot.ts";

const names = physicalNames("commerce", "dev", "123456789012");
type Send = (command: { constructor: { name: string }; input: Record<string, unknown> }) => unknown;

function stackWith(send: Send): NamedStack {
  const client = { send: async (command: Parameters<Send>[0]) => send(command) };
  const clients = { s3: client, kms: client, glue: client, logs: client, lambda: client, sts: client };
  return { stack: "dev", account: "123456789012", names, clients: clients as unknown as Clients } as NamedStack;
}
const absent = (name: string) => {
  throw Object.assign(new Error(name), { name });
};
async function refusal(work: () => Promise<unknown> | unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    expect(error).to.be.instanceOf(RemovalRefused);
    return (error as Error).message;
  }
  throw new Error("it was not refused");
}

const [project, stackUrn, keyUrn] = [
  "urn:pulumi:dev::commerce",
  "urn:pulumi:dev::commerce::pulumi:pulumi:Stack::commerce-dev",
  "urn:pulumi:dev::commerce::aws-native:kms:Key::commerce-encryption-key",
];
const component = `${project}::commerce:encryption:Encryption::commerce-encryption`;
const snapshot = {
  resources: [{ urn: keyUrn, type: "aws-native:kms:Key", name: "commerce-encryption-key", inputs: {} }],
  parents: { [keyUrn]: component, [component]: stackUrn },
} as unknown as Snapshot;
/** A program of these resources, outside of any component. */
const planned = (...resources: readonly (readonly [type: string, inputs: object])[]) =>
  ({
    resources: resources.map(([type, inputs]) => ({ urn: `${project}::${type}::it`, type, name: "it", inputs })),
    parents: {},
  }) as unknown as Snapshot;
const failed = (name: string, httpStatusCode: number, message = name) =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });
const statedUrn = `${project}::commerce:encryption:Encryption$aws-native:kms:Key::commerce-encryption-key`;

describe("taking over a stack", () => {
  const key = (KeyState: string) => stackWith(() => ({ KeyMetadata: { KeyId: "old", KeyState } }));

  it("finds a key that the state does not know, and none that it knows", async () => {
    const found = await leftBehind(snapshot, [], key("Enabled"));
    expect(found.map(({ id }) => id)).to.deep.equal(["old"]);
    const known: Known[] = [{ urn: statedUrn, type: "aws-native:kms:Key", id: "old" }];
    expect(await leftBehind(snapshot, known, key("Enabled"))).to.deep.equal([]);
    expect(
      await leftBehind(
        snapshot,
        [],
        stackWith(() => absent("NotFoundException")),
      ),
    ).to.deep.equal([]);
  });

  it("imports by the provider that the program uses, below the resource's components", () => {
    const found = [{ urn: keyUrn, type: "aws-native:kms:Key", id: "old" }];
    expect(importFile(found, snapshot).resources).to.deep.equal([
      { type: "commerce:encryption:Encryption", name: component, logicalName: "commerce-encryption", component: true },
      {
        type: "aws-native:kms:Key",
        name: keyUrn,
        logicalName: "commerce-encryption-key",
        id: "old",
        version: packageJson.dependencies["@pulumi/aws-native"],
        parent: component,
      },
    ]);
  });

  it("refuses when the state has made another key", async () => {
    const known: Known[] = [{ urn: statedUrn, type: "aws-native:kms:Key", id: "new" }];
    expect(await refusal(() => leftBehind(snapshot, known, key("Enabled")))).to.match(
      /^the state has the key new, but alias\/commerce-dev leads to old, .* pulumi destroy --stack dev /,
    );
  });

  it("refuses a key that is about to be deleted, and says how to keep it", async () => {
    expect(await refusal(() => leftBehind(snapshot, [], key("PendingDeletion")))).to.contain(
      "aws kms cancel-key-deletion --key-id old",
    );
  });

  it("asks for the key once, which its alias leads to", async () => {
    const asked: string[] = [];
    const stack = stackWith(({ constructor: { name } }) => {
      asked.push(name);
      return { KeyMetadata: { KeyId: "old", KeyState: "Enabled" } };
    });
    const found = await leftBehind(planned(["aws-native:kms:Key", {}], ["aws-native:kms:Alias", {}]), [], stack);
    expect(found.map(({ id }) => id)).to.deep.equal(["old", "alias/commerce-dev"]);
    expect(asked).to.deep.equal(["DescribeKeyCommand"]);
  });

  for (const [type, inputs, failure, expected] of [
    [
      "aws-native:s3:Bucket",
      { bucketName: "gold" },
      failed("UnknownError", 403),
      "these credentials may not look for aws-native:s3:Bucket gold: status 403; they need s3:ListBucket, or the bucket is another account's",
    ],
    [
      "aws:glue/catalogTable:CatalogTable",
      { databaseName: "commerce_dev", name: "user_activity" },
      failed("AccessDeniedException", 400, "not authorized to perform: glue:GetTable"),
      "these credentials may not look for aws:glue/catalogTable:CatalogTable commerce_dev.user_activity: AccessDeniedException: not authorized to perform: glue:GetTable; they need glue:GetTable",
    ],
    [
      "aws-native:s3:Bucket",
      { bucketName: "gold" },
      failed("UnknownError", 301),
      "AWS does not say whether there is aws-native:s3:Bucket gold: status 301",
    ],
    [
      "aws-native:logs:LogGroup",
      { logGroupName: "/aws/lambda/promote" },
      failed("ThrottlingException", 400, "Rate exceeded"),
      "AWS does not say whether there is aws-native:logs:LogGroup /aws/lambda/promote: ThrottlingException: Rate exceeded",
    ],
  ] as const)
    it(`names what it could not look for: ${failure.name} ${failure.$metadata.httpStatusCode} of ${type}`, async () => {
      const stack = stackWith(() => {
        throw failure;
      });
      expect(await refusal(() => leftBehind(planned([type, inputs]), [], stack))).to.equal(expected);
    });

  it("names the function and the right when it may not see whether the stack is live", async () => {
    const stack = stackWith(() => {
      throw failed("AccessDeniedException", 403);
    });
    expect(await refusal(() => refuseLiveStack([], stack))).to.equal(
      "these credentials may not look for aws:lambda/function:Function commerce-dev-promote: AccessDeniedException; they need lambda:GetFunction",
    );
  });

  it("needs what docs/deploy.md says", () => {
    const [row] = /^\| `npm run adopt` \|.*$/m.exec(readFileSync("docs/deploy.md", "utf8"))!;
    expect([...row.matchAll(/`(\w+:\w+)`/g)].map(([, right]) => right)).to.deep.equal(neededRights);
  });

  it("refuses a stack that another state has deployed", async () => {
    const live = stackWith(() => ({}));
    expect(await refusal(() => refuseLiveStack([], live))).to.match(/^commerce-dev-promote is deployed, but not from/);
    await refuseLiveStack([{ urn: "u", type: "aws:lambda/function:Function" }], live);
    await refuseLiveStack(
      [],
      stackWith(() => absent("ResourceNotFoundException")),
    );
  });
});

describe("emptying a stack", () => {
  const bucket = names.buckets.gold;
  const holding = { bucket, versions: 1, bytes: 1 };
  const stated = (options: Partial<Known>): Known[] => [
    { urn: "u", type: "aws-native:s3:Bucket", id: bucket, ...options },
  ];

  it("is refused while the deployed stack keeps or protects a bucket, or does not know it", async () => {
    for (const known of [[], stated({ retainOnDelete: true }), stated({ protect: true })])
      expect(await refusal(() => refuseKeptBuckets("dev", [holding], known))).to.equal(
        `the stack as deployed keeps ${bucket}; deploy the switches first: pulumi up --stack dev`,
      );
    refuseKeptBuckets("dev", [holding], stated({}));
  });

  /** A bucket of three pages: versions and delete markers. */
  function paged(errors: readonly object[] = []) {
    const pages = [
      {
        Versions: [{ Key: "a", VersionId: "1", Size: 5 }],
        IsTruncated: true,
        NextKeyMarker: "a",
        NextVersionIdMarker: "1",
      },
      {
        DeleteMarkers: [{ Key: "b", VersionId: "2" }],
        IsTruncated: true,
        NextKeyMarker: "b",
        NextVersionIdMarker: "2",
      },
      { Versions: [{ Key: "c", VersionId: "3", Size: 7 }] },
    ];
    const deleted: unknown[] = [];
    const stack = stackWith((command) => {
      const { input } = command;
      if (input.Bucket !== bucket) return absent("NoSuchBucket");
      if (command.constructor.name === "ListObjectVersionsCommand")
        return pages[["a", "b"].indexOf(String(input.KeyMarker)) + 1];
      deleted.push((input.Delete as { Objects: unknown }).Objects);
      return { Errors: errors };
    });
    return { stack, deleted };
  }

  it("counts and deletes every version and marker, page by page", async () => {
    const { stack, deleted } = paged();
    expect((await holdingsOf(stack)).filter(({ versions }) => versions > 0)).to.deep.equal([
      { bucket, versions: 3, bytes: 12 },
    ]);
    await emptyBucket(stack.clients.s3, bucket, () => {});
    expect(deleted).to.deep.equal([
      [{ Key: "a", VersionId: "1" }],
      [{ Key: "b", VersionId: "2" }],
      [{ Key: "c", VersionId: "3" }],
    ]);
  });

  it("fails by the name of what S3 does not delete", async () => {
    const { stack } = paged([{ Key: "a", Code: "AccessDenied", Message: "no" }]);
    const error = await emptyBucket(stack.clients.s3, bucket, () => {}).catch((failure: Error) => failure);
    expect((error as Error).message).to.equal(`s3://${bucket}/a was not deleted: AccessDenied no; call this again`);
  });
});
