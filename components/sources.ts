import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { LoadedConfig } from "../config/load.ts";
import { readSql } from "../plan/ownSql.ts";
import type { ReleaseFiles } from "./artifacts.ts";
import { bundleFunction, type FunctionBundle } from "./bundle.ts";

/** A function's bundle, and the packages that it asks for: their files, by their path in the archive. */
export interface FunctionCode extends FunctionBundle {
  readonly packages?: Readonly<Record<string, string>>;
}

/** Everything that a stack ships, read and built before the first resource is declared. */
export interface Sources {
  readonly promote: FunctionCode;
  readonly settle: FunctionCode;
  readonly embedded: FunctionCode;
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

/** Finds the files of native packages for the functions' machines, by their path in the archive. */
export type NativePackages = () => Promise<Readonly<Record<string, string>>>;

/**
 * @param packages where there are none, a function finds what it asks for on the machine on which it runs
 * @param isComparison as for `readSql`
 */
export async function readSources(
  loaded: LoadedConfig,
  packages?: NativePackages,
  isComparison?: boolean,
): Promise<Sources> {
  const read = async (entry: string): Promise<FunctionCode> => {
    const bundle = await bundleFunction(repository, entry);
    return packages && bundle.asksFor.length > 0 ? { ...bundle, packages: await packages() } : bundle;
  };
  const [promote, settle, embedded] = await Promise.all(
    ["promote", "settle", "embedded"].map((name) => read(`handlers/${name}/index.ts`)),
  );
  return {
    promote: promote!,
    settle: settle!,
    embedded: embedded!,
    release: {
      script: readFileSync(join(repository, "glue/job.py"), "utf8"),
      engine: readPackage(join(repository, "glue/plan_runner")),
      ...readSql(loaded, isComparison),
    },
  };
}
