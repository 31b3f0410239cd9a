import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { patterns } from "./patterns.ts";

/** A line with a possible secret. The secret itself is not included, because many people read logs. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly kind: string;
  /** The commit that has it, abbreviated, or null for the working tree. */
  readonly commit: string | null;
}

const maxBuffer = 1024 * 1024 * 1024;

function scan(text: string): Omit<Finding, "path" | "commit">[] {
  const kinds = patterns.filter(({ expression }) => expression.test(text));
  // Most texts have no secret, and splitting all texts into lines would take longest.
  if (kinds.length === 0) return [];
  return text
    .split("\n")
    .flatMap((content, index) =>
      kinds.filter(({ expression }) => expression.test(content)).map(({ name }) => ({ line: index + 1, kind: name })),
    );
}

const git = (root: string, args: readonly string[], input?: string): Buffer =>
  execFileSync("git", args, { cwd: root, maxBuffer, ...(input !== undefined && { input }) });

/** All file contents of all commits of all branches, each with the first path found for it. */
function* blobs(root: string): Generator<{ readonly id: string; readonly path: string; readonly text: string }> {
  const objects = git(root, ["rev-list", "--all", "--objects"])
    .toString()
    .split("\n")
    .filter((line) => line.includes(" "));
  const paths = new Map(objects.map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)]));
  const output = git(root, ["cat-file", "--batch", "--buffer"], `${[...paths.keys()].join("\n")}\n`);
  for (let at = 0; at < output.length; ) {
    const headEnd = output.indexOf("\n", at);
    const [id, type, size] = output.toString("latin1", at, headEnd).split(" ") as [string, string, string];
    const start = headEnd + 1;
    const end = start + Number(size);
    // One byte per character: secrets are ASCII, and binary content stays complete.
    if (type === "blob") yield { id, path: paths.get(id)!, text: output.toString("latin1", start, end) };
    at = end + 1;
  }
}

/** The commit that added this content. */
const commitWith = (root: string, id: string): string =>
  git(root, ["log", "--all", "--find-object", id, "--format=%h", "--reverse"]).toString().split("\n")[0]!;

/** All findings in the files of the working tree and in the whole history of the repository at `root`. */
export function findSecrets(root: string): Finding[] {
  const files = git(root, ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).toString().split("\0");
  const inTree = files
    .filter((path) => path !== "")
    .flatMap((path) => {
      let text: string;
      try {
        text = readFileSync(join(root, path), "latin1");
      } catch {
        // Deleted but not committed yet, or a link to a folder.
        return [];
      }
      return scan(text).map((finding) => ({ ...finding, path, commit: null }));
    });
  const seen = new Set(inTree.map(({ path, line, kind }) => `${path}:${line} ${kind}`));
  const inHistory = [...blobs(root)].flatMap(({ id, path, text }) =>
    scan(text)
      .filter(({ line, kind }) => !seen.has(`${path}:${line} ${kind}`))
      .map((finding) => ({ ...finding, path, commit: commitWith(root, id) })),
  );
  return [...inTree, ...inHistory];
}
