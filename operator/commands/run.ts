import { whatRunReads } from "../../handlers/ledger/newestGood.ts";
import { defineCommand } from "../defineCommand.ts";
import { give, inputsText, plan } from "../sendOrder.ts";
import { engineNames } from "../story/engineNames.ts";
import { previewText, readPreview } from "../story/reads.ts";

export const command = defineCommand({
  name: "run",
  summary: "run a batch now, with the code that is deployed",
  words: ["BATCH"],
  flags: { wait: { kind: "switch", help: "wait for the end of the run; 1 when it fails" } },
  about: [
    `${whatRunReads} The order also runs what waits for a decision: a correction of one file, files of the rolling batch that lie too far apart, the same files after a failure.`,
  ],
  examples: [
    { args: "run 2026-11-22", does: "take in a corrected file" },
    { args: "run 2026-11-22 --dry-run", does: "only name what it would read" },
    { args: "run current --wait", does: "and say how it ended" },
  ],
  changes: true,
  async run(invocation) {
    const [batch] = invocation.words as [string];
    const target = await invocation.target();
    const planned = await plan(
      target,
      batch,
      { operation: "run" },
      (document, run) => {
        if (run === null) return `have files of batch ${batch} typed for the deployed contract, then run them`;
        return `start run ${run.run} of batch ${batch} in ${engineNames[run.engine]} on ${inputsText(run, document)}`;
      },
      async (document, rules) => {
        const preview = await readPreview(target, batch, document, rules);
        return { lines: previewText(preview), data: { reads: preview.datasets } };
      },
    );
    return await give(planned, invocation, {
      wait: invocation.flags.wait === true,
      done: ({ run, published }) =>
        run === null
          ? `batch ${batch}: its files are typed for the deployed contract first; then the run starts by itself`
          : `batch ${batch}: run ${run} is on its way${published === null ? "" : `; run ${published} stays published until it has succeeded`}`,
    });
  },
});
