/** Compiles plans for the Python tests: each line of the input is `[contract, sql]`, each of the output a plan's text. */
import { createInterface } from "node:readline";
import { compilePlan } from "../../plan/compile.ts";
import { planText } from "../../plan/planText.ts";

createInterface({ input: process.stdin }).on("line", (line) => {
  const [contract, sql] = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(planText(compilePlan(contract, sql)))}\n`);
});
