import type { Prepared, Round } from "./benchmark.ts";

/** Measures every subject once per round, one after another, so that changes in the machine's load affect all alike. */
export async function measure(
  { rounds, subjects }: Pick<Prepared, "rounds" | "subjects">,
  tell: (text: string) => void,
): Promise<Round[]> {
  const measured: Round[] = [];
  for (let round = 1; round <= rounds; round++) {
    const figures: Record<string, Round[string]> = {};
    for (const { name, measure } of subjects) {
      tell(`round ${round} of ${rounds}: ${name}`);
      figures[name] = await measure();
    }
    measured.push(figures);
  }
  return measured;
}
