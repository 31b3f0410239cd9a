/**
 * The embedded engine's protocol in every order that fast-check finds: the real adapter and the real worker on documents
 * with S3's conditions. Not shown here: Lambda itself, and DuckDB, whose work is one step.
 */
import { expect } from "chai";
import fc from "fast-check";
import { abortAfter, work } from "../../../handlers/embedded/worker.ts";
import { attemptAt, attemptId } from "../../../handlers/run/attempt.ts";
import { createEmbeddedEngine, eventAge } from "../../../handlers/run/embedded.ts";
import type { Claim } from "../../../handlers/run/engine.ts";
import type { RunReport } from "../../../handlers/run/report.ts";
import type { DocumentStore } from "../../../handlers/storage.ts";
import { memoryDocuments } from "../memoryDocuments.ts";

const manifest = { uri: "s3://ledger/manifests/2026-03-01/7.json", sha256: "ab".repeat(32) };
const id = attemptId(manifest);
const claim: Claim = {
  ...{ batch: "2026-03-01", run: 7, manifest, functionArn: "arn:f:3" },
  ...{ claimedAt: 0, startedAt: 0 },
};
const [leaseKey, reportKey] = [`attempts/2026-03-01/7/${id}/lease.json`, `reports/2026-03-01/7/${id}.json`];
const silent = { info() {}, warn() {}, error() {} };
const minute = 60_000;

const good: RunReport = {
  ...{ format: 1, batch: claim.batch, run: claim.run, jobRun: id, manifest, plan: { sha256: "cd" } },
  ...{ state: "succeeded", failure: null, datasets: {}, outputs: {}, checks: [], seconds: {} },
  engine: { name: "duckdb", version: "v1" },
};

const refusing = (status: number, name: string) => ({
  send: async () => {
    throw Object.assign(new Error("no"), { name, $metadata: status === 0 ? {} : { httpStatusCode: status } });
  },
});
const accepting = () => {
  const sent: unknown[] = [];
  return { sent, send: async ({ input }: { input: unknown }) => void sent.push(input) };
};

function engine(documents: DocumentStore, options: { lambda?: object; now?: () => number } = {}) {
  const { lambda = accepting(), now = () => 0 } = options;
  return createEmbeddedEngine({ lambda: lambda as never, documents, now });
}

interface WorkerOptions {
  readonly remaining?: number;
  readonly now?: () => number;
  readonly execute?: () => Promise<RunReport>;
}

const working = (documents: DocumentStore, { remaining = 5 * minute, now = () => 0, execute }: WorkerOptions = {}) =>
  work(
    { manifest: manifest.uri, sha256: manifest.sha256 },
    {
      ...{ documents, ledgerBucket: "ledger", now, log: silent, remainingTime: () => remaining, abortAfter },
      execute: async (_, proceed) => {
        await proceed();
        return execute ? await execute() : good;
      },
    },
  );

