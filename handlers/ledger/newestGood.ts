import { own } from "../../config/plain.ts";
import { isLive, isWithdrawn, type LedgerDocument, type PinnedInput } from "./document.ts";
import { type FileToType, type GateRules, type LiveInput, pin, staleFile } from "./gate.ts";

export type ChoiceRules = Pick<GateRules, "datasets" | "shapes">;

/** The rule of `newestGood`, in the words of `--help` and the documents. */
export const whatRunReads =
  "For each dataset, an operator's run reads the newest good file: its one new file. Without a new one, it reads the file uploaded last among those that were promoted and not withdrawn, even if a published run has read it. If there is none, it reads the file that the newest published run read and that was not withdrawn.";

/** What an operator's run would read of a dataset, or why nothing. */
export type Choice =
  | {
      readonly kind: "file";
      /** `new`: no published run has read it. `read`: one has. `earlier`: one has, and a newer version was withdrawn. */
      readonly from: "new" | "read" | "earlier";
      readonly file: PinnedInput;
      /** When it was uploaded; null for an earlier version, because the document only keeps what a run pinned of it. */
      readonly lastModified: number | null;
      /** The newest published run that has read it, if the document keeps one. */
      readonly readBy: number | null;
    }
  /** It has to be typed again for the release, after which it may be rejected. */
  | ({ readonly kind: "stale" } & FileToType)
  /** It would have to be typed again, and can't be. */
  | { readonly kind: "expired"; readonly key: string }
  /** Several new files. */
  | { readonly kind: "ambiguous"; readonly keys: readonly string[] }
  /** The one new file was rejected. */
  | { readonly kind: "rejected"; readonly key: string; readonly reason: string }
  | { readonly kind: "absent" };

/** Applies `whatRunReads` to the document alone. */
export function newestGood(document: LedgerDocument, rules: ChoiceRules): Readonly<Record<string, Choice>> {
  const files = Object.entries(document.inputs).map(([key, input]): LiveInput => ({ key, input }));
  const published = document.runs.filter(({ publishedAt }) => publishedAt !== null).reverse();

  const chosen = (candidate: LiveInput, from: "new" | "read"): Choice => {
    const toType = staleFile(candidate, rules);
    if (toType) return { kind: "stale", ...toType };
    const file = pin(candidate);
    if (!file) return { kind: "expired", key: candidate.key };
    const reader = published.find(({ inputs }) =>
      Object.values(inputs).some((read) => read?.key === file.key && read.version === file.version),
    );
    const { lastModified } = candidate.input.decision;
    return { kind: "file", from, file, lastModified, readBy: reader?.run ?? null };
  };
  const choose = (dataset: string): Choice => {
    const received = files.filter(({ input }) => input.dataset === dataset);
    const live = received.filter(({ input }) => isLive(input));
    if (live.length > 1) return { kind: "ambiguous", keys: live.map(({ key }) => key) };
    const [only] = live;
    if (only?.input.decision.outcome === "rejected" && !staleFile(only, rules))
      return { kind: "rejected", key: only.key, reason: only.input.decision.reason };
    if (only) return chosen(only, "new");

    // All of them were promoted once; one may have been rejected since, for the release or for an earlier one.
    const isRejected = (one: LiveInput) => one.input.decision.outcome === "rejected" && !staleFile(one, rules);
    const [newest] = received
      .filter((one) => !isRejected(one) && !isWithdrawn(one.input))
      .sort((a, b) => b.input.decision.lastModified - a.input.decision.lastModified || (a.key < b.key ? -1 : 1));
    if (newest) return chosen(newest, "read");

    for (const { run, inputs } of published) {
      const file = own(inputs, dataset);
      const input = file && document.inputs[file.key];
      if (!file || (input && isWithdrawn(input, file.version))) continue;
      // The document knows another version of the key, so this one can't be decided again.
      if (file.shape !== rules.shapes[dataset]) return { kind: "expired", key: file.key };
      return { kind: "file", from: "earlier", file, lastModified: null, readBy: run };
    }
    return { kind: "absent" };
  };
  return Object.fromEntries(Object.keys(rules.datasets).map((dataset) => [dataset, choose(dataset)]));
}
