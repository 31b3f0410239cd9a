/** One JSON line an entry: ids and reasons, never what a file holds. */
export interface Log {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export function createLog(write: (line: string) => void): Log {
  const at =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) =>
      write(JSON.stringify({ level, message, ...fields }));
  return { info: at("info"), warn: at("warn"), error: at("error") };
}
