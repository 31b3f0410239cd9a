import { defineBenchmark, usualRounds } from "../benchmark.ts";
import { deploy } from "../lambda/bundle.ts";
import { loadLines, loadSubjects } from "../lambda/loading.ts";

export const settle = defineBenchmark({
  name: "settle",
  summary: "the settle function's bundle against its SDK clients alone: size, init, memory",
  about: [
    "Each load is a process of its own, on the functions' Node. It does not show Lambda's own share of an init, nor its",
    "processor.",
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
