import type { Contract, DatasetContract, OutputContract } from "./contract.ts";

/** The catalog's tables: one for each output, and one for the typed rows in Silver of each dataset. */

/** No output's name may begin so. */
export const silverPrefix = "silver_";
export const silverTable = (dataset: string): string => `${silverPrefix}${dataset}`;

/** What Silver says of every row beside its columns: in which part of the file it is, from 0, and in which line of that, from 1. */
export const silverColumns = [
  { name: "_part", type: "int" },
  { name: "_line", type: "bigint" },
] as const;

type Columns = OutputContract["columns"];

/** The columns of Silver's table. The catalog has no capital letters; its readers find a file's columns in any case. */
export const silverTableColumns = ({ columns }: Pick<DatasetContract, "columns">): Columns => [
  ...columns.map(({ name, type }) => ({ name: name.toLowerCase(), type: type.toLowerCase() })),
  ...silverColumns,
];

/** Each table that a contract declares, with its columns. */
export const declaredTables = ({
  outputs,
  datasets,
}: Pick<Contract, "outputs" | "datasets">): Readonly<Record<string, Columns>> =>
  Object.fromEntries([
    ...Object.entries(outputs).map(([output, { columns }]) => [output, columns] as const),
    ...Object.entries(datasets).map(
      ([dataset, declared]) => [silverTable(dataset), silverTableColumns(declared)] as const,
    ),
  ]);
