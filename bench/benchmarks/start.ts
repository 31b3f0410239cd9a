import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../setup/paths.mjs";
import type { Summary } from "../../start/summary.ts";
import { atMost, defineBenchmark, type Line, of, usualRounds } from "../benchmark.ts";
import { timed } from "../process.ts";

const parts: Readonly<Record<keyof Summary["seconds"], string>> = {
  setup: "the local AWS",
  generate: "the data",
  upload: "upload",
  uploadToPublished: "from upload to published",
  total: "to the result, without the report",
};

export const start = defineBenchmark({
  name: "start",
  summary: "npm start with its default data, when everything is set up and generated",
  about: ["The first call in a checkout is not included: npm run bench -- setup shows how long that takes."],
  flags: {},
  async prepare(_, { folder, tell }) {
    const out = join(folder, "out");
    const run = () =>
      timed(join(folder, "start.log"), process.execPath, [join(root, "scripts", "run.mjs"), "start", "--out", out]);
    tell("data is made");
    await run();
    const lines = Object.entries(parts).map(([part, what]): Line => ({ what, unit: "s", figure: of("start", part) }));
    return {
      rounds: usualRounds,
      subjects: [
        {
          name: "start",
          async measure() {
            const { seconds: whole, cpu } = await run();
            const { seconds } = JSON.parse(readFileSync(join(out, "summary.json"), "utf8")) as Summary;
            return { ...seconds, whole, cpu };
          },
        },
      ],
      lines: [
        { what: "npm start", unit: "s", figure: of("start", "whole"), limit: atMost(75, "figure") },
        ...lines,
        { what: "CPU", unit: "s", figure: of("start", "cpu") },
      ],
    };
  },
});
