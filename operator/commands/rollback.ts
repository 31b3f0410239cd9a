import { declaredTables } from "../../config/tables.ts";
import type { LedgerDocument, Run } from "../../handlers/ledger/document.ts";
import { tablesOf } from "../../handlers/ledger/publication.ts";
import { filesOf } from "../../handlers/publication/tables.ts";
import { UsageError } from "../../terminal/flags.ts";
import { defineCommand, exitCodes } from "../defineCommand.ts";
import { give, plan } from "../sendOrder.ts";
import { documentOf } from "../stack/ledger.ts";
import type { Target } from "../stack/target.ts";
import { rollbackEffects } from "../story/rollbackEffects.ts";

export const command = defineCommand({
  name: "rollback",
  summary: "publish an earlier run of a batch instead",
  words: ["BATCH"],
  required: "--run N",
  flags: { run: { kind: "integer", minimum: 1, maximum: 999_999_999, help: "the run to publish" } },
  about: [
    "Moves a pointer: readers see the earlier run as soon as the order is carried out. Nothing is computed and nothing deleted, so a rollback to the newer run undoes it. Files that come later are run and published as usual.",
    "Before the change it says in which tables readers lose the batch because the earlier run has no rows for them, and which are shown with other columns than they have today.",
  ],
  examples: [{ args: "rollback 2026-11-22 --run 2", does: "back to run 2" }],
  changes: true,
  async run(invocation) {
    const [batch] = invocation.words as [string];
    const { run } = invocation.flags;
    const target = await invocation.target();
    const document = await documentOf(target.ledger, batch);
    if (run === undefined) throw new UsageError(`rollback needs --run: ${choices(batch, document)}`);
    if (document.published?.run === run)
      return {
        exitCode: exitCodes.done,
        lines: [`batch ${batch}: run ${run} is already published`],
        data: { batch, operation: "rollback", run, published: run },
      };
    const effects = await effectsOf(target, batch, document, run);
    const planned = await plan(
      target,
      batch,
      { operation: "rollback", run },
      ({ published }) =>
        [`publish run ${run} of batch ${batch} instead of run ${published?.run}`, ...effects].join("; this "),
      async () => ({ lines: [], data: { effects } }),
    );
    return await give(planned, invocation, {
      wait: false,
      done: () => `batch ${batch}: run ${run} is published instead of run ${document.published?.run}`,
    });
  },
});

function choices(batch: string, { runs, published }: LedgerDocument): string {
  const earlier = runs.filter(({ run, publishedAt }) => publishedAt !== null && run !== published?.run);
  if (earlier.length === 0) return `batch ${batch} has no other run that was published`;
  const list = earlier.map(
    ({ run, publishedAt }) => `${run} (of ${new Date(publishedAt!).toISOString().slice(0, 16)}Z)`,
  );
  return `batch ${batch} shows run ${published?.run} and can show run ${list.join(", ")}`;
}

/** What changes for readers apart from the rows. */
async function effectsOf(
  target: Target,
  batch: string,
  { runs, published }: LedgerDocument,
  to: number,
): Promise<readonly string[]> {
  const [shown, earlier] = [published?.run, to].map((number) => runs.find(({ run }) => run === number));
  if (!shown || !earlier) return [];
  const tables = async (run: Run) => {
    const columnsOf = async (table: string) => (await filesOf(table, batch, run, target.names, target))!.columns;
    return Object.fromEntries(
      await Promise.all(tablesOf(run).map(async (table) => [table, await columnsOf(table)] as const)),
    );
  };
  return rollbackEffects(
    { run: shown.run, tables: await tables(shown) },
    { run: earlier.run, tables: await tables(earlier) },
    declaredTables((await target.deployed()).release.contract),
  );
}
