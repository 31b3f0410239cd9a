import { join } from "node:path";
import type { Contract } from "../../config/contract.ts";
import type { Answer, GoldRow } from "../../generator/answer.ts";
import { generate } from "../../generator/generate.ts";
import { defaultShares } from "../../generator/shares.ts";
import { dirtyShares } from "../generator/dirtyShares.ts";
import { batches, type Expected, people, severely, together, writeCase } from "./cases.ts";
import { type EngineRun, prepareRun, type RawFiles } from "./engineRuns.ts";
import { shippedTerms, type Terms } from "./oracle.ts";
import { generatedFiles, severe, shippedContract, tolerant } from "./shipped.ts";

/** Raw files, typed, and what was worked out without the oracle. */
export interface Prepared {
  readonly files: RawFiles;
  readonly run: EngineRun;
  readonly terms: Terms;
  readonly expected: Expected;
  /** Rows of user_activity, where they are known. */
  readonly rows?: number;
  /** What the generator knows of its datasets. */
  readonly counts?: Answer["datasets"];
}

const tolerantTerms: Terms = { ...shippedTerms, maxRejected: 100 };
const rejecting: Terms = { violations: "reject", orphans: "reject", maxRejected: 100 };

type Make = (folder: string) => Promise<Prepared>;

const made =
  (
    files: (folder: string) => RawFiles,
    contract: Contract,
    terms: Terms,
    known: Pick<Prepared, "expected" | "rows">,
  ): Make =>
  async (folder) => {
    const raw = files(join(folder, "raw"));
    return { files: raw, run: await prepareRun(folder, raw, contract), terms, ...known };
  };

const generated =
  (shares: typeof defaultShares, contract: Contract, terms: Terms, isKnown: boolean): Make =>
  async (folder) => {
    const directory = join(folder, "raw");
    const { outputs, datasets } = await generate({ records: 5000, seed: 1, directory, shares });
    const { sample, rows } = outputs.user_activity;
    const files = generatedFiles(directory);
    const known = {
      expected: Object.fromEntries(sample.map(({ row }) => [row.user_id, asText(row)])),
      rows,
      counts: datasets,
    };
    // Each file has several parts.
    const run = await prepareRun(folder, files, contract, 200_000);
    return { files, run, terms, ...(isKnown ? known : { expected: {} }) };
  };

const shipped = shippedContract();
const writePeople = (folder: string) => writeCase(folder, together(people));

export const everybody = "users of every kind in one batch";

export const prepared: Readonly<Record<string, Make>> = {
  [everybody]: made(writePeople, tolerant(shipped), tolerantTerms, {
    expected: Object.assign({}, ...Object.values(people).map((made) => made.expected)),
  }),
  "them when what breaks a rule is rejected, and orphans are": made(writePeople, severe(shipped), rejecting, {
    expected: severely,
  }),
  ...Object.fromEntries(
    Object.entries(batches).map(([name, batch]) => [
      name,
      made(
        (folder) => writeCase(folder, batch, batch.as),
        batch.isShipped ? shipped : tolerant(shipped),
        batch.isShipped ? shippedTerms : tolerantTerms,
        batch,
      ),
    ]),
  ),
  "usual generated data": generated(defaultShares, shipped, shippedTerms, true),
  "dirty generated data": generated(dirtyShares, tolerant(shipped), tolerantTerms, true),
  "dirty generated data when what breaks a rule is rejected, and orphans are": generated(
    dirtyShares,
    severe(shipped),
    rejecting,
    false,
  ),
  "dirty generated data that is refused": generated(dirtyShares, shipped, shippedTerms, true),
};

/** The batches whose files are rejected on arrival. */
export const refused: readonly string[] = [
  ...Object.keys(batches).filter((name) => batches[name]!.isRefused),
  "dirty generated data that is refused",
];

/** The generator's row as DuckDB writes it. */
function asText(row: GoldRow): Record<string, string | null> {
  const cells = Object.entries(row).map(([column, value]) => {
    const isTime = column.endsWith("_at") || column === "signup_date";
    return [
      column,
      isTime && value !== null ? value.replace("T", " ").replace("Z", "+00") : value === null ? null : String(value),
    ];
  });
  return Object.fromEntries(cells);
}
