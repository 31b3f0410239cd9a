export declare function countResults(output: string, code: number): { passed: number; failed: number };
export declare function suitesOf(
  named: string[],
): { command: string; args: string[]; needs: { python: boolean; spark?: boolean } }[];
