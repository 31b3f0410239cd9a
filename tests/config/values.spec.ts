import { readFileSync } from "node:fs";
import { expect } from "chai";
import { contractOf } from "../../config/contract.ts";
import { loadConfig } from "../../config/load.ts";
import { differences, problemsOf } from "../../config/validate.ts";
import { changedConfig } from "./changedConfig.ts";

const currency = '{ type: string, onNull: keep, rules: [{ pattern: "[A-Z]{3}", onViolation: warn }] }';
const original = `currency:\n        type: string\n        onNull: keep\n        rules: [{ pattern: "[A-Z]{3}", onViolation: warn }]`;
/** The shipped config, whose column `currency` is declared otherwise. */
const withColumn = (declared: string) => changedConfig({ [original]: `currency: ${declared}` });
const contracted = (file: string) => {
  const { name, type, ...rest } = contractOf(loadConfig(file, "dev").config).datasets.orders!.columns.find(
    (column) => column.name === "currency",
  )!;
  return rest;
};
const withDefault = (type: string, value: string) => withColumn(`{ type: "${type}", onNull: { default: ${value} } }`);
const withRange = (type: string, min: string, max: string) =>
  withColumn(
    `{ type: "${type}", onNull: keep, rules: [{ range: { min: ${min}, max: ${max} }, onViolation: reject }] }`,
  );
const withAllowed = (type: string, ...values: string[]) =>
  withColumn(`{ type: "${type}", onNull: keep, rules: [{ allowed: [${values.join(", ")}], onViolation: reject }] }`);
/** What is wrong with the column, each without the file and the column's path. */
const said = async (file: string): Promise<string[]> =>
  (await problemsOf(file)).map((line) => line.replace(/^.*?:\d+:\d+ datasets\.orders\.columns\.currency\./, ""));

