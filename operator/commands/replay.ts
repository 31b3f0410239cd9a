import { defineCommand } from "../defineCommand.ts";
import { give, plan } from "../sendOrder.ts";
import { documentOf } from "../stack/ledger.ts";
import { engineNames } from "../story/engineNames.ts";
import { Refused } from "../story/foresee.ts";

export const command = defineCommand({
  name: "replay",
  summary: "run a published run again: same files, same code",
  words: ["BATCH"],
  flags: {
    run: { kind: "integer", minimum: 1, maximum: 999_999_999, help: "which run (default the published one)" },
    wait: { kind: "switch", help: "wait for the end of the run; 1 when it fails" },
  },
  about: [
    "The new run reads the pinned file versions with the pinned engine, SQL and contract of the old one, so it gives the same rows. DuckDB and Glue give the same, so either may do it. It is published once it has succeeded.",
  ],
  examples: [
    { args: "replay 2026-11-22", does: "the published run once more" },
    { args: "replay 2026-11-22 --run 3 --wait", does: "an earlier one" },
  ],
  changes: true,
  async run(invocation) {
    const [batch] = invocation.words as [string];
    const target = await invocation.target();
    const number = invocation.flags.run ?? (await documentOf(target.ledger, batch)).published?.run;
    if (number === undefined) throw new Refused(`batch ${batch} has no published run; run it with: run ${batch}`);
    const planned = await plan(
      target,
      batch,
      { operation: "replay", run: number },
      (_, run) => `start run ${run!.run} of batch ${batch} in ${engineNames[run!.engine]}, a replay of run ${number}`,
    );
    return await give(planned, invocation, {
      wait: invocation.flags.wait === true,
      done: ({ run, published }) =>
        `batch ${batch}: run ${run} replays run ${number}; run ${published} stays published until it has succeeded`,
    });
  },
});
