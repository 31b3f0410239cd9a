/** `type.ts INPUT OUTPUT`: types the three files one after the other, and writes the manifest of a run on them. */
import { prepareRun } from "../../tests/oracle/engineRuns.ts";
import { generatedFiles, shippedContract } from "../../tests/oracle/shipped.ts";

const [input, output] = process.argv.slice(2);
await prepareRun(output!, generatedFiles(input!), shippedContract());
