import { PatternError, type PatternNode, parsePattern } from "./pattern.ts";

/** The batch of the files that lie at Bronze's root; no folder has its name. */
export const rollingBatch = "current";

const longest = 64;
const beginning = /^[0-9A-Za-z]$/;
const following = /^[0-9A-Za-z._-]$/;
const characters = Array.from({ length: 128 }, (_, point) => String.fromCharCode(point)).filter((sign) =>
  following.test(sign),
);

/** Whether a folder of the name may be a batch; `batching.keyPattern` chooses among such names. */
export const isBatchName = (name: string): boolean =>
  name.length <= longest &&
  name !== rollingBatch &&
  beginning.test(name[0] ?? "") &&
  [...name].every((sign) => following.test(sign));

/** How much of a name was read, whether it is the beginning of `current`, and whether it has to end here. */
interface State {
  readonly length: number;
  readonly isRolling: boolean;
  readonly hasEnded: boolean;
}
type States = ReadonlyMap<string, State>;
const setOf = (states: readonly State[]): States =>
  new Map(states.map((state) => [`${state.length} ${state.isRolling} ${state.hasEnded}`, state]));

/**
 * Whether a batch can have a name that the whole pattern matches. Follows the pattern over all names at once: what may
 * come next depends only on the state. True of a pattern with something that `parsePattern` does not read.
 */
export function matchesSomeBatch(pattern: string): boolean {
  let node: PatternNode;
  try {
    node = parsePattern(pattern);
  } catch (error) {
    if (error instanceof PatternError) return true;
    throw error;
  }
  const ends = follow(node, setOf([{ length: 0, isRolling: true, hasEnded: false }]));
  return [...ends.values()].some(
    ({ length, isRolling }) => length > 0 && !(isRolling && length === rollingBatch.length),
  );
}

function follow(node: PatternNode, from: States): States {
  const states = [...from.values()];
  switch (node.kind) {
    case "edge":
      return setOf(
        node.sign === "^"
          ? states.filter(({ length }) => length === 0)
          : states.map((state) => ({ ...state, hasEnded: true })),
      );
    case "sequence":
      return node.parts.reduce((reached, part) => follow(part, reached), from);
    case "choice":
      return new Map(node.options.flatMap((option) => [...follow(option, from)]));
    case "repeat": {
      let reached = from;
      // After as many rounds as a name has characters, another one reaches nothing new.
      for (let round = 0; round < Math.min(node.least, longest + 1); round++) reached = follow(node.part, reached);
      for (let round = node.least; round < node.most; round++) {
        const more = new Map([...reached, ...follow(node.part, reached)]);
        if (more.size === reached.size) break;
        reached = more;
      }
      return reached;
    }
    case "character": {
      const accepted = characters.filter(
        (sign) =>
          node.isNegated !==
          node.ranges.some(([first, last]) => first <= sign.charCodeAt(0) && sign.charCodeAt(0) <= last),
      );
      return setOf(states.flatMap((state) => nextStates(state, accepted)));
    }
  }
}

function nextStates({ length, isRolling, hasEnded }: State, accepted: readonly string[]): State[] {
  if (hasEnded || length === longest) return [];
  const possible = length === 0 ? accepted.filter((sign) => beginning.test(sign)) : accepted;
  const stays = (sign: string) => isRolling && sign === rollingBatch[length];
  return [
    ...(possible.some(stays) ? [{ length: length + 1, isRolling: true, hasEnded }] : []),
    ...(possible.some((sign) => !stays(sign)) ? [{ length: length + 1, isRolling: false, hasEnded }] : []),
  ];
}
