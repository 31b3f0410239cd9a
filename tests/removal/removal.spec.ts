/** What `adopt` and `empty` refuse, with AWS's answers made up. The real way through both is tests/engine/page.spec.ts. */
import { expect } from "chai";
import { physicalNames } from "../../config/naming.ts";
import packageJson from "../../package.json" with { type: "json" };
import { importFile, leftBehind, refuseLiveStack } from "../../removal/adopt.ts";
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
