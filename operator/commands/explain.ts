import type { Style } from "../../terminal/style.ts";
import { wrap } from "../../terminal/text.ts";
import { defineCommand, exitCodes } from "../defineCommand.ts";
import { choiceText } from "../stack/open.ts";
import { type Explanation, explain } from "../story/explain.ts";
import { previewText } from "../story/reads.ts";
import { readStory } from "../story/story.ts";

export const command = defineCommand({
  name: "explain",
  summary: "say why nothing was published, and what to do",
  words: ["BATCH"],
  flags: {},
  about: [
    "Says what blocks the batch, down to file, line and rule. Each finding comes with the next step as a command to paste. Then it says what else is worth knowing, and which file of each dataset an operator's run would read. Files at the root of Bronze belong to batch current.",
    "Ends with 0 when all is well or under way, 1 when the last run failed, 4 when the batch waits for a file or a decision.",
  ],
  examples: [
    { args: "explain 2026-11-22", does: "for the local stack" },
    { args: "explain current --stack prod --json", does: "for programs" },
  ],
  changes: false,
  async run({ words, target, choice, style }) {
    const [batch] = words as [string];
    const story = await readStory(await target(), batch);
    const explanation = explain(story, choiceText(choice));
    return { exitCode: exitCodeOf(explanation), lines: explanationText(explanation, style), data: explanation };
  },
});

export function exitCodeOf({ state, findings }: Explanation): number {
  if (state === "failed") return exitCodes.failed;
  return findings.some(({ kind }) => kind === "blocks") ? exitCodes.waiting : exitCodes.done;
}

const marks = { blocks: "✖", note: "·" } as const;

export function explanationText({ summary, findings, state, wouldRead }: Explanation, style: Style): string[] {
  const { bold, red, green, yellow, dim } = style;
  const colour = state === "failed" ? red : findings.some(({ kind }) => kind === "blocks") ? yellow : green;
  return [
    ...wrap(summary).map((line) => bold(colour(line))),
    ...findings.flatMap(({ kind, what, details, steps }) => {
      const [first = "", ...rest] = wrap(what, 2);
      return [
        "",
        `${kind === "blocks" ? red(marks.blocks) : dim(marks.note)} ${first.trimStart()}`,
        ...rest,
        ...details.flatMap((detail) => wrap(detail, 4)).map(dim),
        ...steps.flatMap(({ does, command }) => [
          ...wrap(`→ ${does}${command === null ? "" : ":"}`, 2),
          ...(command === null ? [] : [`    ${command}`]),
        ]),
      ];
    }),
    // If the order would be refused, the findings above already say why.
    ...(wouldRead.refused === null
      ? [
          "",
          `${dim(marks.note)} an operator's run would read`,
          ...previewText(wouldRead).flatMap((line) =>
            wrap(line, 6).map((text, index) => dim(index === 0 ? text.slice(2) : text)),
          ),
        ]
      : []),
  ];
}
