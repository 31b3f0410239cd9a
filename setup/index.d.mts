import type { Progress } from "./progress.mjs";

export declare function setUpSpark(reason: string, progress?: Progress): Promise<boolean>;
