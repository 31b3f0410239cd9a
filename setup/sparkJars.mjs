/** The jars that Spark needs for S3. The Ivy in pyspark fetches them; then their hashes are checked. */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { run, SetupError } from "./command.mjs";
import {
  jarFile,
  javaHome,
  localDirectory,
  sparkJarList,
  sparkJarsDirectory,
  trustStore,
  venvPython,
} from "./paths.mjs";

const trustStorePassword = "changeit";

/** @returns {string[]} one sentence for each jar that is missing or has a wrong hash */
export function jarProblems(directory = sparkJarsDirectory, jars = sparkJarList) {
  return jars.flatMap((jar) => {
    const file = join(directory, jarFile(jar));
    if (!existsSync(file)) return [`${jarFile(jar)} is missing`];
    const found = createHash("sha256").update(readFileSync(file)).digest("hex");
    return found === jar.sha256 ? [] : [`${jarFile(jar)} has the sha256 ${found}, not ${jar.sha256}`];
  });
}

export const sparkJarsAreCurrent = () => jarProblems().length === 0;

/** This resolver uses Maven Central by default. Without poms it fetches only the listed jars. */
const settings = (cache) => `<ivysettings>
  <settings defaultResolver="central"/>
  <caches defaultCacheDir="${cache}"/>
  <resolvers><ibiblio name="central" m2compatible="true" usepoms="false"/></resolvers>
</ivysettings>
`;

const dependencies = (jars) => `<ivy-module version="2.0">
  <info organisation="local" module="spark-s3"/>
  <dependencies>
${jars.map(({ organisation, name, version }) => `    <dependency org="${organisation}" name="${name}" rev="${version}" transitive="false"/>`).join("\n")}
  </dependencies>
</ivy-module>
`;

/** Java has its own list of authorities. Python knows the system's list, which may also have a company's proxy. */
const writeTrustStore = `
import ssl, sys
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
authorities = []
for index, der in enumerate(ssl.create_default_context().get_ca_certs(binary_form=True)):
    try:
        authorities.append(pkcs12.PKCS12Certificate(x509.load_der_x509_certificate(der), str(index).encode()))
    except ValueError:
        continue
if authorities:
    with open(sys.argv[1], "wb") as file:
        file.write(pkcs12.serialize_java_truststore(authorities, BestAvailableEncryption(sys.argv[2].encode())))
`;

async function trustOptions() {
  rmSync(trustStore, { force: true });
  await run(venvPython, ["-c", writeTrustStore, trustStore, trustStorePassword]);
  if (!existsSync(trustStore)) return [];
  return [
    `-Djavax.net.ssl.trustStore=${trustStore}`,
    "-Djavax.net.ssl.trustStoreType=PKCS12",
    `-Djavax.net.ssl.trustStorePassword=${trustStorePassword}`,
  ];
}

/** @returns {string[]} the proxy of the environment, which other tools use, as options for Java */
export function proxyOptions(env = process.env) {
  const text = env.HTTPS_PROXY ?? env.https_proxy;
  if (!text) return [];
  const proxy = new URL(text.includes("://") ? text : `http://${text}`);
  const except = (env.NO_PROXY ?? env.no_proxy ?? "").split(",").filter(Boolean).join("|");
  return [
    `-Dhttps.proxyHost=${proxy.hostname}`,
    `-Dhttps.proxyPort=${proxy.port || "80"}`,
    ...(except ? [`-Dhttp.nonProxyHosts=${except}`] : []),
  ];
}

async function ivyClassPath() {
  const jars = (
    await run(venvPython, ["-c", "import os, pyspark; print(os.path.join(os.path.dirname(pyspark.__file__), 'jars'))"])
  ).trim();
  return readdirSync(jars)
    .filter((file) => /^(ivy|commons-logging|oro)-/.test(file))
    .map((file) => join(jars, file))
    .join(delimiter);
}

export async function fetchSparkJars() {
  mkdirSync(localDirectory, { recursive: true });
  const work = mkdtempSync(join(localDirectory, "ivy-"));
  try {
    writeFileSync(join(work, "settings.xml"), settings(join(work, "cache")));
    writeFileSync(join(work, "ivy.xml"), dependencies(sparkJarList));
    await run(join(javaHome(), "bin", "java"), [
      ...(await trustOptions()),
      ...proxyOptions(),
      `-Divy.default.ivy.user.dir=${work}`,
      "-cp",
      await ivyClassPath(),
      "org.apache.ivy.Main",
      ...["-settings", join(work, "settings.xml"), "-ivy", join(work, "ivy.xml")],
      ...["-retrieve", join(work, "jars", "[artifact]-[revision].[ext]")],
    ]);
    const problems = jarProblems(join(work, "jars"));
    if (problems.length > 0) throw new SetupError(`the jars for Spark can't be used:\n${problems.join("\n")}`);
    rmSync(sparkJarsDirectory, { recursive: true, force: true });
    mkdirSync(join(sparkJarsDirectory, ".."), { recursive: true });
    renameSync(join(work, "jars"), sparkJarsDirectory);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
