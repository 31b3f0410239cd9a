import { generate, maximumRecords } from "../generator/generate.ts";
import { createProgress } from "../generator/progress.ts";
import { parseFlags, UsageError, usage } from "../terminal/flags.ts";

const flags = {
  records: { kind: "integer", minimum: 1, maximum: maximumRecords, help: "lines of each file (default 1000000)" },
  seed: { kind: "integer", minimum: 0, maximum: 4294967295, help: "the same seed gives the same bytes (default 42)" },
  out: { kind: "text", help: "folder for users.json, events.json, orders.json and answer.json (required)" },
} as const;

async function main(args: readonly string[]): Promise<void> {
  if (args.includes("--help")) return console.log(usage("npm run generate -- --out DIR [flags]", flags));
  const { records = 1_000_000, seed = 42, out } = parseFlags(args, flags);
  if (out === undefined) throw new UsageError("--out is required: the folder to write to");
  const started = Date.now();
  const onProgress = createProgress(process.stderr, records);
  const answer = await generate({ records, seed, directory: out, onProgress }).catch((error) => {
    if (["EEXIST", "ENOTDIR", "EACCES", "EROFS"].includes(error.code))
      throw new UsageError(`--out ${out} can't be written to: ${error.message}`);
    throw error;
  });
  const seconds = (Date.now() - started) / 1000;
  const bytes = Object.values(answer.files).reduce((sum, file) => sum + file.bytes, 0);
  console.log(
    `${out}: 3 files of ${records.toLocaleString("en")} records, ${(bytes / 1e6).toFixed(1)} MB in ${seconds.toFixed(1)} s; ` +
      `the known answer is in answer.json`,
  );
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
