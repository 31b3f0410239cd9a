import { createStyle } from "./style.ts";

export interface StatusOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Shows what is under way. Each thing that goes on at the same time is a track. */
export interface Status {
  /** Replaces what is shown of the track. */
  show(track: string, text: string): void;
  /** Ends the track with a line that stays. */
  done(track: string, text: string): void;
  /** Removes the line that changes. */
  clear(): void;
}

/** Without a terminal, a track is printed again after this many milliseconds at the earliest. */
const repeatAfter = 10_000;

/** On a terminal, one line that changes. Elsewhere plain lines: one per step, and occasionally one in between. */
export function createStatus(output: StatusOutput, now: () => number = Date.now): Status {
  const { green, dim } = createStyle(output);
  const tracks = new Map<string, string>();
  const told = new Map<string, number>();
  const erase = () => output.isTTY && output.write("\r\x1b[2K");
  const draw = () => {
    if (!output.isTTY || tracks.size === 0) return;
    const line = [...tracks].map(([track, text]) => `${track}: ${text}`).join("  ·  ");
    output.write(`\r\x1b[2K${dim(`… ${line}`.slice(0, (output.columns ?? 80) - 1))}`);
  };
  return {
    show(track, text) {
      if (tracks.get(track) === text) return;
      tracks.set(track, text);
      draw();
      if (output.isTTY || now() - (told.get(track) ?? 0) < repeatAfter) return;
      told.set(track, now());
      output.write(`… ${track}: ${text}\n`);
    },
    done(track, text) {
      tracks.delete(track);
      erase();
      output.write(`${green("✔")} ${track}: ${text}\n`);
      draw();
    },
    clear() {
      tracks.clear();
      erase();
    },
  };
}

/** 75 seconds as `1:15`. */
export function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}

export const megabytes = (bytes: number): string =>
  bytes < 1e5 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

export const whole = (count: number): string => count.toLocaleString("en");
