/** The packages for the functions' machines: by the real npm from a registry of our own, and what is in the cache. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { expect } from "chai";
import { type Lock, lambdaFiles, lambdaPackagesFolder, prepareLambdaPackages } from "../../setup/lambdaPackages.mjs";

const version = "1.0.0";
const names = ["@duckdb/node-bindings", "@duckdb/node-bindings-linux-arm64"];

describe("set-up: the functions' native packages", function () {
  this.timeout(60_000);
  let folder: string;
  let cache: string;
  let registry: Server;
  let tarballs: Map<string, Buffer>;
  const settings = ["npm_config_registry", "npm_config_cache", "npm_config_fetch_retries"] as const;
  const before_ = settings.map((name) => [name, process.env[name]] as const);

  const integrityOf = (content: Buffer) => `sha512-${createHash("sha512").update(content).digest("base64")}`;

  /** A package for a machine that is nobody's, with the files that a function needs and more. */
  function pack(name: string, text: string): Buffer {
    const work = join(folder, "package");
    mkdirSync(work);
    const own = lambdaFiles.filter((file) => file.startsWith(`node_modules/${name}/`));
    for (const file of [...own.map((path) => path.split("/").at(-1)!), "README.md"])
      writeFileSync(join(work, file), `${file} ${text}`);
    const manifest = { name, version, os: ["none"], cpu: ["none"], dependencies: { "not-there": "1.0.0" } };
    writeFileSync(join(work, "package.json"), JSON.stringify(manifest));
    const file = join(folder, "package.tgz");
    execFileSync("tar", ["-czf", file, "-C", folder, "package"]);
    rmSync(work, { recursive: true });
    return readFileSync(file);
  }

  const lock = (): Lock => ({
    packages: Object.fromEntries(
      names.map((name) => [`node_modules/${name}`, { version, integrity: integrityOf(tarballs.get(name)!) }]),
    ),
  });

  before(async () => {
    registry = createServer((request, response) => {
      const path = decodeURIComponent(request.url!);
      const name = names.findLast((one) => path.startsWith(`/${one}`))!;
      if (path.endsWith(".tgz")) return response.end(tarballs.get(name));
      const tarball = `http://${request.headers.host}/${name}/-/package.tgz`;
      const dist = { tarball, integrity: integrityOf(tarballs.get(name)!) };
      const versions = { [version]: { name, version, dist } };
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ name, "dist-tags": { latest: version }, versions }));
    });
    await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
  });
  after(() => registry.close());

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "lambda-packages-"));
    cache = join(folder, "cache");
    tarballs = new Map(names.map((name) => [name, pack(name, "good")]));
    process.env.npm_config_registry = `http://127.0.0.1:${(registry.address() as AddressInfo).port}`;
    process.env.npm_config_cache = join(folder, "npm");
    process.env.npm_config_fetch_retries = "0";
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    for (const [name, value] of before_)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  });

  const steps: string[] = [];
  const progress = {
    step: async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      steps.push(name);
      return await work();
    },
  };
  const filesIn = (directory: string) =>
    readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((path) =>
      statSync(join(directory, path)).isFile(),
    );
  const refused = async (options: { lock: Lock }): Promise<string> => {
    const failure = await prepareLambdaPackages(progress, { ...options, cache }).then(
      () => undefined,
      (error: Error) => error,
    );
    expect(existsSync(cache) ? readdirSync(cache) : [], "nothing is left").to.deep.equal([]);
    return failure!.message;
  };

  it("are the files that a function needs and nothing else, whatever machine installs them, once", async () => {
    steps.length = 0;
    const options = { lock: lock(), cache };
    const [prepared, meanwhile] = await Promise.all([
      prepareLambdaPackages(progress, options),
      prepareLambdaPackages(progress, options),
    ]);
    expect(filesIn(prepared)).to.have.members([...lambdaFiles]);
    expect(readFileSync(join(prepared, "node_modules/@duckdb/node-bindings/duckdb.js"), "utf8")).to.equal(
      "duckdb.js good",
    );
    expect(meanwhile).to.equal(prepared);
    expect(readdirSync(cache)).to.have.length(1);
    const count = steps.length;
    expect(await prepareLambdaPackages(progress, options)).to.equal(prepared);
    expect(steps).to.have.length(count);
  });

  it("are others for another lock", () => {
    const one = lambdaPackagesFolder(lock(), cache);
    tarballs.set(names[1]!, pack(names[1]!, "newer"));
    expect(lambdaPackagesFolder(lock(), cache)).not.to.equal(one);
  });

  it("are refused when the registry has others than the lock", async () => {
    const good = lock();
    tarballs.set(names[1]!, pack(names[1]!, "tampered"));
    expect(await refused({ lock: good })).to.equal(
      "npm's registry has other packages than package-lock.json: EINTEGRITY. Nothing was installed",
    );
  });

  it("are refused when only the tarball is another, and what is said of it is not", async () => {
    const good = lock();
    const real = tarballs;
    const integrity = real.get(names[1]!)!;
    const bad = pack(names[1]!, "tampered");
    // The first answer, about the package, tells the hash of the good one; the tarball is the other.
    let asked = 0;
    tarballs = Object.assign(new Map(real), {
      get: (name: string) => (name === names[1] && asked++ > 0 ? bad : name === names[1] ? integrity : real.get(name)),
    });
    expect(await refused({ lock: good })).to.match(/EINTEGRITY/);
  });

  it("say in one sentence that the registry can't be reached", async () => {
    process.env.npm_config_registry = "http://127.0.0.1:9";
    expect(await refused({ lock: lock() })).to.equal(
      "npm can't get the functions' packages from its registry: ECONNREFUSED. A deployment needs them once; check npm ping",
    );
  });

  it("say that the lock has no hash of one", async () => {
    const { packages } = lock();
    const { [`node_modules/${names[1]}`]: _, ...rest } = packages;
    let message = "";
    await prepareLambdaPackages(progress, { lock: { packages: rest }, cache }).catch((error: Error) => {
      message = error.message;
    });
    expect(message).to.equal("package-lock.json has no integrity of @duckdb/node-bindings-linux-arm64");
  });

  it("are in this repository's lock, for Linux on arm64", () => {
    const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8"));
    expect(packages[`node_modules/${names[1]}`]).to.deep.include({ os: ["linux"], cpu: ["arm64"], libc: ["glibc"] });
    expect(packages[`node_modules/${names[0]}`].version).to.equal(packages[`node_modules/${names[1]}`].version);
  });

  it("stay within what Lambda takes: 50 MB zipped and 250 MB unzipped", function () {
    const prepared = lambdaPackagesFolder();
    if (!existsSync(prepared)) return this.skip();
    expect(filesIn(prepared)).to.have.members([...lambdaFiles]);
    const contents = lambdaFiles.map((file) => readFileSync(join(prepared, file)));
    const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + size, 0) / 1e6;
    // The function's own code is below 1 MB.
    expect(sum(contents.map((content) => content.length))).to.be.below(250 - 1);
    expect(sum(contents.map((content) => deflateRawSync(content).length))).to.be.below(50 - 1);
    for (const content of contents)
      if (content.subarray(1, 4).toString() === "ELF") expect(content.readUInt16LE(18), "AArch64").to.equal(183);
  });
});
