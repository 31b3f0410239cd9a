/**
 * The contract of the shipped config is committed beside the engine's tests, so that they run with what is deployed.
 * Written by `UPDATE_GENERATED=1 npm test -- tests/config/contract.spec.ts`.
 */
import { contractOf } from "../../config/contract.ts";
import { loadConfig } from "../../config/load.ts";
import { expectGenerated } from "../docs/generatedFile.ts";

describe("the contract of the shipped config", () => {
  it("is what the engine's tests run with", () => {
    const contract = contractOf(loadConfig("config/pipeline_config.yaml", "dev").config);
    expectGenerated("tests/glue/commerce_contract.json", `${JSON.stringify(contract, null, 2)}\n`);
  });
});
