import { type ColumnType, parseColumnType } from "../../config/columnType.ts";

/** The number of digits before the point that a whole number of the type can have. */
const wholeDigits = { integer: 10, long: 19 } as const;

/** Whether a column of type `next` accepts, unchanged, every JSON value that a column of type `old` accepts. */
export function isWidened(old: string, next: string): boolean {
  return widens(parseColumnType(old), parseColumnType(next));
}

function widens(old: ColumnType, next: ColumnType): boolean {
  switch (old.kind) {
    case "integer":
      return next.kind === "integer" || next.kind === "long" || next.kind === "double" || holdsWhole(next, "integer");
    case "long":
      // Not double, which rounds beyond 2^53.
      return next.kind === "long" || holdsWhole(next, "long");
    case "decimal":
      return (
        next.kind === "decimal" && next.scale >= old.scale && next.precision - next.scale >= old.precision - old.scale
      );
    case "date":
      return next.kind === "date" || next.kind === "timestamp";
    case "array":
      return next.kind === "array" && widens(old.element, next.element);
    case "struct":
      return (
        next.kind === "struct" &&
        old.fields.every(({ name, type }) => {
          const field = next.fields.find((candidate) => candidate.name === name);
          return field !== undefined && widens(type, field.type);
        })
      );
    default:
      return next.kind === old.kind;
  }
}

const holdsWhole = (type: ColumnType, whole: keyof typeof wholeDigits): boolean =>
  type.kind === "decimal" && type.precision - type.scale >= wholeDigits[whole];
