import { defineCommand, exitCodes } from "../defineCommand.ts";
import { writeReport } from "../report/write.ts";
import { choiceText } from "../stack/open.ts";

const defaultFile = "out/report.html";

export const command = defineCommand({
  name: "report",
  summary: "write the picture of a batch as one HTML file",
  words: ["BATCH"],
  flags: { out: { kind: "text", value: "FILE", help: `the file to write (default ${defaultFile})` } },
  about: [
    "Shows the flow with its counts, what became of each file and row, the run's times and checks, and a sample and charts of what is published. If nothing is published, it says why.",
    "The file needs no network and runs no script; it holds rows of the published data, so it is as confidential as they are.",
  ],
  examples: [
    { args: "report 2026-11-22", does: `writes ${defaultFile}` },
    { args: "report 2026-11-22 --out incident.html --stack prod", does: "of a deployed stack, to send on" },
  ],
  changes: false,
  async run({ words, flags, choice, target: find, status }) {
    const [batch] = words as [string];
    const file = flags.out ?? defaultFile;
    const story = await writeReport(await find(), batch, file, { status, choice: choiceText(choice) });
    return {
      exitCode: exitCodes.done,
      lines: [`batch ${batch} is ${story.verdict.state}; its picture is ${file}`],
      data: { batch, state: story.verdict.state, file },
    };
  },
});
