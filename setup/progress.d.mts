export interface Progress {
  say(text: string): void;
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
}
export declare function createProgress(stream?: { readonly isTTY?: boolean; write(text: string): unknown }): Progress;
