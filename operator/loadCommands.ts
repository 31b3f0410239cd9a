import { readdirSync } from "node:fs";
import type { Command } from "./defineCommand.ts";

const folder = new URL("./commands/", import.meta.url);

/** Loads the commands in the order of their names. Every file in commands/ is one; a new file needs no other change. */
export async function loadCommands(): Promise<Command[]> {
  const files = readdirSync(folder).sort();
  const modules = await Promise.all(files.map((file) => import(new URL(file, folder).href)));
  return modules.map(({ command }, index) => {
    if (!command) throw new Error(`${files[index]} exports no command`);
    return command as Command;
  });
}
