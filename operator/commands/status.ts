import { rulesOf } from "../../handlers/ledger/rules.ts";
import { inParallel } from "../../handlers/parallel.ts";
import type { Style } from "../../terminal/style.ts";
import { table } from "../../terminal/table.ts";
import { ago, shortened, width } from "../../terminal/text.ts";
import { defineCommand, exitCodes } from "../defineCommand.ts";
import { batchesOf, documentOf, readDocument } from "../stack/ledger.ts";
import { previewText, type RunPreview, readPreview } from "../story/reads.ts";
import { type BatchSummary, summarise, totalText } from "../story/state.ts";

const shownBatches = 20;
const documentsAtOnce = 32;

export const command = defineCommand({
  name: "status",
  summary: "show every batch, its state, and what is late",
  words: ["[BATCH]"],
  flags: {
    late: { kind: "switch", help: "only the late ones" },
    limit: { kind: "integer", minimum: 1, maximum: 100_000, help: `batches to show (default ${shownBatches})` },
  },
  about: [
    "The batch that changed last comes first. A batch is late when it still waits for a file after its deadline (batching.deadline).",
    "With BATCH it shows only that one, and which file of each dataset an operator's run would read: key, time of upload, version.",
    "Ends with 0; with --late it ends with 4 when there is a late batch.",
  ],
  examples: [
    { args: "status", does: "the batches that changed last" },
    { args: "status 2026-11-22", does: "one batch, and what run would read" },
    { args: "status --late --stack prod", does: "what needs attention" },
  ],
  changes: false,
  async run({ words, flags, target: find, status, style }) {
    const target = await find();
    const deployed = await target.deployed();
    const [batch] = words;
    const preview =
      batch === undefined
        ? null
        : await readPreview(target, batch, await documentOf(target.ledger, batch), rulesOf(deployed.release, deployed));
    const names = batch === undefined ? await batchesOf(target.ledger) : [batch];
    const now = Date.now();
    const all: BatchSummary[] = [];
    await inParallel(names, documentsAtOnce, async (batch) => {
      const document = await readDocument(target.ledger, batch);
      if (document) all.push(summarise(batch, document, deployed, now));
      status.show("batches", `${all.length.toLocaleString("en")} of ${names.length.toLocaleString("en")} read`);
    });
    status.clear();
    const wanted = flags.late ? all.filter(({ isLate }) => isLate) : all;
    const newest = wanted.sort((a, b) => b.changedAt - a.changedAt || (a.batch < b.batch ? 1 : -1));
    const shown = newest.slice(0, flags.limit ?? shownBatches);
    return {
      exitCode: flags.late && wanted.length > 0 ? exitCodes.waiting : exitCodes.done,
      lines: [
        ...statusText(shown, now, style),
        ...moreText(newest.length - shown.length),
        lastText(all, wanted, flags.late),
        ...(preview ? wouldReadText(preview) : []),
      ],
      data: { batches: shown, total: wanted.length, ...(preview && { wouldRead: preview }) },
    };
  },
});

const wouldReadText = (preview: RunPreview): string[] => [
  preview.refused === null ? "an operator's run would read" : `an operator's run would be refused: ${preview.refused}`,
  ...previewText(preview).map((line) => `  ${line}`),
];

const moreText = (more: number): string[] =>
  more > 0 ? [`and ${more.toLocaleString("en")} more; --limit N shows them`] : [];

const lastText = (all: readonly BatchSummary[], wanted: readonly BatchSummary[], isLate: true | undefined): string =>
  isLate && wanted.length === 0 ? `none is late; ${totalText(all)}` : totalText(all);

function statusText(batches: readonly BatchSummary[], now: number, { bold, dim, green, red, yellow }: Style): string[] {
  if (batches.length === 0) return [];
  const rows = batches.map((one) => [
    one.batch,
    one.isLate ? "late" : one.state,
    one.published === null ? "–" : `run ${one.published}`,
    ago(now - one.changedAt),
  ]);
  const [head, ...lines] = table([["batch", "state", "shows", "changed"], ...rows], 4);
  const longest = Math.max(...lines.map((line) => line.length));
  const room = Math.max(24, width - longest - 3);
  const colour = ({ state, isLate }: BatchSummary) => {
    if (state === "failed") return red;
    if (isLate || state === "conflict" || state === "mixed" || state === "superseded") return yellow;
    return state === "published" ? green : (text: string) => text;
  };
  return [
    bold(dim(head!)),
    ...lines.map((line, index) => {
      const one = batches[index]!;
      const state = rows[index]![1]!;
      const at = line.indexOf(state, one.batch.length);
      const coloured = line.slice(0, at) + colour(one)(state) + line.slice(at + state.length);
      return one.detail === ""
        ? coloured
        : `${coloured}${" ".repeat(longest - line.length + 3)}${shortened(one.detail, room)}`;
    }),
  ];
}
