import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { Answer } from "../generator/answer.ts";
import { answerFile, type GenerateOptions, generate } from "../generator/generate.ts";
import { type DatasetName, datasetNames } from "../generator/rows.ts";
import { UsageError } from "../terminal/flags.ts";

export interface UploadFile {
  readonly key: string;
  readonly path: string;
  readonly bytes: number;
}

/** Every file below the folder, with its relative path as the key. */
export function filesIn(folder: string): UploadFile[] {
  let names: string[];
  try {
    names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  } catch (error) {
    throw new UsageError(`--data ${folder} can't be read as a folder: ${(error as Error).message}`);
  }
  const files = names.sort().flatMap((name) => {
    const path = join(folder, name);
    const stats = statSync(path);
    return stats.isFile() ? [{ key: relative(folder, path).split(sep).join("/"), path, bytes: stats.size }] : [];
  });
  if (files.length === 0) throw new UsageError(`--data ${folder} holds no files`);
  return files;
}

export interface GeneratedData {
  readonly files: UploadFile[];
  readonly answer: Answer;
  readonly isReused: boolean;
}

/** Generates data into `<directory>/<records>-<seed>`, or reuses the complete data of an earlier run. */
export async function generatedData(
  request: Omit<GenerateOptions, "onProgress">,
  onProgress: (dataset: DatasetName, lines: number) => void,
): Promise<GeneratedData> {
  const { records, seed } = request;
  const directory = join(request.directory, `${records}-${seed}`);
  const earlier = completeAnswer(directory);
  const answer = earlier ?? (await generate({ ...request, directory, onProgress }));
  const files = datasetNames.map((name) => {
    const key = `${name}.json`;
    return { key, path: join(directory, key), bytes: answer.files[key]!.bytes };
  });
  return { files, answer, isReused: earlier !== undefined };
}

/** The answer is written last and has the length of each file, so it shows whether the data is complete. */
function completeAnswer(directory: string): Answer | undefined {
  try {
    const answer = JSON.parse(readFileSync(join(directory, answerFile), "utf8")) as Answer;
    const isWhole = Object.entries(answer.files).every(([name, { bytes }]) => {
      return statSync(join(directory, name)).size === bytes;
    });
    return answer.format === 3 && isWhole ? answer : undefined;
  } catch {
    return undefined;
  }
}
