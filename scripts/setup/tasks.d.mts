export declare function countResults(output: string, code: number): { passed: number; failed: number };
