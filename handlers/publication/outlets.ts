import type { Catalog } from "./catalog.ts";
import type { Gold } from "./gold.ts";
import type { Notices } from "./notices.ts";

/** What follows the ledger once a run has ended, at the hands of settle: readers' tables, old output, people. */
export interface Outlets {
  readonly catalog: Catalog;
  readonly gold: Gold;
  readonly notices: Notices;
}
