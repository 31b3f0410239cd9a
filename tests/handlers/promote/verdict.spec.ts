import { expect } from "chai";
import { parseColumnType } from "../../../config/columnType.ts";
import type { ContractColumn } from "../../../config/contract.ts";
import { driftOf, verdictOn } from "../../../handlers/promote/verdict.ts";
import { column, contract, dataset } from "../../plan/contracts.ts";
import { textOf, typeFile } from "../reader/typed.ts";

describe("fields that are new, columns that are gone and types that changed", function () {
  this.timeout(60_000);

  const columns = [
    column("id", "string", "reject"),
    column("at", "timestamp"),
    column("amount", "decimal(8,2)"),
    column("home", "struct<city:string>"),
  ];
  const drifted = [
    '{"id": "a", "amount": "1.50", "home": {"city": "x", "zip": "inside is not looked at"}, "coupon": "X1"}',
    '{"id": "b", "amount": "12,50", "coupon": "X3", "gift": {"of": [1, "b"]}}',
    '{"id": "c", "amount": 3, "coupon": null, "home": null, "a.b": 5}',
    '{"id": "d", "amount": "9", "jo@mail.org": 1, "his mail": 1, "%s": "long"}',
    '{"id": "e", "0815": 1}',
    `{"id": "f", "${"n".repeat(100)}": 1}`,
  ];

  async function judged(
    lines: readonly string[],
    schemaEvolution: "strict" | "additive" | "ignore-unknown",
    declared = columns,
  ) {
    const typed = declared.map(({ name, type }: ContractColumn) => ({ name, type: parseColumnType(type) }));
    const { findings } = await typeFile(typed, textOf(Buffer.from(lines.join("\n"))));
    const drift = driftOf(findings, declared);
    const { datasets } = contract({ things: dataset(declared, ["id"], "id", { maxRejected: 100 }) }, {});
    return { drift, fault: verdictOn(findings, drift, "things", { datasets, schemaEvolution }, "line") };
  }

  it("are told by name and without a value, and are no fault of themselves", async () => {
    for (const evolution of ["additive", "ignore-unknown"] as const)
      expect(await judged(drifted, evolution)).to.deep.equal({
        drift: {
          undeclared: [
            { name: "(a name that is no identifier)", rows: 4 },
            { name: "coupon", rows: 3 },
            { name: "a.b", rows: 1 },
            { name: "gift", rows: 1 },
            { name: "n".repeat(64), rows: 1 },
          ],
          absent: ["at"],
          changed: [],
        },
        fault: null,
      });
  });

  it("are all named in one reason where the contract is strict", async () => {
    const { drift, fault } = await judged([...drifted.slice(0, 4), drifted[1]!], "strict");
    expect(drift.changed).to.deep.equal([{ name: "amount", found: "text", rows: 4 }]);
    expect(fault).to.deep.include({
      code: "schema_changed",
      reason:
        "strict: fields that no column declares: coupon (4 rows), (a name that is no identifier) (3 rows), gift (2 rows), a.b (1 rows); no row has at; another type in most rows: amount (text in 4 rows)",
    });
    const sound = ['{"id": "a", "amount": 1}', '{"id": "b", "amount": "x"}', '{"id": "c", "amount": null}'];
    expect((await judged(sound, "strict", [columns[0]!, columns[2]!])).fault).to.equal(null);
  });

  it("are a fault under ignore-unknown where a column that may not be null is in no row", async () => {
    const needed = [...columns, column("user", "string", "reject")];
    expect((await judged(['{"id": "a", "at": null}'], "ignore-unknown", needed)).fault).to.deep.include({
      code: "schema_changed",
      reason: "ignore-unknown: no row has user",
    });
    expect((await judged(['{"id": "a", "at": null}'], "additive", needed)).fault).to.equal(null);
  });

  it("are told apart among more than 64 columns, whatever the rows that pass the gate have", async () => {
    const many = [columns[0]!, ...Array.from({ length: 130 }, (_, index) => column(`c${index}`, "integer"))];
    const absent = ["c61", "c62", "c63", "c125"];
    const present = many.filter(({ name }) => !absent.includes(name));
    const row = JSON.stringify(Object.fromEntries(present.map(({ name }) => [name, name === "id" ? "a" : 1])));
    expect((await judged([row, '{"id": "b"}'], "additive", many)).drift.absent).to.deep.equal(absent);
  });
});
