import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { run } from "./command.mjs";
import { cacheFolder, root } from "./paths.mjs";

/** The CLI goes with the SDK that the program uses; an older one may not know what that sends. */
export const pulumiVersion = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).dependencies[
  "@pulumi/pulumi"
];

const onPath = (name) =>
  (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .filter(existsSync);

const builtCli = () => join(cacheFolder(), `pulumi-${pulumiVersion}`, "pulumi");

/** What a CLI says of itself; nothing when it does not run. */
const ask = (cli) => {
  const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  return spawnSync(cli, ["version"], { encoding: "utf8", env, timeout: 20_000 }).stdout ?? undefined;
};

const numbers = (version) => version.split(".").map(Number);
function isOlder(version, than) {
  const [found, wanted] = [numbers(version), numbers(than)];
  const index = wanted.findIndex((number, place) => number !== found[place]);
  return index >= 0 && found[index] < wanted[index];
}

/** @returns {{ cli?: string, tooOld: string[] }} the first that is new enough, and those before it that are not */
export function choosePulumi(candidates, probe = ask) {
  const tooOld = [];
  for (const cli of candidates) {
    const [, version] = /^v?(\d+\.\d+\.\d+)/m.exec(probe(cli) ?? "") ?? [];
    if (version && !isOlder(version, pulumiVersion)) return { cli, tooOld };
    tooOld.push(`${cli} is ${version ?? "of no known version"}`);
  }
  return { tooOld };
}

/** A Pulumi CLI: the machine's own, or one that was built before. */
const candidates = () => [...onPath("pulumi"), ...[builtCli()].filter(existsSync)];

/** @returns {string | undefined} the path of a Pulumi CLI that is no older than the SDK */
export const findPulumi = () => choosePulumi(candidates()).cli;

/** @returns {string} why there is none */
export const whyNoPulumi = (tooOld = choosePulumi(candidates()).tooOld) =>
  [
    `it needs the Pulumi CLI, ${pulumiVersion} or newer, on the PATH, or Go, with which npm run e2e builds it`,
    ...tooOld,
  ].join("; ");

/** The module that says what is built. `go install` refuses the CLI, since its module replaces others. */
const goModule = () => `module pulumi-cli

go 1.25.11

require (
	github.com/pulumi/pulumi/pkg/v3 v${pulumiVersion}
	github.com/pulumi/pulumi/sdk/v3 v${pulumiVersion}
)

replace github.com/atotto/clipboard => github.com/tgummerer/clipboard v0.0.0-20241001131231-d02d263e614e
`;

/**
 * Builds the CLI from its Go module into a cache outside of the checkout, once.
 * @returns {Promise<string | undefined>} its path; nothing where there is no Go
 */
export async function preparePulumi(progress) {
  const found = findPulumi();
  if (found || onPath("go").length === 0) return found;
  mkdirSync(cacheFolder(), { recursive: true });
  const folder = mkdtempSync(join(cacheFolder(), "building-"));
  try {
    writeFileSync(join(folder, "go.mod"), goModule());
    const name = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";
    const flags = ["-mod=mod", "-trimpath", "-ldflags", `-s -w -X ${name}=v${pulumiVersion}`, "-o", "pulumi"];
    await progress.step("Pulumi's CLI, built from its Go module once, which takes some minutes", () =>
      run("go", ["build", ...flags, "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"], { cwd: folder }),
    );
    rmSync(dirname(builtCli()), { recursive: true, force: true });
    renameSync(folder, dirname(builtCli()));
    return builtCli();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
