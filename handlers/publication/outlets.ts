import type { Catalog } from "./catalog.ts";
import type { Gold } from "./gold.ts";
import type { Notices } from "./notices.ts";

/** What settle updates after a run has ended: the readers' tables, old output, and people. */
export interface Outlets {
  readonly catalog: Catalog;
  readonly gold: Gold;
  readonly notices: Notices;
}
