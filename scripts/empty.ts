import { createInterface } from "node:readline/promises";
import { onStack } from "../removal/command.ts";
import { emptyBucket, holdingsOf, refuseKeptBuckets, refuseKeptData } from "../removal/empty.ts";
import { RemovalRefused } from "../removal/openStack.ts";
import { knownResources } from "../removal/state.ts";
import { createStatus, megabytes, whole } from "../terminal/status.ts";
import { counted } from "../terminal/text.ts";

const usage = `usage: npm run empty -- STACK [--confirm STACK]
  STACK      a stack whose environment and settings both say that its data goes
  --confirm  the stack's name again, where nobody can be asked

Deletes all that the stack's buckets hold, old versions too, so that pulumi destroy can delete them. Without the name,
typed or by --confirm, it only says what they hold.`;

async function typedName(stack: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (
      await terminal.question(`All of this goes for good. Type the stack's name, ${stack}, to delete it: `)
    ).trim();
  } finally {
    terminal.close();
  }
}

const flags = { confirm: { kind: "text", value: "STACK", help: "the stack's name again" } } as const;

await onStack(usage, flags, async (opened, { confirm }) => {
  refuseKeptData(opened);
  const holdings = (await holdingsOf(opened)).filter(({ versions }) => versions > 0);
  refuseKeptBuckets(opened.stack, holdings, knownResources(opened.stack));
  if (holdings.length === 0) return console.log(`the buckets of ${opened.stack} are empty`);
  for (const { bucket, versions, bytes } of holdings)
    console.log(`${bucket}: ${counted(versions, "version")}, ${megabytes(bytes)}`);
  const typed = confirm ?? (await typedName(opened.stack));
  if (typed === undefined)
    return console.log(`nothing was deleted; to delete it: npm run empty -- ${opened.stack} --confirm ${opened.stack}`);
  if (typed !== opened.stack) throw new RemovalRefused(`"${typed}" is not ${opened.stack}; nothing was deleted`);
  const status = createStatus(process.stderr);
  for (const { bucket, versions } of holdings) {
    let deleted = 0;
    await emptyBucket(opened.clients.s3, bucket, (count) => {
      deleted += count;
      status.show(bucket, `${whole(deleted)} of ${whole(versions)} deleted`);
    });
    status.done(bucket, `empty, ${counted(deleted, "version")} deleted`);
  }
});
