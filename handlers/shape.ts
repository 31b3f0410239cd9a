import { createHash } from "node:crypto";
import type { Contract, DatasetContract } from "../config/contract.ts";

/** Grows with each change of what the reader makes of a row. */
export const readerVersion = 1;

const hash = (parts: unknown) => createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);

const typesOf = ({ columns }: DatasetContract) => columns.map(({ name, type }) => [name, type]);

/** What the rows of a file depend on: rows under another row shape are other rows. */
export const rowShapeOf = (dataset: DatasetContract, reader = readerVersion): string =>
  hash([reader, typesOf(dataset)]);

/** What the typing of a file depends on, its verdict too. A file is typed again before a run of another shape reads it. */
export const shapeOf = (
  dataset: DatasetContract,
  { schemaEvolution }: Pick<Contract, "schemaEvolution">,
  reader = readerVersion,
): string => {
  const { columns, maxRejected } = dataset;
  return hash([rowShapeOf(dataset, reader), schemaEvolution, maxRejected, columns.map(({ onNull }) => onNull)]);
};

/** Dataset to its shape. */
export const shapesOf = (contract: Contract, reader = readerVersion): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(contract.datasets).map(([name, dataset]) => [name, shapeOf(dataset, contract, reader)]),
  );
