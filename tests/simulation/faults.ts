/** What may go wrong with a single call of a function. */
export type CallFault =
  | "crash before a call"
  | "crash after a call"
  | "answer lost"
  | "call fails"
  | "conflict (409)"
  | "slow call"
  | "throttled"
  | "ConcurrentRunsExceeded"
  | "start refused"
  | "start's answer lost";

/** What may go wrong around the functions. */
export type WorldFault =
  | "clock skew"
  | "S3 event lost"
  | "S3 event duplicated"
  | "S3 event late"
  | "S3 events reordered"
  | "message delivered twice"
  | "message's deletion lost"
  | "poison message"
  | "two versions in flight"
  | "replaced between validation and copy"
  | "newer rejected file"
  | "delete marker"
  | "version deleted for good"
  | "function timed out"
  | "twins alive"
  | "Glue FAILED without a report"
  | "Glue FAILED with a report"
  | "Glue succeeded without a report"
  | "Glue TIMEOUT"
  | "Glue STOPPED by a person"
  | "Glue never reports"
  | "Glue event lost"
  | "Glue event duplicated"
  | "Glue event late"
  | "publication crashed half way"
  | "rollback meanwhile"
  | "sweep skipped"
  | "Glue without capacity"
  | "order lost"
  | "order delivered twice"
  | "order late"
  | "worker killed"
  | "embedded run failed"
  | "embedded run unfit"
  | "report's event lost"
  | "report's event late"
  | "deployment"
  | "outage of an hour"
  | "table refuses"
  | "notices refused";

export type Fault = CallFault | WorldFault;

/** Likelihood of each fault at one call, in 10,000. */
export const callFaultRates: Readonly<Record<CallFault, number>> = {
  "crash before a call": 40,
  "crash after a call": 60,
  "answer lost": 50,
  "call fails": 60,
  "conflict (409)": 150,
  "slow call": 80,
  throttled: 100,
  ConcurrentRunsExceeded: 600,
  "start refused": 400,
  "start's answer lost": 1500,
};

export const callFaults = Object.keys(callFaultRates) as readonly CallFault[];

export const worldFaults: readonly WorldFault[] = [
  "clock skew",
  "S3 event lost",
  "S3 event duplicated",
  "S3 event late",
  "S3 events reordered",
  "message delivered twice",
  "message's deletion lost",
  "poison message",
  "two versions in flight",
  "replaced between validation and copy",
  "newer rejected file",
  "delete marker",
  "version deleted for good",
  "function timed out",
  "twins alive",
  "Glue FAILED without a report",
  "Glue FAILED with a report",
  "Glue succeeded without a report",
  "Glue TIMEOUT",
  "Glue STOPPED by a person",
  "Glue never reports",
  "Glue event lost",
  "Glue event duplicated",
  "Glue event late",
  "publication crashed half way",
  "rollback meanwhile",
  "sweep skipped",
  "Glue without capacity",
  "order lost",
  "order delivered twice",
  "order late",
  "worker killed",
  "embedded run failed",
  "embedded run unfit",
  "report's event lost",
  "report's event late",
  "deployment",
  "outage of an hour",
  "table refuses",
  "notices refused",
];

/** A change of the ledger, by the event that makes it; an operator's order by its operation. */
export type Transition =
  | "decided"
  | "claim"
  | "started"
  | "deferred"
  | "refused"
  | "observed"
  | "stopped"
  | "switched"
  | "sweep"
  | "overtake"
  | "expired"
  | "notified"
  | "run"
  | "replay"
  | "rollback"
  | "withdraw";

export const transitions: readonly Transition[] = [
  "decided",
  "claim",
  "started",
  "deferred",
  "refused",
  "observed",
  "stopped",
  "switched",
  "sweep",
  "overtake",
  "expired",
  "notified",
  "run",
  "replay",
  "rollback",
  "withdraw",
];

export type ServiceName = "S3" | "Glue" | "Glue catalog" | "Lambda" | "SQS" | "SNS";
