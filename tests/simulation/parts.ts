import type { SettleEvent } from "../../handlers/settle/handler.ts";
import type { SimulatedJobRun } from "./jobRun.ts";
import type { MemoryS3 } from "./s3/memoryS3.ts";
import type { World } from "./world.ts";

/** What the job and Glue share with the rest of the cloud. */
export interface Parts {
  readonly world: World;
  readonly s3: MemoryS3;
  /** All there were, of both engines. */
  readonly jobRuns: SimulatedJobRun[];
  readonly fateWeights: readonly number[];
  readonly tellOfEnd: (event: SettleEvent, name: string) => void;
  readonly stopSoon: (jobRun: SimulatedJobRun) => void;
}
