export declare function nodeModulesAreCurrent(directory?: string): boolean;
