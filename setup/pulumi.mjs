import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { run } from "./command.mjs";
import { root } from "./paths.mjs";

/** The CLI goes with the SDK that the program uses. */
const version = () => JSON.parse(readFileSync(join(root, "package.json"), "utf8")).dependencies["@pulumi/pulumi"];

const onPath = (name) =>
  (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(existsSync);

const cacheFolder = () => join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "commerce-data-pipeline");
const builtCli = () => join(cacheFolder(), `pulumi-${version()}`, "pulumi");

/** @returns {string | undefined} the path of a Pulumi CLI: the machine's own, or one that was built before */
export const findPulumi = () => onPath("pulumi") ?? [builtCli()].find(existsSync);

/** The module that says what is built. `go install` refuses the CLI, since its module replaces others. */
const goModule = () => `module pulumi-cli

go 1.25.11

require (
	github.com/pulumi/pulumi/pkg/v3 v${version()}
	github.com/pulumi/pulumi/sdk/v3 v${version()}
)

replace github.com/atotto/clipboard => github.com/tgummerer/clipboard v0.0.0-20241001131231-d02d263e614e
`;

/**
 * Builds the CLI from its Go module into a cache outside of the checkout, once.
 * @returns {Promise<string | undefined>} its path; nothing where there is no Go
 */
export async function preparePulumi(progress) {
  const found = findPulumi();
  if (found || !onPath("go")) return found;
  mkdirSync(cacheFolder(), { recursive: true });
  const folder = mkdtempSync(join(cacheFolder(), "building-"));
  try {
    writeFileSync(join(folder, "go.mod"), goModule());
    const name = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";
    const flags = ["-mod=mod", "-trimpath", "-ldflags", `-s -w -X ${name}=v${version()}`, "-o", "pulumi"];
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
