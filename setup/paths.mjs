/** Where set-up puts things. The TypeScript side imports the same locations. */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");
export const localDirectory = join(root, ".local");
export const nodeModules = join(root, "node_modules");
export const venv = join(root, ".venv");
export const venvPython = join(venv, "bin", "python");
export const jreDirectory = join(localDirectory, "jre");
export const jreRecord = join(localDirectory, "jre.json");
export const trustStore = join(localDirectory, "trust.p12");
export const sparkJarsDirectory = join(localDirectory, "spark", "jars");

/** @returns {string} where all checkouts of this machine keep what takes long to make or to fetch */
export const cacheFolder = () =>
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "commerce-data-pipeline");

const jars = JSON.parse(readFileSync(new URL("./sparkJars.json", import.meta.url), "utf8"));

/** @returns {string} the jar's file name */
export const jarFile = ({ name, version }) => `${name}-${version}.jar`;
export const sparkJarList = jars;
export const sparkJars = jars.map((jar) => join(sparkJarsDirectory, jarFile(jar)));

/** @returns {string} the home of the Java that set-up found or installed */
export function javaHome() {
  if (!existsSync(jreRecord)) throw new Error("no Java is set up yet: run npm start or npm test once");
  return JSON.parse(readFileSync(jreRecord, "utf8")).home;
}
