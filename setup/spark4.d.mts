import type { Progress } from "./progress.mjs";

export declare function prepareSpark4(progress: Progress): Promise<string>;
