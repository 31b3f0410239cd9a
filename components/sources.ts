import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { LoadedConfig } from "../config/load.ts";
import type { ReleaseFiles } from "./artifacts.ts";
import { bundleFunction, type FunctionBundle } from "./bundle.ts";

/** Everything that a stack ships, read and built before the first resource is declared. */
export interface Sources {
  readonly promote: FunctionBundle;
  readonly settle: FunctionBundle;
  readonly release: ReleaseFiles;
}

const repository = dirname(dirname(fileURLToPath(import.meta.url)));

/** The Python modules below `folder`, by their path from its parent, as an import from the archive needs them. */
function readPackage(folder: string): Record<string, Uint8Array> {
  const modules = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".py"));
  return Object.fromEntries(
    modules.map((path) => {
      const file = join(folder, path);
      return [relative(dirname(folder), file).split(sep).join("/"), readFileSync(file)];
    }),
  );
}

export async function readSources({ sqlFiles }: LoadedConfig): Promise<Sources> {
  const [promote, settle] = await Promise.all([
    bundleFunction(repository, "handlers/promote/index.ts"),
    bundleFunction(repository, "handlers/settle/index.ts"),
  ]);
  const sql = Object.entries(sqlFiles).map(([output, file]) => [output, readFileSync(file, "utf8")]);
  return {
    promote,
    settle,
    release: {
      script: readFileSync(join(repository, "glue/job.py"), "utf8"),
      engine: readPackage(join(repository, "glue/pipeline_engine")),
      sql: Object.fromEntries(sql),
    },
  };
}
