/** A query as it is written. `at` is an index into its text. */
export interface Query {
  readonly at: number;
  readonly ctes: readonly { readonly at: number; readonly name: string; readonly query: Query }[];
  readonly body: Select | SetOperation | Query;
}

export interface SetOperation {
  readonly kind: "union" | "intersect" | "except";
  readonly at: number;
  readonly all: boolean;
  readonly left: Query["body"];
  readonly right: Query["body"];
}

export interface Select {
  readonly kind: "select";
  readonly at: number;
  readonly distinct: boolean;
  readonly items: readonly Item[];
  readonly from: Relation | null;
  readonly joins: readonly Join[];
  readonly views: readonly LateralView[];
  readonly where: Expr | null;
  readonly groupBy: readonly Expr[] | null;
  readonly having: Expr | null;
}

/** An expression with its alias, or all columns: of a table, or of all. */
export type Item =
  | { readonly at: number; readonly expr: Expr; readonly alias: string | null }
  | { readonly at: number; readonly star: string | null };

export interface Relation {
  readonly at: number;
  readonly source: string | Query;
  readonly alias: string | null;
}

export interface Join {
  readonly at: number;
  readonly kind: "inner" | "left" | "right" | "full" | "cross";
  readonly relation: Relation;
  readonly on: Expr | null;
  readonly using: readonly string[] | null;
}

export interface LateralView {
  readonly at: number;
  readonly generator: string;
  readonly array: Expr;
  readonly alias: string;
  readonly columns: readonly string[];
}

export interface OrderItem {
  readonly expr: Expr;
  readonly isDescending: boolean;
  readonly nullsFirst: boolean;
}

export interface Window {
  readonly at: number;
  readonly partitionBy: readonly Expr[];
  readonly orderBy: readonly OrderItem[];
  /** As SQL, such as `rows between 1 preceding and current row`. */
  readonly frame: string | null;
}

/** Every operator is a call: `a + b` of `+`, `x is null` of `is null`, `case` of `case` with its parts in order. */
export interface Call {
  readonly kind: "call";
  readonly at: number;
  readonly name: string;
  readonly args: readonly Expr[];
  readonly isDistinct?: boolean;
  readonly filter?: Expr;
  readonly over?: Window;
}

export type Expr =
  | Call
  | { readonly kind: "name"; readonly at: number; readonly parts: readonly string[] }
  | {
      readonly kind: "number" | "string" | "date" | "timestamp" | "boolean";
      readonly at: number;
      readonly value: string;
    }
  | { readonly kind: "null"; readonly at: number }
  | { readonly kind: "cast"; readonly at: number; readonly value: Expr; readonly type: string }
  | { readonly kind: "exists" | "value of"; readonly at: number; readonly query: Query }
  | { readonly kind: "in"; readonly at: number; readonly value: Expr; readonly query: Query };
