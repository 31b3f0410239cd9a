import { findSecrets } from "../review/secrets/scan.ts";

const findings = findSecrets(process.cwd());
for (const { path, line, kind, commit } of findings)
  console.error(`${path}:${line} ${kind}${commit === null ? "" : `, in commit ${commit}`}`);
if (findings.length > 0) {
  console.error("Everybody who can read the repository can read them: revoke each secret, then remove it.");
  process.exitCode = 1;
} else console.log("no secret in the tree or in the history");
