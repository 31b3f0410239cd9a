/** A function that reaches DuckDB only when it is called, as promote does. */
export async function handler(): Promise<unknown> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const answer = await connection.runAndReadAll("select 42");
  connection.closeSync();
  instance.closeSync();
  return answer.getRows()[0]![0];
}
