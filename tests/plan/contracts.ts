import type { Contract, ContractColumn, DatasetContract, OutputContract } from "../../config/contract.ts";

export const column = (
  name: string,
  type: string,
  onNull: ContractColumn["onNull"] = "keep",
  ...rules: ContractColumn["rules"]
): ContractColumn => ({ name, type, onNull, rules });

export const dataset = (
  columns: readonly ContractColumn[],
  primaryKey: readonly string[],
  latestBy: string,
  changes: Partial<DatasetContract> = {},
): DatasetContract => ({
  required: true,
  file: "any",
  formats: ["json"],
  columns,
  primaryKey,
  latestBy,
  references: [],
  maxRejected: 5,
  ...changes,
});

export const output = (grain: readonly string[], columns: Readonly<Record<string, string>>): OutputContract => ({
  grain,
  columns: Object.entries(columns).map(([name, type]) => ({ name, type })),
  clusterBy: [],
  balances: [],
});

export const contract = (
  datasets: Readonly<Record<string, DatasetContract>>,
  outputs: Readonly<Record<string, OutputContract>>,
): Contract => ({
  format: 1,
  pipeline: "shop",
  batching: { keyPattern: ".*", maxSpread: 3600, deadline: 86400 },
  schemaEvolution: "additive",
  datasets,
  outputs,
});

/** Each kind of rule, reference, key and check once. */
export const everything = contract(
  {
    sales: dataset(
      [
        column("id", "bigint", "reject"),
        column("line", "int", "fail"),
        column("shop", "string", { default: "it's `new`" }),
        column("seller", "string"),
        column("status", "string", "keep", { allowed: ["new", "it's\\paid"], onViolation: "fail" }),
        column(
          "amount",
          "decimal(8,2)",
          { default: "0" },
          { range: { min: "0", max: "1000.5" }, onViolation: "reject" },
        ),
        column("code", "string", "keep", { pattern: "[A-Z]'{2}", onViolation: "warn" }),
        column("at", "timestamp"),
        column("tags", "array<string>"),
      ],
      ["id", "line"],
      "at",
      {
        maxRejected: 33.3,
        references: [
          { column: "shop", dataset: "shops", orphans: "reject" },
          { column: "seller", dataset: "sellers", orphans: "fail" },
        ],
      },
    ),
    sellers: dataset([column("value", "string", "reject"), column("row_count", "int")], ["value"], "row_count", {
      required: false,
    }),
    shops: dataset([column("shop", "string", "reject"), column("opened", "date")], ["shop"], "opened"),
  },
  {
    per_shop: {
      ...output(["shop"], { shop: "string", amount: "decimal(18,2)" }),
      clusterBy: ["shop"],
      balances: [
        {
          name: "amount",
          input: "select sum(amount) from sales -- all of them",
          output: "select sum(amount) from per_shop",
        },
      ],
    },
  },
);

export const everythingSql = {
  per_shop: "select shop, cast(sum(amount) as decimal(18, 2)) as amount\nfrom sales\ngroup by shop\n",
};
