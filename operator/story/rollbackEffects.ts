import { own } from "../../config/plain.ts";
import type { OutputColumns, Run } from "../../handlers/ledger/document.ts";

type Made = Pick<Run, "run" | "outputs">;

/**
 * What a rollback changes for readers apart from the rows, as sentences without a capital letter; empty when they keep
 * every output and column.
 * @param from what they see
 * @param to what they will see
 * @param tableColumns today's tables, through which they will see it
 */
export function rollbackEffects(from: Made, to: Made, tableColumns: OutputColumns): string[] {
  const run = `run ${to.run}`;
  return [...new Set([...Object.keys(from.outputs), ...Object.keys(to.outputs)])].flatMap((output): string[] => {
    const [before, after, table] = [own(from.outputs, output), own(to.outputs, output), own(tableColumns, output)];
    if (!table) return after ? [`shows nothing of output ${output}, which has no table today`] : [];
    if (!after) return [`takes the partition of output ${output} away: ${run} did not make it`];
    const differences = columnDifferences(run, after, table);
    return [
      ...(before ? [] : [`brings the partition of output ${output} back, which run ${from.run} did not make`]),
      ...(differences.length > 0
        ? [`shows output ${output} with other columns than its table has today: ${differences.join(", ")}`]
        : []),
    ];
  });
}

function columnDifferences(run: string, made: OutputColumns[string], table: OutputColumns[string]): string[] {
  const written = new Map(made.map(({ name, type }) => [name, type]));
  const known = new Set(table.map(({ name }) => name));
  const wrong = table.flatMap(({ name, type }) => {
    const was = written.get(name);
    if (was === undefined) return [`${name} is null, as ${run} did not write it`];
    return was === type ? [] : [`${name} was written as ${was} and is declared ${type}`];
  });
  const hidden = made.filter(({ name }) => !known.has(name)).map(({ name }) => `${name} is not shown`);
  return [...wrong, ...hidden];
}
