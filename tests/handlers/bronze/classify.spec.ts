import { expect } from "chai";
import { contractOf } from "../../../config/contract.ts";
import { loadConfig } from "../../../config/load.ts";
import { classify } from "../../../handlers/bronze/classify.ts";

describe("classification of Bronze keys", () => {
  const { config } = loadConfig("config/pipeline_config.yaml", "dev");
  const contract = contractOf(config);
  const of = (key: string) => classify(key, contract);

  it("puts a file at the root into the rolling batch", () => {
    expect(of("users.json")).to.deep.equal({ kind: "ours", batch: "current", dataset: "users", format: "json" });
  });

  it("puts a file in a folder into the batch of that name, gzip or not", () => {
    expect(of("2026-11-23/orders.json.gz")).to.deep.equal({
      kind: "ours",
      batch: "2026-11-23",
      dataset: "orders",
      format: "json.gz",
    });
  });

  const skips: [string, RegExp][] = [
    ["2026-11-23/", /folder marker/],
    ["2026-11-23/eu/users.json", /2 folders deep; .*one folder/],
    ["/users.json", /not a batch name/],
    ["current/users.json", /"current" .* lie at the root; upload it to the root/],
    ["monday/users.json", /not a batch name/],
    ["x2026-11-23/users.json", /not a batch name/],
    ["2026-11-23x/users.json", /not a batch name/],
    ["users.csv", /rename it to users.json if that is meant; declared: users.json, users.json.gz, events.json/],
    ["users.jsn", /rename it to users.json if/],
    ["user.json", /rename it to users.json if/],
    ["Users.json", /rename it to users.json if/],
    ["2026-11-23/order.json.gz", /rename it to orders.json.gz if/],
    ["users.json.zip", /rename it to users.json.gz if/],
    ["users.json ", /rename it to users.json if/],
    ["users.json.bak", /rename it to users.json(.gz)? if/],
    ["__proto__", /no dataset .*; name it as declared: users.json/],
    ["readme.md", /name it as declared/],
  ];
  for (const [key, reason] of skips)
    it(`skips ${JSON.stringify(key)}`, () => {
      const named = of(key);
      expect(named.kind).to.equal("skipped");
      expect(named.kind === "skipped" && `${named.reason}; ${named.fix}`).to.match(reason);
    });

  it("holds batch names to the general form even where the declared pattern is wider", () => {
    const wide = { ...contract, batching: { ...contract.batching, keyPattern: ".*" } };
    for (const folder of ["_2026", ".2026", "a b", `a${"b".repeat(64)}`, "ä"])
      expect(classify(`${folder}/users.json`, wide).kind, folder).to.equal("skipped");
    expect(classify(`${"b".repeat(64)}/users.json`, wide).kind).to.equal("ours");
  });
});
