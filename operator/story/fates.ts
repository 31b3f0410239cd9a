import type { DatasetReport, RunReport } from "../../handlers/run/report.ts";

/**
 * What became of each dataset's rows, as people count them: a malformed row was read as well, by promote, and was
 * rejected before all others.
 */
export const fatesOf = (report: Pick<RunReport, "datasets"> | null): Readonly<Record<string, DatasetReport>> =>
  Object.fromEntries(
    Object.entries(report?.datasets ?? {}).map(([name, counted]) => {
      const { read, malformed, rejected } = counted;
      return [name, { ...counted, read: read + malformed, rejected: { malformed, ...rejected } }];
    }),
  );
