import { readdirSync } from "node:fs";
import type { Command } from "./defineCommand.ts";

const folder = new URL("./commands/", import.meta.url);

/** Every file in commands/ is a command: adding one takes nothing else. In the order of their names. */
export async function loadCommands(): Promise<Command[]> {
  const files = readdirSync(folder).sort();
  const modules = await Promise.all(files.map((file) => import(new URL(file, folder).href)));
  return modules.map(({ command }, index) => {
    if (!command) throw new Error(`${files[index]} exports no command`);
    return command as Command;
  });
}
