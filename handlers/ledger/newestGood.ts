import { own } from "../../config/plain.ts";
import { type Input, isLive, isWithdrawn, type LedgerDocument, type PinnedInput } from "./document.ts";
import { pin } from "./gate.ts";

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
  /** Several new files. */
  | { readonly kind: "ambiguous"; readonly keys: readonly string[] }
  /** The one new file was rejected. */
  | { readonly kind: "rejected"; readonly key: string; readonly reason: string }
  | { readonly kind: "absent" };

interface Candidate {
  readonly key: string;
  readonly input: Input;
}

/** Applies `whatRunReads` to the document alone. */
export function newestGood(document: LedgerDocument, datasets: readonly string[]): Readonly<Record<string, Choice>> {
  const files = Object.entries(document.inputs).map(([key, input]): Candidate => ({ key, input }));
  const published = document.runs.filter(({ publishedAt }) => publishedAt !== null).reverse();

  const chosen = (candidate: Candidate, from: "new" | "read"): Choice => {
    const file = pin(candidate)!;
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
    if (only?.input.decision.outcome === "rejected")
      return { kind: "rejected", key: only.key, reason: only.input.decision.reason };
    if (only) return chosen(only, "new");

    const [newest] = received
      .filter((one) => pin(one) !== null && !isWithdrawn(one.input))
      .sort((a, b) => b.input.decision.lastModified - a.input.decision.lastModified || (a.key < b.key ? -1 : 1));
    if (newest) return chosen(newest, "read");

    for (const { run, inputs } of published) {
      const file = own(inputs, dataset);
      const input = file && document.inputs[file.key];
      if (file && !(input && isWithdrawn(input, file.version)))
        return { kind: "file", from: "earlier", file, lastModified: null, readBy: run };
    }
    return { kind: "absent" };
  };
  return Object.fromEntries(datasets.map((dataset) => [dataset, choose(dataset)]));
}
