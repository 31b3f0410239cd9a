import { rollingBatch } from "../../config/batchName.ts";
import { listed } from "../../config/words.ts";
import type { Run } from "../../handlers/ledger/document.ts";
import type { GateVerdict } from "../../handlers/ledger/gate.ts";
import type { RunReport } from "../../handlers/run/report.ts";
import { ago, counted, duration, moment, quoted } from "../../terminal/text.ts";
import { engineNames } from "./engineNames.ts";
import { fatesOf } from "./fates.ts";
import type { RunPreview } from "./reads.ts";
import type { DatasetStory, RunStory, Story } from "./story.ts";

/** What can be done about a finding. */
export interface Step {
  /** A phrase without a capital letter, such as `have it uploaded again`. */
  readonly does: string;
  /** The command line to paste; words in capitals are to be filled in. Null when no command does it. */
  readonly command: string | null;
}

export interface Finding {
  /** `blocks`: nothing continues before it is mended. `note`: worth knowing. */
  readonly kind: "blocks" | "note";
  /** What it is about: a file, a dataset, a run, or the batch. */
  readonly subject: string;
  /** One sentence. */
  readonly what: string;
  /** Down to line, rule and count. */
  readonly details: readonly string[];
  readonly steps: readonly Step[];
}

export interface Explanation {
  readonly batch: string;
  readonly state: GateVerdict["state"];
  /** The run that readers see; null while there is none. */
  readonly published: number | null;
  /** Why no run starts or nothing new was published, or that all is well; one sentence. */
  readonly summary: string;
  /** Findings that block come first. */
  readonly findings: readonly Finding[];
  /** What an operator's run would read now. */
  readonly wouldRead: RunPreview;
}

/** Explains the state of a batch and what to do. `choice` is added to each command: `--stack prod`. */
export function explain(story: Story, choice: string): Explanation {
  const { batch, verdict, document } = story;
  const tell = new Teller(story, choice);
  const findings = [...tell.verdict(), ...tell.unfit(), ...tell.uploads(), ...tell.effects(), ...tell.rows()];
  return {
    batch,
    state: verdict.state,
    published: document.published?.run ?? null,
    summary: summaryOf(story),
    findings: [...findings.filter(({ kind }) => kind === "blocks"), ...findings.filter(({ kind }) => kind === "note")],
    wouldRead: story.wouldRead,
  };
}

/** What readers see meanwhile. */
const seen = ({ document: { published } }: Story): string =>
  published ? `readers see run ${published.run}` : "nothing is published yet";

function summaryOf(story: Story): string {
  const { verdict, batch, runs, readAt, dueAt } = story;
  const see = seen(story);
  switch (verdict.state) {
    case "published": {
      const { highWater } = story.document.published!;
      const back = verdict.run < highWater ? `, rolled back from run ${highWater}` : "";
      return `batch ${batch} is published: readers see run ${verdict.run}${back}`;
    }
    case "running": {
      const { run } = runs.find(({ run }) => run.run === verdict.run)!;
      return `run ${verdict.run} in ${engineNames[run.engine]} is ${run.state} for ${duration(readAt - run.claimedAt)}; ${see}`;
    }
    case "ready":
      return `batch ${batch} is complete and its run is about to be claimed; ${see}`;
    case "typing":
      return `${counted(verdict.files.length, "file")} of batch ${batch} ${verdict.files.length === 1 ? "is" : "are"} typed for the deployed contract before the run; ${see}`;
    case "failed":
      return `run ${verdict.run} failed, and no other starts by itself; ${see}`;
    case "retrying":
      return `run ${verdict.run} failed through no fault of its files; they are run again ${away(story, verdict.at)}; ${see}`;
    case "superseded":
      return `run ${verdict.run} of these files ended after a newer one had been published; ${see}`;
    case "conflict":
      return `no run starts: ${listed(Object.keys(verdict.keys))} came under two names; ${see}`;
    case "mixed":
      return `no run starts: the files lie ${duration(verdict.spread)} apart; ${see}`;
    case "waiting":
    case "late": {
      const { rejected, expired } = verdict;
      const unread = verdict.missing.filter((name) => unreadOf(story, name).length > 0);
      const missing = verdict.missing.filter((name) => !unread.includes(name));
      const why = listed([
        ...(rejected.length > 0 ? [`${listed(rejected)} ${rejected.length === 1 ? "was" : "were"} rejected`] : []),
        ...(expired.length > 0 ? [`${listed(expired)} can't be typed for the deployed contract`] : []),
        ...(unread.length > 0
          ? [`${listed(unread)} ${unread.length === 1 ? "was" : "were"} uploaded but not inspected`]
          : []),
        ...(missing.length > 0 ? [`${listed(missing)} ${missing.length === 1 ? "is" : "are"} missing`] : []),
      ]);
      const late = dueAt === null ? "" : dueAt < readAt ? `late since ${moment(dueAt)}, ` : "";
      return `no run starts: ${late}${why}; ${see}`;
    }
  }
}

