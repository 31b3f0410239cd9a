import { join } from "node:path";
import { maximumRecords } from "../../generator/generate.ts";
import { root, venvPython } from "../../setup/paths.mjs";
import { atLeast, defineBenchmark, of, usualRounds } from "../benchmark.ts";
import { timed } from "../process.ts";

const datasets = 3;

export const generator = defineBenchmark({
  name: "generator",
  summary: "npm run generate against a Python loop that writes the same records with json.dumps",
  about: [
    "Both are timed as processes, including their start. The loop draws the same fields but no faults, and it does not",
    "count what it wrote.",
  ],
  flags: {
    records: { kind: "integer", minimum: 1, maximum: maximumRecords, help: "lines of each file (default 1000000)" },
  },
  async prepare({ records = 1_000_000 }, { folder }) {
    const measured = async (command: string, ...args: string[]) => {
      const out = join(folder, "data");
      const all = [...args, "--records", String(records), "--out", out];
      const figures = await timed(join(folder, "run.log"), command, all);
      return { ...figures, rate: (datasets * records) / figures.seconds };
    };
    return {
      rounds: usualRounds,
      subjects: [
        {
          name: "generator",
          measure: () => measured(process.execPath, "--import", "tsx", join(root, "scripts", "generate.ts")),
        },
        { name: "loop", measure: () => measured(venvPython, join(root, "bench", "generator", "loop.py")) },
      ],
      lines: [
        {
          what: "speed",
          unit: "records/s",
          figure: of("generator", "rate"),
          baseline: { what: "json.dumps loop", figure: of("loop", "rate") },
          limit: atLeast(8),
        },
        {
          what: "CPU",
          unit: "s",
          figure: of("generator", "cpu"),
          baseline: { what: "json.dumps loop", figure: of("loop", "cpu") },
        },
        {
          what: "peak memory",
          unit: "MB",
          figure: of("generator", "peak"),
          baseline: { what: "json.dumps loop", figure: of("loop", "peak") },
        },
      ],
    };
  },
});
