import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { type Contract, contractOf } from "../../config/contract.ts";
import { ConfigError, environmentsOf, settingsOf } from "../../config/load.ts";
import { parseSettings } from "../../config/parse.ts";
import { configSchema, type PipelineConfig } from "../../config/schema.ts";
import { UsageError } from "../../terminal/flags.ts";

/** One side of a comparison. */
export interface ContractSource {
  /** The name that the user gave. */
  readonly name: string;
  /** The environments that it declares; null for a contract.json, which belongs to one environment. */
  readonly environments: readonly string[] | null;
  /** @throws UsageError that says what is wrong */
  contract(environment: string): Contract;
}

const shippedConfig = "config/pipeline_config.yaml";

/**
 * @param source path of a pipeline_config.yaml or of a contract.json, `git:REF` for the shipped config at that commit,
 *   or `git:REF:PATH` for another file
 * @throws UsageError
 */
export function readSource(source: string): ContractSource {
  const text = source.startsWith("git:") ? committed(source) : undefined;
  const path = text === undefined ? source : (source.split(":")[2] ?? shippedConfig);
  if (path.endsWith(".json")) return contractSource(source, text ?? readText(source));
  return text === undefined ? configSource(source, source) : withFile(text, (file) => configSource(source, file));
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`${path} can't be read: ${(error as Error).message}`);
  }
}

function committed(source: string): string {
  const [, ref, path = shippedConfig] = source.split(":");
  if (!ref) throw new UsageError(`${source} names no commit; write git:main, or git:main:${shippedConfig}`);
  try {
    // Without this option, git would read a ref that begins with a dash as an option.
    return execFileSync("git", ["show", "--end-of-options", `${ref}:${path}`], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (error) {
    const said = String((error as { stderr?: string }).stderr ?? "").trim() || (error as Error).message;
    throw new UsageError(`${source}: ${said.split("\n")[0]!.replace(/^fatal: /, "")}`);
  }
}

/** Reads a text through a temporary file, because the loader reads files. The file is removed afterwards. */
function withFile(text: string, read: (file: string) => ContractSource): ContractSource {
  const folder = mkdtempSync(join(tmpdir(), "contract-"));
  try {
    const file = join(folder, "pipeline_config.yaml");
    writeFileSync(file, text);
    return read(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The parts that are compared. Other parts of a config may have the form of another release. */
const comparedSchema = z.object(
  configSchema.pick({ name: true, schemaEvolution: true, datasets: true, outputs: true }).shape,
);

function configSource(name: string, file: string): ContractSource {
  const inWordsOf = <T>(read: () => T): T => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      throw new UsageError(error.message.replaceAll(file, name));
    }
  };
  const environments = inWordsOf(() => environmentsOf(file));
  const settings = new Map(
    environments.map((environment) => [environment, inWordsOf(() => settingsOf(file, environment))]),
  );
  return {
    name,
    environments,
    contract(environment) {
      const written = settings.get(environment);
      const { data, problems } = parseSettings(comparedSchema, written);
      if (data) return contractOf(data as PipelineConfig);
      throw new UsageError(
        problems
          .map(({ path, message }) => `${name} (${environment}) ${path.map(String).join(".")}: ${message}`)
          .join("\n"),
      );
    },
  };
}

function contractSource(name: string, text: string): ContractSource {
  const refuse = (reason: string): never => {
    throw new UsageError(`${name} is not a contract.json: ${reason}`);
  };
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return refuse((error as Error).message);
  }
  const { format, pipeline, datasets, outputs } = (document ?? {}) as Partial<Contract>;
  if (format !== 1) refuse(`its format is ${format ?? "missing"}; only format 1 is supported`);
  if (!pipeline || !datasets || !outputs) refuse("it needs pipeline, datasets and outputs");
  return { name, environments: null, contract: () => document as Contract };
}
