/**
 * The house's floors, lowest first: a file imports from its own floor and from those below, never from above, and no
 * import leads back to where it came from. Held by `npm run check`.
 */
const floors = {
  setup: "^setup/",
  config: "^config/",
  plan: "^plan/",
  terminal: "^terminal/",
  "the functions' tools": "^handlers/[^/]+[.]ts$",
  ledger: "^handlers/ledger/",
  bronze: "^handlers/bronze/",
  reader: "^handlers/reader/",
  run: "^handlers/run/",
  publication: "^handlers/publication/",
  invocation: "^handlers/invocation/",
  promote: "^handlers/promote/",
  embedded: "^handlers/embedded/",
  settle: "^handlers/settle/",
  components: "^components/",
  "the Pulumi program": "^index[.]ts$",
  local: "^local/",
  "operator's stack": "^operator/stack/",
  "operator's story": "^operator/story/",
  "operator's gold": "^operator/gold/",
  report: "^operator/report/",
  operator: "^operator/",
  generator: "^generator/",
  start: "^start/",
  review: "^review/",
  removal: "^removal/",
  policy: "^policy/",
  "tests and benchmarks": "^(tests|bench)/",
  "entry points": "^scripts/",
};

const patterns = Object.values(floors);

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    { name: "no circles", severity: "error", from: {}, to: { circular: true } },
    { name: "every room has a floor", severity: "error", from: { pathNot: [...patterns, "node_modules"] }, to: {} },
    ...Object.entries(floors)
      .slice(0, -1)
      .map(([name, path], index) => ({
        name: `${name}: nothing from above`,
        severity: "error",
        from: { path, pathNot: patterns.slice(0, index) },
        to: { path: patterns.slice(index + 1), pathNot: patterns.slice(0, index + 1) },
      })),
    {
      name: "settle knows nothing of promote",
      severity: "error",
      from: { path: "^handlers/settle/" },
      to: { path: "^handlers/promote/" },
    },
    {
      name: "the functions hold no validation library",
      severity: "error",
      from: { path: "^handlers/" },
      to: { path: "^config/(schema|load|checks)[.]ts$", dependencyTypesNot: ["type-only"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: ["(^|/)[.]", "[.]d[.]mts$"] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { extensions: [".ts", ".mts", ".mjs", ".js", ".json"] },
  },
};
