/** That the committed answers are Spark's, which takes minutes. UPDATE_GENERATED=1 writes them. */
import { expectGenerated } from "../../docs/generatedFile.ts";
import { answersFile, answersText, readAnswers } from "./answers.ts";
import { allCases } from "./cases.ts";
import { askSpark } from "./engines.ts";

describe("Spark", () => {
  it("answers as it is written in answers.jsonl", function () {
    this.timeout(1_200_000);
    const cases = [...allCases().values()];
    expectGenerated(answersFile, answersText(cases, askSpark(cases, readAnswers())));
  });
});
