type Probe = (command: string, args: string[]) => Promise<string | undefined>;
export declare function checkNode(version?: string, platform?: string): void;
export declare const pythonCandidates: string[];
export declare function findPython(candidates?: string[], probe?: Probe): Promise<string>;
export declare function findJava17(candidates: string[], probe?: Probe): Promise<string | undefined>;
export declare const leastNode: string;
export declare function isNodeNewEnough(version: string): boolean;
