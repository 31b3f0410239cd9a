import { HeadObjectCommand } from "@aws-sdk/client-s3";
import type { LedgerDocument } from "../../handlers/ledger/document.ts";
import { type Choice, newestGood } from "../../handlers/ledger/newestGood.ts";
import type { Rules } from "../../handlers/ledger/rules.ts";
import { statusOf } from "../../handlers/storage.ts";
import type { Target } from "../stack/target.ts";
import { foresee, Refused } from "./foresee.ts";

/** What an operator's run of a batch would read, and whether the ledger would allow it. */
export interface RunPreview {
  /** Why the order would be refused; null when it would not. */
  readonly refused: string | null;
  /** One for each declared dataset, in the order of the contract. */
  readonly datasets: readonly DatasetPreview[];
}

export interface DatasetPreview {
  readonly dataset: string;
  /** `new`, `read` and `earlier` name a file, the others say why there is none. */
  readonly choice: Extract<Choice, { kind: "file" }>["from"] | Exclude<Choice["kind"], "file">;
  readonly key: string | null;
  readonly version: string | null;
  /** When it was uploaded, milliseconds since the epoch; null when it is not known. */
  readonly lastModified: number | null;
  /** The newest published run that has read it. */
  readonly readBy: number | null;
}

/** From the document alone, which knows the time of upload only for the newest version of a key. */
export function previewOf(batch: string, document: LedgerDocument, rules: Rules): RunPreview {
  return {
    refused: refusalOf(batch, document, rules),
    datasets: Object.entries(newestGood(document, rules)).map(([dataset, choice]) => {
      const nothing = { dataset, key: null, version: null, lastModified: null, readBy: null };
      if (choice.kind === "stale") return { ...nothing, choice: "stale", key: choice.key, version: choice.version };
      if (choice.kind !== "file") return { ...nothing, choice: choice.kind };
      const { from, file, lastModified, readBy } = choice;
      return { dataset, choice: from, key: file.key, version: file.version, lastModified, readBy };
    }),
  };
}

/** The same, with the times that Bronze knows. */
export async function readPreview(
  target: Pick<Target, "s3" | "names">,
  batch: string,
  document: LedgerDocument,
  rules: Rules,
): Promise<RunPreview> {
  const preview = previewOf(batch, document, rules);
  const dated: DatasetPreview[] = [];
  for (const one of preview.datasets) {
    const isDated = one.lastModified !== null || one.key === null || one.version === null;
    dated.push(isDated ? one : { ...one, lastModified: await uploadedAt(target, one.key, one.version) });
  }
  return { ...preview, datasets: dated };
}

function refusalOf(batch: string, document: LedgerDocument, rules: Rules): string | null {
  try {
    foresee(batch, document, { operation: "run" }, rules);
    return null;
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
}

/** Null when Bronze no longer has the version or denies access. Only a file that is typed again has to be there. */
async function uploadedAt(
  { s3, names }: Pick<Target, "s3" | "names">,
  Key: string,
  VersionId: string,
): Promise<number | null> {
  try {
    const { LastModified } = await s3.send(new HeadObjectCommand({ Bucket: names.bronzeBucket, Key, VersionId }));
    return LastModified?.getTime() ?? null;
  } catch (error) {
    if ([403, 404].includes(statusOf(error) ?? 0)) return null;
    throw error;
  }
}

const missing = {
  absent: "nothing",
  ambiguous: "not decided: it has several new files",
  rejected: "not decided: its new file was rejected",
  expired: "not decided: its file can't be typed for the deployed contract any more",
} as const;

/** `users: 2026-11-22/users.json of 2026-11-23T06:00:00Z, read by run 2, version 3sL4`, for each dataset. */
export const previewText = ({ datasets }: RunPreview): string[] =>
  datasets.map(({ dataset, choice, key, version, lastModified, readBy }) => {
    if (choice in missing) return `${dataset}: ${missing[choice as keyof typeof missing]}`;
    const uploaded = lastModified === null ? "" : ` of ${new Date(lastModified).toISOString().slice(0, 19)}Z`;
    const reader =
      choice === "stale"
        ? "typed for the deployed contract first"
        : choice === "new"
          ? "new"
          : readBy === null
            ? "read before"
            : `read by run ${readBy}`;
    return `${dataset}: ${key}${uploaded}, ${reader}, version ${version}`;
  });
