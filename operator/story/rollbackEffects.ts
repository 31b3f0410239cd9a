import { own } from "../../config/plain.ts";

/** Table to its columns. */
type Tables = Readonly<Record<string, readonly { readonly name: string; readonly type: string }[]>>;

/** A run with the tables in which it can be shown. */
interface Shown {
  readonly run: number;
  readonly tables: Tables;
}

/**
 * What a rollback changes for readers apart from the rows, as sentences without a capital letter; empty when they keep
 * every table and column.
 * @param from what they see
 * @param to what they will see
 * @param today the tables that are there, through which they will see it
 */
export function rollbackEffects(from: Shown, to: Shown, today: Tables): string[] {
  const run = `run ${to.run}`;
  return [...new Set([...Object.keys(from.tables), ...Object.keys(to.tables)])].flatMap((name): string[] => {
    const [before, after, table] = [own(from.tables, name), own(to.tables, name), own(today, name)];
    if (!table) return after ? [`shows nothing of ${name}, which has no table today`] : [];
    if (!after) return [`takes the partition of ${name} away: ${run} has none`];
    const differences = columnDifferences(run, after, table);
    return [
      ...(before ? [] : [`brings the partition of ${name} back, which run ${from.run} lacks`]),
      ...(differences.length > 0
        ? [`shows ${name} with other columns than its table has today: ${differences.join(", ")}`]
        : []),
    ];
  });
}

function columnDifferences(run: string, shown: Tables[string], table: Tables[string]): string[] {
  const there = new Map(shown.map(({ name, type }) => [name, type]));
  const known = new Set(table.map(({ name }) => name));
  const wrong = table.flatMap(({ name, type }) => {
    const was = there.get(name);
    if (was === undefined) return [`${name} is null, as ${run} did not have it`];
    return was === type ? [] : [`${name} was written as ${was} and is declared ${type}`];
  });
  const hidden = shown.filter(({ name }) => !known.has(name)).map(({ name }) => `${name} is not shown`);
  return [...wrong, ...hidden];
}
