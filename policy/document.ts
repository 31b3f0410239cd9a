import { type Resource, unknown } from "./resource.ts";
import { traitsOf } from "./types.ts";

/** A statement; every list is a list here, even where the document has a single value. */
export interface Statement {
  readonly sid: string;
  readonly allows: boolean;
  /** The named principals: `*`, ARNs and services. */
  readonly principals: readonly string[];
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** `NotAction` and similar keys, which match everything except their values. */
  readonly negations: readonly string[];
  readonly condition: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

type Raw = Readonly<Record<string, unknown>>;

const list = (value: unknown): readonly string[] =>
  value === undefined ? [] : Array.isArray(value) ? value.map(String) : [String(value)];

const principalsOf = (principal: unknown): readonly string[] =>
  typeof principal === "object" && principal !== null ? Object.values(principal).flatMap(list) : list(principal);

const statementOf = (raw: Raw, index: number): Statement => ({
  sid: typeof raw.Sid === "string" ? raw.Sid : `statement ${index + 1}`,
  allows: raw.Effect === "Allow",
  principals: principalsOf(raw.Principal),
  actions: list(raw.Action),
  resources: list(raw.Resource),
  negations: ["NotAction", "NotResource", "NotPrincipal"].filter((key) => key in raw),
  condition: (raw.Condition ?? {}) as Statement["condition"],
});

/** The statements of a document, which is a JSON text or an object; undefined while it is unknown. */
export function statementsOf(document: unknown): readonly Statement[] | undefined {
  if (document === undefined || document === unknown) return undefined;
  const { Statement } = (typeof document === "string" ? JSON.parse(document) : document) as { Statement: unknown };
  const statements = (Array.isArray(Statement) ? Statement : [Statement]) as Raw[];
  return statements.map(statementOf);
}

/** All statements that a resource carries, as far as they are known. */
export const allStatements = (resource: Resource): readonly Statement[] =>
  (traitsOf(resource.type).policies ?? []).flatMap((property) => statementsOf(resource.props[property]) ?? []);
