/**
 * What a caller who may start the job can change by arguments, according to the job's declaration and AWS's list of
 * arguments. AWS documents that fixed arguments win: "job NonOverridableArguments will override job run Arguments".
 */
import { expect } from "chai";
import { type DeclaredStack, declaredStack } from "./declared.ts";
import { deadArguments, glueArguments, scriptArguments, settableArguments } from "./jobArguments.ts";

for (const name of ["dev", "prod"])
  describe(`the job's arguments in ${name}`, () => {
    let stack: DeclaredStack;
    before(async () => {
      stack = await declaredStack(name);
    });
    const without = (argument: string): DeclaredStack => {
      const { [argument]: _, ...fixed } = stack.jobArguments.fixed;
      return { ...stack, jobArguments: { ...stack.jobArguments, fixed } };
    };

    it("leave a run its manifest and the manifest's digest to say", () => {
      expect(settableArguments(stack)).to.deep.equal(["--manifest", "--manifest_sha256"]);
      expect(stack.jobArguments.defaults).to.deep.equal({});
    });

    it("are all fixed for a reason, so that none could be missing unnoticed", () => {
      expect(deadArguments(stack)).to.deep.equal([]);
      for (const argument of Object.keys(stack.jobArguments.fixed))
        expect(settableArguments(without(argument)), argument).to.include(argument);
    });

    it("name the buckets that the script believes", () => {
      const { fixed } = stack.jobArguments;
      expect([fixed["--ledger_bucket"], fixed["--artifacts_bucket"]]).to.deep.equal([
        stack.names.ledgerBucket,
        stack.names.artifactsBucket,
      ]);
    });
  });

describe("the job's script", () => {
  it("reads these arguments", () => {
    expect(scriptArguments).to.deep.equal([
      "--JOB_NAME",
      "--JOB_RUN_ID",
      "--artifacts_bucket",
      "--ledger_bucket",
      "--manifest",
      "--manifest_sha256",
    ]);
  });

  it("gives none of its own a name of Glue's", () => {
    const glues = scriptArguments.filter((name) => Object.hasOwn(glueArguments, name));
    expect(glues).to.deep.equal(["--JOB_NAME", "--JOB_RUN_ID"]);
  });
});
