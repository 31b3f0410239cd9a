import type { Progress } from "./progress.mjs";

/** What a lock file says of its packages. */
export interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly integrity?: string }>>;
}
export declare const lambdaFiles: readonly string[];
export declare function lambdaPackagesFolder(lock?: Lock, cache?: string): string;
export declare function prepareLambdaPackages(
  progress: Pick<Progress, "step">,
  options?: { readonly lock?: Lock; readonly cache?: string },
): Promise<string>;
export declare function linkLambdaPackages(folder: string): string;
