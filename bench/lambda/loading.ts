import { atMost, type Line, of, type Round, type Subject, type Unit } from "../benchmark.ts";
import { spreadOf } from "../statistics.ts";
import type { Deployed } from "./bundle.ts";
import { load } from "./invoke.ts";

/** One process says little about a time of milliseconds, so there are several, and the subjects alternate. */
const loads = Array.from({ length: 5 }, (_, index) => index + 1);

const subject = (name: string, deployed: Deployed, folder: string): Subject => ({
  name,
  async measure() {
    const figures = await load(deployed, folder);
    return { ...figures, megabytes: deployed.bytes / 1e6, initMemory: figures.initMemory! / 1e6 };
  },
});

/** A function's bundle, and a bundle of only its SDK clients, made in the same way. */
export const loadSubjects = (bundle: Deployed, clients: Deployed, folder: string): Subject[] =>
  loads.flatMap((index) => [
    subject(`bundle, load ${index}`, bundle, folder),
    subject(`clients, load ${index}`, clients, folder),
  ]);

const medianOf = (what: "bundle" | "clients", figure: string) => (round: Round) =>
  spreadOf(loads.map((index) => of(`${what}, load ${index}`, figure)(round))).median;

const line = (what: string, unit: Unit, figure: string): Line => ({
  what,
  unit,
  figure: medianOf("bundle", figure),
  baseline: { what: "clients alone", figure: medianOf("clients", figure) },
});

export const loadLines: readonly Line[] = [
  { ...line("bundle, minified", "MB", "megabytes"), limit: atMost(1, "figure") },
  { ...line("init", "ms", "initTime"), limit: atMost(1.3) },
  line("CPU of init", "ms", "initCpu"),
  line("memory after init", "MB", "initMemory"),
];
