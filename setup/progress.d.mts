export interface Progress {
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
}
export declare function createProgress(stream?: { readonly isTTY?: boolean; write(text: string): unknown }): Progress;