/** Uploads of a dataset that promote has not decided about. */
function unreadOf({ undecided, datasets }: Story, name: string): Story["undecided"] {
  const keys = datasets.find((dataset) => dataset.name === name)?.keys ?? [];
  return undecided.filter(({ key, skipped }) => skipped === null && keys.includes(key));
}

const away = ({ readAt }: Story, at: number): string =>
  at < readAt ? ago(readAt - at) : `in ${duration(at - readAt)}`;

/** Gathers the findings of one story. */
class Teller {
  readonly #story: Story;
  readonly #choice: string;

  constructor(story: Story, choice: string) {
    this.#story = story;
    this.#choice = choice;
  }

  #step(does: string, args: string | null): Step {
    const flags = this.#choice === "" ? "" : ` ${this.#choice}`;
    return { does, command: args === null ? null : `npm run pipeline -- ${args}${flags}` };
  }

  #upload(does: string, dataset: DatasetStory): Step {
    const { batch } = this.#story;
    const name = dataset.keys[0]!.split("/").at(-1)!;
    return this.#step(does, `upload ${name}${batch === rollingBatch ? "" : ` --batch ${batch}`}`);
  }

  verdict(): Finding[] {
    const { verdict } = this.#story;
    switch (verdict.state) {
      case "waiting":
      case "late":
        return [
          ...verdict.rejected.map((name) => this.#rejected(this.#dataset(name))),
          ...verdict.expired.map((name) => this.#expired(this.#dataset(name))),
          ...verdict.missing.map((name) => this.#missing(this.#dataset(name))),
          ...this.#correction(verdict.missing),
        ];
      case "conflict":
        return Object.entries(verdict.keys).map(([name, keys]) => ({
          kind: "blocks",
          subject: name,
          what: `${name} has ${keys.length} files that no run has read, and the pipeline does not guess which one counts`,
          details: keys.map((key) => this.#fileText(key)),
          steps: keys.map((key) => this.#step(`leave ${key} out`, `withdraw ${quoted(key)}`)),
        }));
      case "mixed":
        return [this.#mixed(verdict.spread)];
      case "failed":
        return [this.#failed(this.#run(verdict.run))];
      case "retrying":
        return [
          {
            ...this.#failed(this.#run(verdict.run)),
            kind: "note",
            steps: [this.#step("follow it", `watch ${this.#story.batch}`)],
          },
        ];
      case "superseded":
        return [
          {
            kind: "blocks",
            subject: `run ${verdict.run}`,
            what: `run ${verdict.run} read these files, but readers do not see its output because a newer run had been published by then`,
            details: [],
            steps: [this.#step("run the files again", `run ${this.#story.batch}`)],
          },
        ];
      case "running":
        return [this.#running(this.#run(verdict.run))];
      case "ready":
        return [
          {
            kind: "note",
            subject: this.#story.batch,
            what: "all required files are here; the next write to the ledger claims a run, or else the next sweep",
            details: [],
            steps: [this.#step("follow it", `watch ${this.#story.batch}`)],
          },
        ];
      case "typing":
        return [
          {
            kind: "note",
            subject: this.#story.batch,
            what: "the contract has changed since these files came, so promote types them again",
            details: verdict.files.map(({ key }) => key),
            steps: [this.#step("follow it", `watch ${this.#story.batch}`)],
          },
        ];
      case "published":
        return [];
    }
  }

  #expired(dataset: DatasetStory): Finding {
    const file = this.#story.files.find(({ key, fate }) => fate === "expired" && dataset.live.includes(key))!;
    return {
      kind: "blocks",
      subject: file.key,
      what: `${file.key} came under another contract, and Bronze no longer has it, so it can't be typed for the deployed one`,
      details: [`uploaded ${moment(file.uploadedAt)}`],
      steps: [this.#upload("upload it again", dataset)],
    };
  }

  #dataset = (name: string): DatasetStory => this.#story.datasets.find((dataset) => dataset.name === name)!;
  #run = (number: number): RunStory => this.#story.runs.find(({ run }) => run.run === number)!;

  #fileText(key: string): string {
    const file = this.#story.files.find((one) => one.key === key)!;
    return `${key}: ${file.fate}, uploaded ${moment(file.uploadedAt)}, ${counted(file.bytes, "byte")}`;
  }

  #rejected(dataset: DatasetStory): Finding {
    const file = this.#story.files.find(({ key, fate }) => fate === "rejected" && dataset.live.includes(key))!;
    const { code, reason, fix } = file.rejection!;
    return {
      kind: "blocks",
      subject: file.key,
      what: `${file.key} was rejected: ${reason}`,
      details: [`rule: ${code}`, `to mend: ${fix}`, `uploaded ${moment(file.uploadedAt)}`],
      steps: [
        this.#upload(`mend it, then upload it again`, dataset),
        ...(dataset.required ? [] : [this.#step("or go on without it", `withdraw ${quoted(file.key)}`)]),
      ],
    };
  }

  #missing(dataset: DatasetStory): Finding {
    const { dueAt, readAt } = this.#story;
    const waiting = unreadOf(this.#story, dataset.name);
    const details =
      dueAt === null ? [] : [`${dueAt < readAt ? "was" : "is"} due by ${moment(dueAt)} (${away(this.#story, dueAt)})`];
    if (waiting.length > 0) return this.#unread(dataset, waiting[0]!, details);
    return {
      kind: "blocks",
      subject: dataset.name,
      what: `${dataset.name} has no new file`,
      details: [`expected: ${dataset.keys.join(" or ")}`, ...details],
      steps: [this.#upload("have it uploaded", dataset)],
    };
  }

  /** A file was uploaded, but promote has not decided about it. */
  #unread(dataset: DatasetStory, file: Story["undecided"][number], details: readonly string[]): Finding {
    const { messages, readAt, batch } = this.#story;
    const age = duration(readAt - file.uploadedAt);
    const isGivenUp = messages.deadUploads > 0;
    return {
      kind: "blocks",
      subject: dataset.name,
      what: `${file.key} was uploaded ${age} ago, but promote has not decided about it`,
      details: [
        isGivenUp
          ? `in the dead-letter queue: ${counted(messages.deadUploads, "message")} that promote gave up on`
          : `${counted(messages.uploads, "upload")} in the queue`,
        ...details,
      ],
      steps: isGivenUp
        ? [
            this.#step("find out what promote failed on", `logs ${batch}`),
            this.#step("once that is mended, have it tried again", "redrive"),
          ]
        : [this.#step("follow it", `watch ${batch}`)],
    };
  }

  /** A batch that was published waits for all of its required files to be renewed. */
  #correction(missing: readonly string[]): Finding[] {
    const { document, batch, files } = this.#story;
    const renewed = files.filter(({ fate }) => fate === "promoted").map(({ key }) => key);
    if (!document.published || renewed.length === 0 || missing.length === 0) return [];
    if (files.some(({ fate }) => fate === "rejected")) return [];
    return [
      {
        kind: "note",
        subject: batch,
        what: `${listed(renewed)} can be run with the newest good ${missing.length === 1 ? "file" : "files"} of ${listed(missing)}`,
        details: ["a batch runs by itself once all of its required files have been renewed"],
        steps: [this.#step("run it as a correction", `run ${batch}`)],
      },
    ];
  }

  #mixed(spread: number): Finding {
    const { rules, files, batch } = this.#story;
    return {
      kind: "blocks",
      subject: batch,
      what: `the oldest and the newest file lie ${duration(spread)} apart; at most ${duration(rules.maxSpread)} is allowed (batching.maxSpread)`,
      details: files.filter(({ fate }) => fate === "promoted").map(({ key }) => this.#fileText(key)),
      steps: [
        this.#step("have the older files uploaded again", null),
        this.#step("or run them as they are", `run ${batch}`),
      ],
    };
  }

  #running({ run, jobRuns }: RunStory): Finding {
    const { batch, readAt } = this.#story;
    const engine = engineNames[run.engine];
    const last = jobRuns.at(-1);
    const waits = run.engine === "embedded" && last?.job?.state === "waiting";
    return {
      kind: "note",
      subject: `run ${run.run}`,
      what: waits
        ? "the order waits for Lambda, for at most an hour"
        : last
          ? `${engine} has it${last.job ? `: ${last.job.state}` : ""}`
          : `it was claimed ${ago(readAt - run.claimedAt)} but ${engine} has not taken it yet`,
      details: jobRuns.map(({ id }) => `job run ${id}`),
      steps: [this.#step("follow it", `watch ${batch}`)],
    };
  }

  #failed({ run, jobRuns }: RunStory): Finding {
    const { batch, rules } = this.#story;
    const engine = engineNames[run.engine];
    const { kind, message } = run.failure!;
    const report = jobRuns.find(({ id }) => id === run.settledBy)?.report ?? null;
    const logs = this.#step("read what it printed", `logs ${batch} --run ${run.run}`);
    const again = this.#step("run the same files again", `run ${batch}`);
    const finding = (what: string, details: readonly string[], steps: readonly Step[]): Finding => ({
      kind: "blocks",
      subject: `run ${run.run}`,
      what,
      details: [...details, `read ${listed(filesOf(run))}`],
      steps,
    });
    switch (kind) {
      case "report": {
        const failed = failedChecks(report);
        return finding(
          `run ${run.run} reported a failure: ${failed.length === 0 ? message : listed(failed.map(({ name }) => name))}`,
          failed.map(({ name, detail }) => `${name}: ${detail}`),
          [
            ...(hasRejectedRows(report)
              ? [this.#step("see the rejected rows", `rejects ${batch} --run ${run.run}`)]
              : []),
            this.#step(
              "mend the file and upload it: a new file starts a run",
              `upload FILE${batch === rollingBatch ? "" : ` --batch ${batch}`}`,
            ),
            this.#step("or, once config or SQL is mended and deployed, run the same files", `run ${batch}`),
          ],
        );
      }
      case "unfit":
        return finding(unfitText(run), [], [logs]);
      case "timeout":
        return finding(`run ${run.run} took longer than glue.timeout`, [message], [logs, again]);
      case "stopped":
        return finding(`run ${run.run} was stopped`, [message], [again]);
      case "refused":
        return finding(
          `${engine} would not start run ${run.run}: ${message}`,
          [],
          [this.#step("look at the stack", "doctor"), again],
        );
      case "undelivered":
        return finding(
          `${engine} took run ${run.run} but never began it: ${message}`,
          [`the same files are claimed again until ${engine} begins, in the end every hour`],
          [again],
        );
      case "infrastructure":
        return finding(
          `run ${run.run} broke without a report: ${message}`,
          [`these files are claimed at most ${counted(rules.attempts, "time")} (glue.attempts)`],
          [logs, again],
        );
    }
  }

  /** Why the run that the verdict names was not done by the embedded engine. */
  unfit(): Finding[] {
    const { verdict, runs, batch } = this.#story;
    const shown = "run" in verdict ? runs.find(({ run }) => run.run === verdict.run)?.run : undefined;
    const tried =
      shown?.tries.unfit && runs.findLast(({ run }) => run.run < shown.run && run.failure?.kind === "unfit");
    if (!tried) return [];
    const { run } = tried;
    return [
      {
        kind: "note",
        subject: `run ${run.run}`,
        what: unfitText(run),
        details: [],
        steps: [this.#step("read what it printed", `logs ${batch} --run ${run.run}`)],
      },
    ];
  }

  /** Uploads that are not in the ledger and that no other finding mentions. */
  uploads(): Finding[] {
    const { undecided, verdict, datasets } = this.#story;
    const missing = "missing" in verdict ? verdict.missing : [];
    const told = new Set(missing.flatMap((name) => unreadOf(this.#story, name)));
    const open = undecided.filter((upload) => upload.skipped === null && !told.has(upload));
    const skipped = undecided.flatMap(({ key, skipped }) => (skipped ? [{ key, ...skipped }] : []));
    return [
      ...open.map((file): Finding => {
        const dataset = datasets.find(({ keys }) => keys.includes(file.key))!;
        return { ...this.#unread(dataset, file, []), kind: this.#story.messages.deadUploads > 0 ? "blocks" : "note" };
      }),
      ...skipped.map(
        ({ key, reason, fix }): Finding => ({
          kind: "note",
          subject: key,
          what: `${key} was skipped: ${reason}`,
          details: [`to mend: ${fix}`],
          steps: [],
        }),
      ),
    ];
  }

  /** Overdue effects, which a working sweep would have taken up. */
  effects(): Finding[] {
    const { document, readAt, batch } = this.#story;
    return document.effects
      .filter(({ until }) => until + sweepPatience < readAt)
      .map(({ kind, until }) => ({
        kind: "blocks",
        subject: batch,
        what: `${effectWords[kind]} has been overdue since ${moment(until)}, so the sweep does not run or fails`,
        details: [],
        steps: [this.#step("look at the stack", "doctor"), this.#step("read why", `logs ${batch}`)],
      }));
  }

  /** What the published run left out. */
  rows(): Finding[] {
    const { verdict, batch, runs } = this.#story;
    if (verdict.state !== "published") return [];
    const story = runs.find(({ run }) => run.run === verdict.run);
    const report = story?.jobRuns.find(({ id }) => id === story.run.settledBy)?.report ?? null;
    return Object.entries(fatesOf(report)).flatMap(([name, { read, rejected }]): Finding[] => {
      const rules = Object.entries(rejected).filter(([, rows]) => rows > 0);
      if (rules.length === 0) return [];
      const rows = rules.reduce((sum, [, count]) => sum + count, 0);
      return [
        {
          kind: "note",
          subject: name,
          what: `${rows.toLocaleString("en")} of ${counted(read, "row")} of ${name} were rejected, within what the contract allows`,
          details: rules.map(([rule, count]) => `${rule}: ${count.toLocaleString("en")}`),
          steps: [this.#step("see them", `rejects ${batch}`)],
        },
      ];
    });
  }
}

/** Two of the slowest sweeps, in milliseconds. */
const sweepPatience = 15 * 60_000;

const effectWords = {
  type: "having a file typed",
  start: "starting a run",
  stop: "stopping a job run",
  catalog: "switching the catalog",
  expire: "deleting what an old run wrote",
  notify: "telling people how a run ended",
} as const;

/** Nobody has to do anything about it. */
const unfitText = ({ run, failure }: Run): string =>
  `DuckDB could not do run ${run}, so Glue gets its files: ${failure!.message}`;

const filesOf = (run: Run): string[] => Object.values(run.inputs).flatMap((pinned) => (pinned ? [pinned.key] : []));

const failedChecks = (report: RunReport | null) => (report?.checks ?? []).filter(({ passed }) => !passed);

const hasRejectedRows = (report: RunReport | null): boolean =>
  Object.values(fatesOf(report)).some(({ rejected }) => Object.values(rejected).some((rows) => rows > 0));
