import { defineBenchmark, usualRounds } from "../benchmark.ts";
import { deploy } from "../lambda/bundle.ts";
import { loadLines, loadSubjects } from "../lambda/loading.ts";

export const settle = defineBenchmark({
  name: "settle",
  summary: "the settle function's bundle against its SDK clients alone: size, init, memory",
  about: [
    "Each load is a separate process on the functions' Node. The figures do not include Lambda's own part of an init",
    "or its processor.",
  ],
  flags: {},
  async prepare(_, { folder }) {
    const [bundle, clients] = await Promise.all([
      deploy(folder, "settle", "handlers/settle/index.ts"),
      deploy(folder, "clients", "bench/lambda/settleClients.ts"),
    ]);
    return { rounds: usualRounds, subjects: loadSubjects(bundle, clients, folder), lines: loadLines };
  },
});
