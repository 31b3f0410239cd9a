import type { RedriveAnswer } from "../../handlers/settle/redrive.ts";
import { defineCommand, exitCodes } from "../defineCommand.ts";

const messages = (count: number) => `${count} ${count === 1 ? "message" : "messages"}`;

export const command = defineCommand({
  name: "redrive",
  summary: "give every dead letter another try",
  words: [],
  flags: {},
  about: [
    "Sends the messages that promote gave up on back to its queue, and has settle retry the events that it failed on. A message that fails again returns to its dead-letter queue, and the alarm stays.",
  ],
  examples: [{ args: "redrive", does: "after the cause has been mended" }],
  changes: true,
  async run({ target: find, isDryRun, confirm }) {
    const target = await find();
    const { deadUploads, deadEvents } = await target.messages();
    const waiting = { promote: deadUploads, settle: deadEvents };
    const would = `try ${messages(deadUploads)} of promote and ${messages(deadEvents)} of settle again`;
    if (isDryRun) return { exitCode: exitCodes.done, lines: [`would ${would}`], data: { dryRun: true, waiting } };
    await confirm(`${target.title}: ${would}?`);
    const { promote, settle } = (await target.settle({ kind: "redrive" })) as RedriveAnswer;
    return {
      exitCode: settle.left > 0 ? exitCodes.failed : exitCodes.done,
      lines: [
        `promote: ${messages(promote.sent)} sent again; settle: ${messages(settle.handled)} taken up, ${settle.left} failed again`,
      ],
      data: { promote, settle },
    };
  },
});
