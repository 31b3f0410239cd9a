export declare const root: string;
export declare const localDirectory: string;
export declare const nodeModules: string;
export declare const venv: string;
export declare const venvPython: string;
export declare const sparkJarsDirectory: string;
export declare const sparkJars: string[];
export declare function javaHome(): string;
