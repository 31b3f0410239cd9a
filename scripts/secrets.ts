import { findSecrets } from "../review/secrets/scan.ts";

const findings = findSecrets(process.cwd());
for (const { path, line, kind, commit } of findings)
  console.error(`${path}:${line} ${kind}${commit === null ? "" : `, in commit ${commit}`}`);
if (findings.length > 0) {
  console.error("Whoever can read the repository has them: revoke each, then take it out.");
  process.exitCode = 1;
} else console.log("no secret in the tree or in the history");
