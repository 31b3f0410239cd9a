import { existsSync, statfsSync } from "node:fs";
import { javaHome, root, venvPython } from "../../setup/paths.mjs";
import { leastNode } from "../../setup/runtimes.mjs";
import { bad, good, type Probe, warning } from "./check.ts";

/** Bytes that a local run writes, roughly. */
const roomNeeded = 2e9;

/** Checks of what the commands need of this machine. @param isLocal whether it also has to run the local stack */
export const machineProbes = (isLocal: boolean): Probe[] => [
  { area: "machine", name: "Node", look: () => nodeCheck(process.versions.node) },
  { area: "machine", name: "disk", look: diskCheck },
  ...(isLocal
    ? [
        {
          area: "machine",
          name: "Python",
          look: () => (existsSync(venvPython) ? good("is set up") : bad("is not set up", "run npm start once")),
        },
        { area: "machine", name: "Java", look: javaCheck },
      ]
    : []),
];

export function nodeCheck(version: string) {
  return Number.parseInt(version, 10) >= leastNode
    ? good(version)
    : bad(`${version}, and ${leastNode} or newer is needed`, `install Node ${leastNode} or newer`);
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;

function diskCheck() {
  const { bavail, bsize } = statfsSync(root);
  const free = Number(bavail) * Number(bsize);
  return free > roomNeeded
    ? good(`${gigabytes(free)} free`)
    : warning(`${gigabytes(free)} free`, "make room; a local run writes its data below .local");
}

function javaCheck() {
  try {
    return good(javaHome());
  } catch {
    return good("comes with Spark, when a run first needs it");
  }
}
