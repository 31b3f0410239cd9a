import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { lambdaFiles, linkLambdaPackages, prepareLambdaPackages } from "../setup/lambdaPackages.mjs";
import { createProgress } from "../setup/progress.mjs";

/**
 * The files of native packages for the functions' machines, by their path in the archive. Their own paths are relative,
 * so that the state names no machine's folders.
 */
export async function nativePackages(): Promise<Readonly<Record<string, string>>> {
  const progress = createProgress({ write: (line) => pulumi.log.info(line.trimEnd()) });
  const folder = linkLambdaPackages(await prepareLambdaPackages(progress));
  return Object.fromEntries(lambdaFiles.map((file) => [file, join(folder, file)]));
}
