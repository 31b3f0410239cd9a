export declare function pip(...args: string[]): Promise<string>;
