interface Jar {
  organisation: string;
  name: string;
  version: string;
  sha256: string;
}
export declare function jarProblems(directory?: string, jars?: Jar[]): string[];
export declare function proxyOptions(env?: Record<string, string | undefined>): string[];
