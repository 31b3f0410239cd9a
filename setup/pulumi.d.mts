export declare const pulumiVersion: string;
export declare function choosePulumi(
  candidates: readonly string[],
  probe?: (cli: string) => string | undefined,
): { readonly cli?: string; readonly tooOld: readonly string[] };
export declare function findPulumi(): string | undefined;
export declare function whyNoPulumi(tooOld?: readonly string[]): string;