describe("an attempt of the embedded engine", () => {
  it("is invoked with the manifest, at the version that the release pins, and nobody waits for it", async () => {
    const lambda = accepting();
    expect(await engine(memoryDocuments(), { lambda }).start(claim, false)).to.deep.equal({
      kind: "started",
      jobRun: id,
    });
    expect(lambda.sent).to.deep.equal([
      {
        FunctionName: "arn:f:3",
        InvocationType: "Event",
        Payload: JSON.stringify({ manifest: manifest.uri, sha256: manifest.sha256 }),
      },
    ]);
    expect(id).to.match(/^em-[0-9a-f]{16}$/);
    expect(attemptId({ ...manifest, sha256: "ef" })).not.to.equal(id);
  });

  it("is not invoked again after a takeover when it has begun or ended", async () => {
    for (const key of [leaseKey, reportKey]) {
      const [documents, lambda] = [memoryDocuments(), accepting()];
      documents.texts.set(key, "{}");
      expect(await engine(documents, { lambda }).start(claim, true)).to.deep.equal({ kind: "started", jobRun: id });
      expect(lambda.sent).to.deep.equal([]);
    }
    const lambda = accepting();
    await engine(memoryDocuments(), { lambda }).start(claim, true);
    expect(lambda.sent).to.have.length(1);
  });

  for (const [status, name, kind] of [
    [429, "TooManyRequestsException", "later"],
    [500, "ServiceException", "unknown"],
    [0, "TimeoutError", "unknown"],
    [404, "ResourceNotFoundException", "refused"],
    [403, "AccessDeniedException", "refused"],
  ] as const)
    it(`answers ${kind} when Lambda says ${name}`, async () => {
      const documents = memoryDocuments();
      const answer = await engine(documents, { lambda: refusing(status, name) }).start(claim, false);
      expect(answer).to.deep.equal({ kind, message: `${name}: no` });
      // Only what is refused for good leaves a tombstone.
      expect([...documents.texts.keys()]).to.deep.equal(kind === "refused" ? [leaseKey] : []);
      if (kind !== "refused") return;
      await working(documents);
      expect(await engine(documents).describe(claim, id)).to.deep.include({ state: "failed", executed: false });
    });

  it("is started all the same when a refusal meets a worker that an unanswered invocation began", async () => {
    const documents = memoryDocuments();
    await working(documents);
    const answer = await engine(documents, { lambda: refusing(404, "ResourceNotFoundException") }).start(claim, false);
    expect(answer).to.deep.equal({ kind: "started", jobRun: id });
    expect(await engine(documents).describe(claim, id)).to.deep.include({ state: "succeeded" });
  });

  it("is unknown to the search until somebody began or ended it", async () => {
    const documents = memoryDocuments();
    expect(await engine(documents).find(claim)).to.deep.equal([]);
    await working(documents);
    expect(await engine(documents).find(claim)).to.have.length(1);
  });

  it("counts as undelivered only when no invocation can begin any more", async () => {
    const documents = memoryDocuments();
    const at = (now: number, startedAt: number | null = 0) =>
      engine(documents, { now: () => now }).describe({ ...claim, startedAt }, id);
    const latest = eventAge * 1000 + minute;
    expect(await at(latest)).to.deep.include({ state: "alive" });
    expect(await at(10 * latest, null)).to.deep.include({ state: "alive" });
    expect(await at(latest + 1)).to.deep.include({ state: "failed", executed: false });
    // What comes later finds the tombstone.
    await working(documents, { execute: () => Promise.reject(new Error("must not execute")) });
    expect(documents.texts.has(reportKey)).to.equal(false);
  });

  it("is given up a minute after its worker's deadline, and what the worker reports then comes too late", async () => {
    const documents = memoryDocuments();
    const at = (now: number) => engine(documents, { now: () => now }).describe(claim, id);
    await working(documents, {
      remaining: 5 * minute,
      async execute() {
        expect(await at(6 * minute)).to.deep.include({ state: "alive", executed: true });
        expect(await at(6 * minute + 1)).to.deep.include({ state: "unfit", executed: true });
        return good;
      },
    });
    expect(await at(0)).to.deep.include({ state: "unfit", executed: true });
  });

  it("goes on when the answer to its lease was lost, and leaves a lease that is another's", async () => {
    const documents = memoryDocuments();
    const lost: DocumentStore = {
      ...documents,
      async put(...given) {
        await documents.put(...given);
        return false;
      },
    };
    await working(lost);
    expect(JSON.parse(documents.texts.get(reportKey)!)).to.deep.equal(good);
    const other = memoryDocuments();
    other.texts.set(leaseKey, JSON.stringify({ kind: "worker", nonce: "another", deadline: 1 }));
    await working(other, { execute: () => Promise.reject(new Error("must not execute")) });
  });

  it("ends by itself when it was stopped: nothing more is executed or reported", async () => {
    const documents = memoryDocuments();
    const lambda = engine(documents);
    await working(documents, {
      async execute() {
        await lambda.stop(claim, id);
        return good;
      },
    });
    expect(await lambda.describe(claim, id)).to.deep.include({ state: "stopped" });
    const before = memoryDocuments();
    await engine(before).stop(claim, id);
    await working(before, { execute: () => Promise.reject(new Error("must not execute")) });
    expect(await engine(before).describe(claim, id)).to.deep.include({ state: "stopped", executed: false });
  });

  it("tells apart what failed and what another engine may do", async () => {
    for (const [code, state] of [
      ["checksum_mismatch", "failed"],
      ["timeout", "unfit"],
      ["memory", "unfit"],
      ["uncertain", "unfit"],
      ["stopped", "stopped"],
      ["check_failed", "failed"],
    ] as const) {
      const documents = memoryDocuments();
      await attemptAt(claim, documents).end(code, "why");
      expect(await engine(documents).describe(claim, id)).to.deep.include({ state, message: "why", executed: true });
    }
  });

  it("is executed by one worker, and is never told to have ended in two ways, whoever acts when", async function () {
    this.timeout(60_000);
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.record({
          workers: fc.integer({ min: 1, max: 3 }),
          stops: fc.integer({ min: 0, max: 1 }),
          observers: fc.integer({ min: 1, max: 2 }),
          isLate: fc.boolean(),
          lost: fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 3 }),
        }),
        async (scheduler, { workers, stops, observers, isLate, lost }) => {
          const documents = memoryDocuments();
          let puts = 0;
          const slow: DocumentStore = {
            ...documents,
            get: scheduler.scheduleFunction(documents.get),
            put: scheduler.scheduleFunction(async (...given: Parameters<DocumentStore["put"]>) => {
              const won = await documents.put(...given);
              // The answer is lost, the SDK sends it again, and S3 says that something is there.
              return won && !lost.includes(puts++);
            }),
          };
          let executing = 0;
          let executions = 0;
          const ends = new Set<string>();
          const execute = scheduler.scheduleFunction(async () => {
            executing++;
            executions++;
            expect(executing).to.equal(1);
            return good;
          });
          // For an observer that is late, worker and invocation have had their time.
          const now = () => (isLate ? 10 * eventAge * 1000 : 0);
          const look = async () => {
            for (let looks = 0; looks < 3; looks++) {
              const { state } = (await engine(slow, { now }).describe(claim, id))!;
              if (state !== "alive") ends.add(state);
            }
          };
          const parties = [
            ...Array.from({ length: workers }, () => working(slow, { execute })),
            ...Array.from({ length: stops }, () => engine(slow).stop(claim, id)),
            ...Array.from({ length: observers }, look),
          ];
          await scheduler.waitFor(Promise.all(parties));
          const { state } = (await engine(documents, { now }).describe(claim, id))!;
          ends.add(state);
          expect(executions).to.be.at.most(1);
          expect([...ends], "one end").to.have.length(1);
          if (state === "succeeded") expect(JSON.parse(documents.texts.get(reportKey)!)).to.deep.equal(good);
          if (stops === 0 && !isLate) expect(state).to.equal("succeeded");
        },
      ),
      { numRuns: 1000, seed: 1 },
    );
  });
});
