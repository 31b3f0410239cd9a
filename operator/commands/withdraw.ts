import { rollingBatch } from "../../config/batchName.ts";
import { suggestion } from "../../config/nearest.ts";
import { own } from "../../config/plain.ts";
import { isWithdrawn } from "../../handlers/ledger/document.ts";
import { defineCommand, exitCodes } from "../defineCommand.ts";
import { give, plan } from "../sendOrder.ts";
import { documentOf } from "../stack/ledger.ts";
import { Refused } from "../story/foresee.ts";

export const command = defineCommand({
  name: "withdraw",
  summary: "leave out a file that no published run has read",
  words: ["KEY"],
  flags: {},
  about: [
    "KEY is the file's key in Bronze. No run reads its newest version any more; a newer upload of the key counts again, even with the same bytes. This ends a conflict of users.json with users.json.gz, and frees a batch from a rejected file that will not come again.",
  ],
  examples: [{ args: "withdraw 2026-11-22/users.json.gz", does: "users.json counts alone" }],
  changes: true,
  async run(invocation) {
    const [key] = invocation.words as [string];
    const batch = key.includes("/") ? key.slice(0, key.indexOf("/")) : rollingBatch;
    const target = await invocation.target();
    const { inputs } = await documentOf(target.ledger, batch);
    const input = own(inputs, key);
    if (input === undefined)
      throw new Refused(
        `batch ${batch} has no file ${key}${suggestion(key, Object.keys(inputs))}; it has ${Object.keys(inputs).join(", ")}`,
      );
    if (isWithdrawn(input))
      return {
        exitCode: exitCodes.done,
        lines: [`${key} is already withdrawn`],
        data: { batch, operation: "withdraw", key },
      };
    if (input.read.includes(input.decision.version))
      throw new Refused(`a published run has read ${key}; roll back, or upload a better file and run the batch`);
    const planned = await plan(
      target,
      batch,
      { operation: "withdraw", key },
      () =>
        `leave ${key} out of batch ${batch} (${input.decision.outcome} ${new Date(input.decision.decidedAt).toISOString().slice(0, 16)}Z)`,
    );
    return await give(planned, invocation, {
      wait: false,
      done: ({ state }) => `${key} is withdrawn; batch ${batch} is ${state}`,
    });
  },
});
