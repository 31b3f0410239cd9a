/** A command of a page, and what the page says of it. */
export interface Command {
  readonly line: string;
  readonly output: string;
  readonly code: number;
}

/** The commands in a page's `console` blocks. An exit code other than 0 stands behind the output: `exit code 4`. */
export function commandsOf(markdown: string): Command[] {
  return [...markdown.matchAll(/```console\n([\s\S]*?)```/g)].flatMap(([, block]) =>
    block!
      .split(/^\$ /m)
      .slice(1)
      .map((text) => {
        const [line = "", ...rest] = text.trimEnd().split("\n");
        const code = /^exit code (\d+)$/.exec(rest.at(-1) ?? "")?.[1];
        return { line, output: (code ? rest.slice(0, -1) : rest).join("\n").trimEnd(), code: Number(code ?? 0) };
      }),
  );
}
