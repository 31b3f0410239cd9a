/**
 * The program under Pulumi's own loader, as `pulumi preview` starts it on a fresh checkout after `npm ci`. Not proven
 * here: the engine and the providers, which need AWS credentials.
 */

import { readFileSync } from "node:fs";
import { expect } from "chai";
import { parse } from "yaml";
import { type Preview, preview } from "./languageHost.ts";
import { runPipeline } from "./pipelineRun.ts";

/** The config that the stack's file holds, as the engine hands it on. */
const configOf = (stack: string): Record<string, string> => parse(readFileSync(`Pulumi.${stack}.yaml`, "utf8")).config;

describe("a preview", function () {
  // The SDK for all of AWS is loaded anew each time, which takes a busy machine its time.
  this.timeout(240_000);
  this.slow(20_000);

  for (const stack of ["dev", "prod"])
    it(`of ${stack} runs with Pulumi's loader and registers everything, while nothing of AWS is known`, async () => {
      const result: Preview = await preview(stack, configOf(stack));
      expect(result.messages).to.deep.equal([]);
      expect(result.code).to.equal(0);
      const { resources, outputs } = await runPipeline({ stack });
      const names = (list: readonly { type: string; name: string }[]) =>
        list.map(({ type, name }) => `${type} ${name}`);
      expect(names(result.registered)).to.have.members(
        names(resources)
          .filter((entry) => !entry.startsWith("pulumi:pulumi:Stack"))
          .concat(`pulumi:pulumi:Stack commerce-${stack}`),
      );
      expect(Object.keys(result.outputs)).to.have.members(Object.keys(outputs));
    });

  it("of a stack that the config does not declare says so in one line", async () => {
    const { code, messages, registered } = await preview("staging", configOf("dev"));
    expect(code).to.not.equal(0);
    expect(messages.join("")).to.equal(
      '"staging" is not an environment of config/pipeline_config.yaml; it declares: dev, prod',
    );
    expect(registered.filter(({ type }) => type !== "pulumi:pulumi:Stack")).to.deep.equal([]);
  });
});
