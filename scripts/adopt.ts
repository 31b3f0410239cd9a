import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { importFile, leftBehind, refuseLiveStack } from "../removal/adopt.ts";
import { onStack } from "../removal/command.ts";
import { RemovalRefused } from "../removal/openStack.ts";
import { knownResources } from "../removal/state.ts";
import { snapshot } from "../review/plan/trees.ts";

const usage = `usage: npm run adopt -- STACK [--yes]
  STACK  a stack that pulumi stack init has made
  --yes  import what was found; without it, it is only shown

Takes over what an earlier pulumi destroy left in the account: the key, what it encrypts, and the tables. Afterwards
pulumi up goes on with them.`;

const flags = { yes: { kind: "switch", help: "import what was found" } } as const;

await onStack(usage, flags, async (opened, { yes }) => {
  const { stack } = opened;
  const known = knownResources(stack);
  await refuseLiveStack(known, opened);
  const planned = await snapshot(process.cwd(), stack);
  const found = await leftBehind(planned, known, opened);
  if (found.length === 0) return console.log(`nothing of ${stack} is left behind`);
  for (const { type, id } of found) console.log(`${type} ${id}`);
  if (!yes) return console.log(`nothing was imported; to import these: npm run adopt -- ${stack} --yes`);
  const folder = mkdtempSync(join(tmpdir(), "adopt-"));
  try {
    const file = join(folder, "import.json");
    writeFileSync(file, JSON.stringify(importFile(found, planned), null, 2));
    const { status } = spawnSync(
      "pulumi",
      [
        "import",
        "--stack",
        stack,
        "--file",
        file,
        "--protect=true",
        "--generate-code=false",
        "--skip-preview",
        "--yes",
      ],
      { stdio: "inherit" },
    );
    if (status !== 0)
      throw new RemovalRefused("pulumi import failed; what it imported stays imported, and this can be called again");
    console.log(`imported, and protected until the next pulumi up; see what differs: pulumi preview --stack ${stack}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
