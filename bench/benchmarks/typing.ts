import { rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../setup/paths.mjs";
import { atMost, defineBenchmark, type Figures, of, usualRounds } from "../benchmark.ts";
import { wellFormedData } from "../data.ts";
import { runOutput } from "../process.ts";

export const typing = defineBenchmark({
  name: "typing",
  summary: "the typing of three files of a million lines, against DuckDB's own copy from JSON to Parquet",
  about: [
    "Both read the same files from disk in one process and declare the same types; DuckDB has one thread. The reader",
    "also checks each line, counts, numbers the rows and takes parts of 64 MiB, as promote does. The data has no",
    "malformed rows, on which DuckDB's copy would fail.",
  ],
  flags: {},
  async prepare(_, { folder, tell }) {
    const input = await wellFormedData(1_000_000, folder, tell);
    const output = join(folder, "output");
    const script = join(root, "bench", "typing", "typing.ts");
    const subject = (name: "reader" | "duckdb") => ({
      name,
      async measure() {
        rmSync(output, { recursive: true, force: true });
        return JSON.parse(
          await runOutput(process.execPath, ["--import", "tsx", script, name, input, output]),
        ) as Figures;
      },
    });
    const line = (what: string, figure: string, unit: "s" | "MB") => ({
      what,
      unit,
      figure: of("reader", figure),
      baseline: { what: "DuckDB's copy", figure: of("duckdb", figure) },
    });
    return {
      rounds: usualRounds,
      subjects: [subject("reader"), subject("duckdb")],
      lines: [
        { ...line("CPU", "cpu", "s"), limit: atMost(1.6) },
        line("time", "seconds", "s"),
        line("peak memory", "peak", "MB"),
      ],
    };
  },
});
