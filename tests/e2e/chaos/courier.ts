import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { GetObjectCommand, paginateListObjectsV2 } from "@aws-sdk/client-s3";
import type { Random } from "../../../generator/random.ts";
import type { Release } from "../../../handlers/release.ts";
import type { EmbeddedOrder } from "../../../handlers/run/embedded.ts";
import type { Clients } from "../../../local/clients.ts";

/** Orders that were sent once more and ended well, whether or not they found something to do. */
export type Repeated = Record<Kind, number>;

/** Of how many orders one comes again, and how many milliseconds after its manifest. */
const kinds = {
  doubled: { oneIn: 4, from: 0, to: 2000 },
  late: { oneIn: 4, from: 20_000, to: 130_000 },
} as const;
type Kind = keyof typeof kinds;

const lookEvery = 300;

/**
 * Sends some of the orders that the embedded engine gets once more, to the letter and to the same version of the
 * function. The first job run of a batch is the embedded engine's, where it is deployed.
 * @param batches how many to wait for, until `signal`
 */
export async function repeatOrders(
  { s3, lambda }: Clients,
  Bucket: string,
  batches: number,
  random: Random,
  signal: AbortSignal,
): Promise<Repeated> {
  const repeated: Repeated = { doubled: 0, late: 0 };
  const send = async (kind: Kind, FunctionName: string, order: EmbeddedOrder) => {
    const { from, to } = kinds[kind];
    await sleep(from + random.below(to - from));
    // The answer is awaited, so that nothing is under way any more when the end is looked at.
    const Payload = JSON.stringify(order);
    const { FunctionError } = await lambda.send(new InvokeCommand({ FunctionName, Payload }));
    if (!FunctionError) repeated[kind]++;
  };

  const sent: Promise<void>[] = [];
  const seen = new Set<string>();
  while (seen.size < batches && !signal.aborted) {
    for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket, Prefix: "manifests/" }))
      for (const { Key = "" } of Contents) {
        if (!Key.endsWith("/1.json") || seen.has(Key)) continue;
        seen.add(Key);
        const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
        const text = await Body!.transformToString();
        const { embedded } = (JSON.parse(text) as { release: Release }).release;
        if (!embedded) continue;
        const sha256 = createHash("sha256").update(text).digest("hex");
        for (const kind of ["doubled", "late"] as const)
          if (random.chance(1 / kinds[kind].oneIn))
            sent.push(send(kind, embedded.functionArn, { manifest: `s3://${Bucket}/${Key}`, sha256 }));
      }
    await sleep(lookEvery, undefined, { signal }).catch(() => {});
  }
  await Promise.all(sent);
  return repeated;
}
