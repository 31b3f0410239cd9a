import type { Input, LedgerDocument, PinnedInputs } from "./document.ts";
import type { LedgerEvent } from "./event.ts";

/** What becomes of the files that a batch knows. */

export const rememberedVersions = 20;

/** S3 compares sequencers of one key as hexadecimal texts, the shorter one padded with zeros on its right. */
function isNewer(candidate: string, than: string): boolean {
  const width = Math.max(candidate.length, than.length);
  return candidate.toUpperCase().padEnd(width, "0") > than.toUpperCase().padEnd(width, "0");
}

/**
 * Which of two versions of a key is newer, by their sequencers; null if one has none, so that only Bronze's list of
 * versions knows.
 */
export function isNewerBySequencer(candidate: string | null, than: string | null): boolean | null {
  return candidate === null || than === null ? null : isNewer(candidate, than);
}

export function decide(document: LedgerDocument, event: LedgerEvent & { kind: "decided" }): LedgerDocument {
  const present = document.inputs[event.key];
  const { decision } = event;
  if (present?.decision.version === decision.version && present.decision.shape !== decision.shape) {
    // The same file, typed again: when it came stays as it was.
    const { sequencer, lastModified, decidedAt } = present.decision;
    const again = { ...decision, lastModified, decidedAt, sequencer: sequencer ?? decision.sequencer };
    return { ...document, inputs: { ...document.inputs, [event.key]: { ...present, decision: again } } };
  }
  if (present?.decision.version === decision.version) {
    if (present.decision.sequencer !== null || decision.sequencer === null) return document;
    const known = { ...present.decision, sequencer: decision.sequencer };
    return { ...document, inputs: { ...document.inputs, [event.key]: { ...present, decision: known } } };
  }
  if (present) {
    const isListedNewer = event.newerThan === present.decision.version;
    if (!(isNewerBySequencer(decision.sequencer, present.decision.sequencer) ?? isListedNewer)) return document;
  }
  const input: Input = {
    dataset: event.dataset,
    decision,
    read: present?.read ?? [],
    withdrawn: present?.withdrawn ?? [],
    late: false,
  };
  return { ...document, inputs: { ...document.inputs, [event.key]: input } };
}

export function markRead(document: LedgerDocument, inputs: PinnedInputs): LedgerDocument {
  const next: Record<string, Input> = { ...document.inputs };
  for (const pinned of Object.values(inputs)) {
    const input = pinned && next[pinned.key];
    if (!pinned || !input || input.read.includes(pinned.version)) continue;
    next[pinned.key] = { ...input, read: [...input.read, pinned.version].slice(-rememberedVersions) };
  }
  return { ...document, inputs: next };
}