describe("the values that the config gives for columns", () => {
  it("declares the column as the shipped file does, but for its form", () => {
    expect(contracted(withColumn(currency))).to.deep.equal(contracted("config/pipeline_config.yaml"));
  });

  for (const [type, written, text] of [
    ["long", "9007199254740993", "9007199254740993"],
    ["long", "-9223372036854775808", "-9223372036854775808"],
    ["long", "9223372036854775807", "9223372036854775807"],
    ["long", "0x7fffffffffffffff", "9223372036854775807"],
    ["integer", "0o17", "15"],
    ["integer", "+7", "7"],
    ["integer", "-0", "0"],
    ["integer", "1e3", "1000"],
    ["decimal(21,2)", "1234567890123456789.12", "1234567890123456789.12"],
    ["decimal(38,38)", ".00000000000000000000000000000000000001", "0.00000000000000000000000000000000000001"],
    ["decimal(3,1)", "1.50", "1.5"],
    ["decimal(2,2)", "-0.25", "-0.25"],
    ["double", "1e-7", "0.0000001"],
    ["double", "1.5e300", `15${"0".repeat(299)}`],
    ["string", '"007"', "007"],
    ["boolean", "false", false],
    ["date", "2024-02-29", "2024-02-29"],
    ["timestamp", "2024-02-29", "2024-02-29"],
    ["timestamp", "2024-02-29 23:59", "2024-02-29 23:59"],
    ["timestamp", "2024-02-29T23:59Z", "2024-02-29T23:59:00Z"],
    ["timestamp", "2024-02-29T23:59+05:30", "2024-02-29T23:59:00+05:30"],
    ["timestamp", "2024-02-29T23:59:58.123456-18:00", "2024-02-29T23:59:58.123456-18:00"],
    ["timestamp", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"],
    ["timestamp", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"],
  ] as const)
    it(`keep every digit in the contract: ${written} in a column of type ${type}`, () => {
      expect(contracted(withDefault(type, written))).to.deep.equal({ onNull: { default: text }, rules: [] });
    });

  it("keep every digit of bounds and allowed values, also where an environment overrides them", () => {
    expect(contracted(withRange("long", "-9007199254740993", "9223372036854775807")).rules).to.deep.equal([
      { range: { min: "-9007199254740993", max: "9223372036854775807" }, onViolation: "reject" },
    ]);
    expect(contracted(withAllowed("long", "175928847299117063", "175928847299117064")).rules).to.deep.equal([
      { allowed: ["175928847299117063", "175928847299117064"], onViolation: "reject" },
    ]);
    const overridden = changedConfig({
      "  dev:\n":
        "  dev:\n    datasets: { orders: { columns: { order_amount: { onNull: { default: 1234567890.12 } } } } }\n",
    });
    const column = contractOf(loadConfig(overridden, "dev").config).datasets.orders!.columns[3]!;
    expect(column.onNull).to.deep.equal({ default: "1234567890.12" });
  });

  it("are shown with their digits where environments differ", () => {
    const path = "datasets.orders.columns.order_amount.onNull.default";
    const file = changedConfig({
      "type: decimal(12,2)": "type: decimal(30,2)",
      "  dev:\n": `  dev:\n    datasets: { orders: { columns: { order_amount: { onNull: { default: 9007199254740993.5 } } } } }\n`,
    });
    expect(differences(file, "dev", "prod")).to.deep.include({ path, left: "9007199254740993.5", right: "0" });
  });

  it("are compared as what they are", async () => {
    const problem = "rules.0.range: min is greater than max, so no value could be in the range";
    expect(await said(withRange("long", "9007199254740993", "9007199254740992"))).to.deep.equal([problem]);
    expect(await said(withRange("decimal(4,1)", "10", "9.5"))).to.deep.equal([problem]);
    expect(await said(withRange("date", "2025-01-02", "2025-01-01"))).to.deep.equal([problem]);
    expect(await said(withRange("timestamp", "2025-01-01T00:00Z", "2025-01-01 00:30+01:00"))).to.deep.equal([problem]);
    expect(await said(withRange("timestamp", "2025-01-01T00:00Z", "2025-01-01"))).to.deep.equal([]);
    expect(await said(withRange("integer", "9", "10"))).to.deep.equal([]);
  });

  const cases: [type: string, written: string, problem: string][] = [
    ["integer", "3000000000", "must lie between -2147483648 and 2147483647; 3000000000 needs long"],
    ["integer", "-2147483649", "must lie between -2147483648 and 2147483647; -2147483649 needs long"],
    [
      "long",
      "9223372036854775808",
      "must lie between -9223372036854775808 and 9223372036854775807; 9223372036854775808 needs decimal(19,0)",
    ],
    ["long", "0.5", "must be a whole number"],
    ["integer", '"5"', "must be a number; write it without quotes"],
    ["integer", "many", "must be a number"],
    ["integer", "true", "must be a number"],
    ["decimal(4,2)", "12345", "must have at most 2 digits before the point; 12345 needs decimal(7,2)"],
    ["decimal(4,2)", "100.25", "must have at most 2 digits before the point; 100.25 needs decimal(5,2)"],
    ["decimal(4,2)", "0.125", "must have at most 2 digits behind the point; 0.125 needs decimal(5,3)"],
    ["decimal(38,0)", "1e38", `must have at most 38 digits before the point`],
    ["double", "1e309", "must lie between -1.7976931348623157e+308 and 1.7976931348623157e+308"],
    ["boolean", "yes", "must be true or false"],
    ["boolean", "1", "must be true or false"],
    ["string", "7", "must be a text; write it in quotes"],
    ["string", "true", "must be a text; write it in quotes"],
    ["date", "2025-02-29", "must be a day such as 2025-03-31"],
    ["date", "2025-2-1", "must be a day such as 2025-03-31"],
    ["date", "0000-01-01", "must be a day such as 2025-03-31"],
    ["date", "10000-01-01", "must be a day such as 2025-03-31"],
    ["date", "2025-01-01T00:00:00Z", "must be a day such as 2025-03-31"],
    ["date", "20250101", "must be a day such as 2025-03-31"],
    ...[
      "tomorrow",
      "2024-13-45",
      "2025-01-01T24:00",
      "2025-01-01T10",
      "2025-01-01T10:00:60",
      "2025-01-01T10:00:00.1234567",
      "2025-01-01T10:00:00 BST",
      "2025-01-01T10:00:00+18:01",
      "0001-01-01T00:00:00+01:00",
      "9999-12-31T23:59:59-05:00",
    ].map((written): [string, string, string] => [
      "timestamp",
      written,
      "must be a time such as 2025-03-31T08:30:00Z, exact to a microsecond at most, or a day",
    ]),
    ["array<string>", "a", "must be left out; only a column of single values can have one"],
    ["struct<a:string>", "a", "must be left out; only a column of single values can have one"],
  ];
  for (const [type, written, problem] of cases)
    it(`are refused where the type can't hold them: ${written} in a column of type ${type}`, async () => {
      expect(await said(withDefault(type, written))).to.deep.equal([
        `onNull.default: the default of a column of type ${type} ${problem}`,
      ]);
      expect(await said(withAllowed(type, written))).to.deep.equal([
        `rules.0.allowed.0: the allowed value of a column of type ${type} ${problem}`,
      ]);
    });

  it("are refused as bounds too, each at its place in the file", async () => {
    const file = withRange("timestamp", "2024-13-45", "tomorrow");
    const text = readFileSync(file, "utf8").split("\n");
    const line = text.findIndex((one) => one.includes("2024-13-45")) + 1;
    const [at, of] = [text[line - 1]!.indexOf("2024-13-45") + 1, text[line - 1]!.indexOf("tomorrow") + 1];
    const rest =
      "the bound of a column of type timestamp must be a time such as 2025-03-31T08:30:00Z, exact to a microsecond at most, or a day";
    expect(await problemsOf(file)).to.deep.equal([
      `${file}:${line}:${at} datasets.orders.columns.currency.rules.0.range.min: ${rest}`,
      `${file}:${line}:${of} datasets.orders.columns.currency.rules.0.range.max: ${rest}`,
    ]);
  });

  it("are refused where they are no value at all", async () => {
    for (const written of [".inf", ".nan", "1e9999", "[1]", "null"])
      expect(await said(withAllowed("double", written)), written).to.deep.equal([
        "rules.0.allowed.0: must be a text, a number, true or false",
      ]);
  });

  it("leave every other number as it was, but for one with too many digits", async () => {
    const [problem] = await problemsOf(changedConfig({ "workers: 2 #": "workers: 12345678901234567890 #" }));
    expect(problem).to.match(/ glue\.workers: has too many digits for a setting: 12345678901234567890 \(in dev\)$/);
  });
});
