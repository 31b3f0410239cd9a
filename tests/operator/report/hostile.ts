import type { DatasetReport, RunReport } from "../../../handlers/run/report.ts";
import type { OutputProfile } from "../../../operator/report/profile.ts";
import type { FileStory, RunStory, Story } from "../../../operator/story/story.ts";
import { goodStory, waitingStory } from "../stories.ts";

/** Texts that would do harm in a page if they were taken for more than texts. */
export const attacks = {
  script: "<script>document.title='pwned'</script>",
  attribute: `"><img src=x onerror="document.title='pwned'">`,
  quotes: `' onfocus='document.title="pwned"' autofocus='`,
  closing: "</title></style></desc></svg></table></main><script>document.title='pwned'</script>",
  style: "</style><style>body{display:none}</style>",
  entity: "&lt;script&gt;&#x3c;b&#x3e;",
  comment: "<!-- --!> ]]> <![CDATA[",
  nul: "a\u0000b\u0007c\u001b[31m",
  lines: "one\ntwo\r\nthree\u2028four",
  override: "users\u202egpj.exe\u2066",
  hebrew: "\u05d7\u05e9\u05d1\u05d5\u05df-2026 (1).json",
  surrogate: "half \ud83d pair",
  long: `${"very_long_name_".repeat(60)}.json`,
} as const;

const all = Object.values(attacks);
const mix = all.join(" ");
const keyed = <T>(value: (text: string, index: number) => T) =>
  Object.fromEntries(all.map((text, index) => [text, value(text, index)]));

/** The good batch, with an attack in each place that comes from outside. */
export const hostileStory: Story = (() => {
  const [first] = goodStory.runs as [RunStory];
  const [jobRun] = first.jobRuns as [RunStory["jobRuns"][number]];
  const report: RunReport = jobRun.report!;
  const dataset = report.datasets.events as DatasetReport;
  const files = all.map(
    (text, index): FileStory => ({
      ...goodStory.files[0]!,
      key: `${goodStory.batch}/${text}`,
      dataset: text,
      version: text,
      fate: index % 2 === 0 ? "rejected" : "published",
      rejection: index % 2 === 0 ? { code: text, reason: mix, fix: text, copy: text, document: text } : null,
    }),
  );
  const run = {
    ...first.run,
    release: {
      engine: { uri: mix, sha256: mix },
      contract: { uri: mix, sha256: mix },
      plan: { uri: mix, sha256: mix },
      reader: 1,
      embedded: null,
    },
    failure: { kind: "report", message: mix } as const,
  };
  return {
    ...goodStory,
    stack: `stack ${attacks.attribute}`,
    environment: attacks.closing,
    contract: { ...goodStory.contract, pipeline: attacks.script },
    files,
    undecided: all.map((text) => ({
      key: text,
      version: text,
      bytes: 1,
      uploadedAt: goodStory.readAt,
      skipped: { reason: mix, fix: text },
    })),
    runs: [
      {
        ...first,
        run,
        jobRuns: [
          {
            ...jobRun,
            id: attacks.quotes,
            rejectedRows: all.map((text) => ({ dataset: text, rows: 1, uri: `s3://bucket/${text}` })),
            report: {
              ...report,
              failure: { code: attacks.script, message: mix },
              engine: { name: attacks.script, version: attacks.attribute },
              manifest: { uri: mix, sha256: mix },
              datasets: keyed((text, index) => ({
                ...dataset,
                read: 481 + all.length,
                kept: 480,
                deduplicated: 1,
                rejected: index === 0 ? keyed(() => 1) : { [text]: all.length },
                warned: index === 0 ? keyed(() => 2) : {},
                orphans: index === 0 ? keyed(() => 3) : {},
                drift: {
                  undeclared: [{ name: text, rows: 1 }],
                  absent: [text],
                  changed: [{ name: text, found: text, rows: 1 }],
                },
              })),
              outputs: keyed(() => report.outputs.user_activity!),
              checks: all.map((text, index) => ({ name: text, passed: index % 2 === 0, detail: mix })),
            },
          },
        ],
      },
    ],
    gold: all.map((text) => ({ output: text, uri: `s3://gold/${text}`, files: [{ key: text, bytes: 1 }] })),
  };
})();

/** What keeps a batch waiting, told in hostile words. */
export const hostileWaitingStory: Story = {
  ...waitingStory,
  files: waitingStory.files.map((file) =>
    file.rejection ? { ...file, rejection: { ...file.rejection, code: mix, reason: mix, fix: mix } } : file,
  ),
};

export const hostileGold: readonly OutputProfile[] = [
  {
    output: attacks.script,
    rows: all.length,
    columns: all.map((text) => ({ name: text, type: attacks.attribute, isNumber: false })),
    sample: [all, all.map(() => null), all.map((text) => ({ [text]: [text] }))],
    charts: all.flatMap((text) => [
      { kind: "values", column: text, nulls: 1, distinct: 99, values: all.map((value) => ({ value, rows: 2 })) },
      {
        kind: "histogram",
        column: text,
        nulls: 1,
        least: text,
        median: text,
        greatest: text,
        from: text,
        to: text,
        below: 1,
        above: 1,
        bins: [1, 0],
      },
    ]),
  },
];
