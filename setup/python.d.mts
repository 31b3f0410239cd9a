export declare function pip(...args: string[]): Promise<string>;
export declare function lockParts(lock: string): string[];
