type Probe = (command: string, args: string[]) => Promise<string | undefined>;
export declare function checkNode(version?: string, platform?: string): void;
export declare const pythonCandidates: string[];
export declare function findPython(candidates?: string[], probe?: Probe): Promise<string>;
export declare function findJava17(candidates: string[], probe?: Probe): Promise<string | undefined>;
export declare const leastNode: number;
export declare const leastNodeOfPackages: string;
export declare function installedNode(): string | undefined;
export declare function taskNode(version?: string): string;
