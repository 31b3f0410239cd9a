/**
 * Spark's answers as they are committed. A line holds what several queries have in common, with `…` for the expression.
 * Then come their expressions, each with its type and values.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../../setup/paths.mjs";
import { type Case, sqlOf } from "./cases.ts";
import type { Answer } from "./engines.ts";

export const answersFile = join(root, "tests", "plan", "translation", "answers.jsonl");

export function answersText(cases: readonly Case[], answers: readonly Answer[]): string {
  const lines = new Map<string, string[]>();
  for (const [index, each] of cases.entries()) {
    const common = JSON.stringify(sqlOf({ ...each, expression: "…" }));
    const { type, values } = answers[index]!;
    lines.set(common, [...(lines.get(common) ?? []), JSON.stringify([each.expression, type, values])]);
  }
  return [...lines].flatMap(([common, expressions]) => [common, ...expressions, ""]).join("\n");
}

/** By query. */
export function readAnswers(): ReadonlyMap<string, Answer> {
  const answers = new Map<string, Answer>();
  let common = "";
  for (const line of readFileSync(answersFile, "utf8").split("\n").filter(Boolean)) {
    const read = JSON.parse(line);
    if (typeof read === "string") common = read;
    else
      answers.set(
        common.replace("…", () => read[0]),
        { type: read[1], values: read[2] },
      );
  }
  return answers;
}
