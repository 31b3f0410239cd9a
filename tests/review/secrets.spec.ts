import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { patterns } from "../../review/secrets/patterns.ts";
import { findSecrets } from "../../review/secrets/scan.ts";

/** Made up, and put together here so that the scanner does not find them in this file. */
const letters = (count: number, from = "Ab3dE6gH9k") => from.repeat(10).slice(0, count);
const samples: Readonly<Record<string, string>> = {
  "AWS access key id": ["AKIA", "IOSFODNN7EXAMPLE".replace("7", "Q")].join(""),
  "AWS secret access key": ["aws_secret_access", `_key = "${letters(40)}"`].join(""),
  "private key": ["-----BEGIN RSA", "PRIVATE KEY-----"].join(" "),
  "GitHub token": ["ghp", letters(36)].join("_"),
  "GitLab token": ["glpat", letters(20)].join("-"),
  "Pulumi access token": ["pul", letters(40, "0a1b2c3d4e")].join("-"),
  "npm token": ["npm", letters(36)].join("_"),
  "PyPI token": ["pypi", letters(60)].join("-"),
  "Slack token": ["xoxb", letters(20)].join("-"),
  "Slack webhook": ["https://hooks.slack.com/services", "T0000AAAA", "B0000BBBB", letters(24)].join("/"),
  "Google API key": ["AIza", letters(35)].join(""),
  "Stripe key": ["sk_live", letters(24)].join("_"),
  "JSON web token": [`eyJ${letters(20)}`, `eyJ${letters(20)}`, letters(30)].join("."),
  "password in a URL": ["postgres://app:", "hunter22", "@db.example.com/shop"].join(""),
};

describe("the secret scanner", function () {
  this.timeout(60_000);
  let folder: string;
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], { cwd: folder });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "secrets-"));
    git("init", "--quiet");
    writeFileSync(join(folder, ".gitignore"), "ignored\n");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("has a sample of each kind here", () => {
    expect(Object.keys(samples)).to.have.members(patterns.map(({ name }) => name));
  });

  for (const [kind, secret] of Object.entries(samples))
    it(`finds a ${kind} in a file, with its line`, () => {
      writeFileSync(join(folder, "settings.txt"), `first\nvalue: ${secret}\n`);
      expect(findSecrets(folder)).to.deep.equal([{ path: "settings.txt", line: 2, kind, commit: null }]);
    });

  it("finds what is in the history only, also on another branch and in a binary file", () => {
    const [first, second] = [samples["GitHub token"]!, samples["npm token"]!];
    writeFileSync(join(folder, "old.bin"), Buffer.concat([Buffer.from([0, 255, 254]), Buffer.from(first)]));
    git("add", "--all");
    git("commit", "--quiet", "--message=in");
    git("checkout", "--quiet", "-b", "side");
    writeFileSync(join(folder, "side.txt"), second);
    git("add", "--all");
    git("commit", "--quiet", "--message=side");
    git("checkout", "--quiet", "-");
    git("rm", "--quiet", "old.bin");
    git("commit", "--quiet", "--message=out");
    const commit = (ref: string) =>
      execFileSync("git", ["rev-parse", "--short", ref], { cwd: folder }).toString().trim();
    const found = findSecrets(folder);
    expect(found).to.have.deep.members([
      { path: "old.bin", line: 1, kind: "GitHub token", commit: commit("HEAD~1") },
      { path: "side.txt", line: 1, kind: "npm token", commit: commit("side") },
    ]);
  });

  it("passes over what is ignored, hashes, ARNs, and passwords that are placeholders", () => {
    writeFileSync(join(folder, "ignored"), samples["npm token"]!);
    writeFileSync(
      join(folder, "fine.txt"),
      [
        "3d3c42e5aac5ba805825da76410c181273ba90b1",
        "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555",
        "postgres://app:password@localhost/shop https://user:$TOKEN@example.com http://127.0.0.1:4566/queue",
        "AWS_SECRET_ACCESS_KEY=test",
      ].join("\n"),
    );
    git("add", "--all");
    git("commit", "--quiet", "--message=fine");
    expect(findSecrets(folder)).to.deep.equal([]);
  });

  it("finds none in this repository", () => {
    expect(findSecrets(process.cwd())).to.deep.equal([]);
  });
});
