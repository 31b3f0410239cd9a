import type { EngineName } from "../../handlers/ledger/document.ts";

/** The engines as people know them. */
export const engineNames: Readonly<Record<EngineName, string>> = { glue: "Glue", embedded: "DuckDB" };
