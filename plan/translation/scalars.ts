import { castText } from "./casts.ts";
import {
  type Argument,
  alike,
  asInt,
  call,
  functions,
  infix,
  type Row,
  type Rule,
  scalar,
  sqlOf,
  type Value,
  variadic,
} from "./row.ts";
import {
  commonTypeOf,
  decimal,
  decimalOf,
  elementOf,
  isDecimal,
  isInteger,
  isPlain,
  isStored,
  type Type,
} from "./types.ts";

const two = [["any", "any"]] as const;
const boolean = (sql: string): Value => ({ type: "boolean", sql });

/** Of values of one type, after Spark has brought them to it. */
const ofAlike =
  (fits: (type: Type) => boolean, text: Row["spark"], result?: Type): Rule =>
  (args) => {
    const same = alike(args);
    return same && fits(same.type) ? { type: result ?? same.type, sql: text(same.texts) } : null;
  };

const ofType =
  (fits: (type: Type) => boolean, text: Row["spark"], result?: Type): Rule =>
  (args) =>
    args.every(({ type }) => fits(type)) ? { type: result ?? args[0]!.type, sql: text(sqlOf(args)) } : null;

const unlessNull =
  (rule: Rule): Rule =>
  (args, how) =>
    args.some(({ type }) => type === "void") ? null : rule(args, how);

const isBoolean = (type: Type) => type === "boolean";
const isNumber = (type: Type) => isInteger(type) || isDecimal(type) || type === "double";
const hasOrder = (type: Type) => isPlain(type) || type === "double";

const comparison = (operator: string, fits: (type: Type) => boolean, duckdb = operator): Row =>
  scalar(operator, two, unlessNull(ofAlike(fits, infix(duckdb), "boolean")), infix(operator));
const between: Row["spark"] = ([value, low, high]) => `(${value} between ${low} and ${high})`;
const within: Row["spark"] = ([value, ...list]) => `(${value} in (${list.join(", ")}))`;
const isWhat = (what: string, fits: (type: Type) => boolean): Row => {
  const text: Row["spark"] = ([value]) => `(${value} is ${what})`;
  return scalar(`is ${what}`, [["any"]], ofType(fits, text, "boolean"), text);
};
const not: Row["spark"] = ([value]) => `(not ${value})`;

const comparisons: readonly Row[] = [
  ...["=", "<>"].map((operator) => comparison(operator, isPlain)),
  ...["<", "<=", ">", ">="].map((operator) => comparison(operator, hasOrder)),
  comparison("<=>", isPlain, "is not distinct from"),
  scalar("between", [["any", "any", "any"]], unlessNull(ofAlike(isPlain, between, "boolean")), between),
  variadic(
    "in",
    [
      ["any", "any"],
      ["any", "any", "any"],
    ],
    ofAlike(isPlain, within, "boolean"),
    within,
  ),
  scalar(
    "like",
    [["any", ["''", "'a%'", "'%ß%'", "'_'", "'%'", "'__%'"]]],
    (args) =>
      args[1]!.literal !== undefined && args.every(({ type }) => type === "string")
        ? boolean(infix("like")(sqlOf(args)))
        : null,
    infix("like"),
  ),
  ...["and", "or"].map((operator) => scalar(operator, two, ofType(isBoolean, infix(operator)), infix(operator))),
  scalar("not", [["any"]], ofType(isBoolean, not), not),
  isWhat("true", isBoolean),
  isWhat("false", isBoolean),
  isWhat("null", () => true),
];

/** A choice among values that Spark brings to one type. */
function chosen(
  name: string,
  shapes: Row["shapes"],
  isCondition: (index: number, count: number) => boolean,
  text: Row["spark"] = call(name),
): Row {
  const rule: Rule = (args) => {
    const isWhen = (index: number) => isCondition(index, args.length);
    const values = alike(args.filter((_, index) => !isWhen(index)));
    if (!values || !args.every(({ type }, index) => !isWhen(index) || isBoolean(type))) return null;
    const rest = [...values.texts];
    return { type: values.type, sql: text(args.map(({ sql }, index) => (isWhen(index) ? sql : rest.shift()!))) };
  };
  return variadic(name, shapes, rule, text);
}

const caseText: Row["spark"] = (args) => {
  const part = (arg: string, index: number) =>
    index % 2 === 1 ? `then ${arg}` : index === args.length - 1 ? `else ${arg}` : `when ${arg}`;
  return `case ${args.map(part).join(" ")} end`;
};

const choices: readonly Row[] = [
  chosen(
    "case",
    [
      ["boolean", "any"],
      ["boolean", "any", "any"],
      ["boolean", "any", "boolean", "any"],
    ],
    (index, count) => index % 2 === 0 && index < count - 1,
    caseText,
  ),
  chosen("coalesce", [["any"], ["any", "any"]], () => false),
  ...["nvl", "ifnull"].map((name) =>
    scalar(
      name,
      two,
      ofAlike(() => true, call("coalesce")),
    ),
  ),
  scalar("if", [["boolean", "any", "any"]], ([condition, ...values]) => {
    const same = alike(values);
    return same && isBoolean(condition!.type)
      ? { type: same.type, sql: call("if")([condition!.sql, ...same.texts]) }
      : null;
  }),
  scalar("nullif", two, (args, how) =>
    args[0]!.type === args[1]!.type ? ofType(isPlain, call("nullif"))(args, how) : null,
  ),
  ...["greatest", "least"].map((name) => scalar(name, two, ofAlike(isPlain, call(name)))),
];

/** Precision and scale. Spark takes a literal integer to have only as many digits as are written. */
const digitsOf = ({ type, literal }: Argument) =>
  isInteger(type) && literal !== undefined
    ? ([BigInt(literal).toString().replace("-", "").length, 0] as const)
    : decimalOf(type);

const arithmetic = (operator: "+" | "-" | "*"): Row =>
  scalar(
    operator,
    [
      ["any", "any"],
      ["any", ["2", "-10"]],
      [["300"], "any"],
    ],
    unlessNull((args) => {
      const common = commonTypeOf(args.map(({ type }) => type));
      const same = common === "double" || (common && isInteger(common)) ? alike(args) : null;
      if (same) return { type: same.type, sql: infix(operator)(same.texts) };
      const [one, other] = args.map(digitsOf);
      if (!one || !other) return null;
      const scale = Math.max(one[1], other[1]);
      const whole = Math.max(one[0] - one[1], other[0] - other[1]);
      const type =
        operator === "*" ? decimal(one[0] + other[0] + 1, one[1] + other[1]) : decimal(whole + scale + 1, scale);
      if (!type) return null;
      // DuckDB keeps the product of narrow decimals narrow, so that it overflows.
      const wide = operator === "*" ? [decimal(38, one[1]), decimal(other[0], other[1])] : [type, type];
      const texts = args.map(({ sql, type }, index) => castText(sql, type, wide[index]!)!);
      return { type, sql: `cast(${infix(operator)(texts)} as ${type})` };
    }),
    infix(operator),
  );

const isCount = ({ type, literal }: Argument, least: number) =>
  type === "int" && literal !== undefined && Number(literal) >= least;

/** Spark 4.1 rounds a decimal to 34 digits when it negates it; Spark 3.5 does not. */
const isNegatedExactly = (type: Type) => isNumber(type) && (decimalOf(type)?.[0] ?? 0) <= 34;

const numbers: readonly Row[] = [
  ...(["+", "-", "*"] as const).map(arithmetic),
  scalar(
    "/",
    [["any", ["60", "-7", "1e-3"]]],
    (args) => {
      const divisor = Number(args[1]!.literal ?? 0);
      const texts = args.map(({ sql, type }) =>
        isDecimal(type) || !isNumber(type) ? null : castText(sql, type, "double"),
      );
      const isCertain = divisor !== 0 && Number.isFinite(divisor) && !texts.includes(null);
      return isCertain ? { type: "double", sql: infix("/")(texts as readonly string[]) } : null;
    },
    infix("/"),
  ),
  scalar(
    "%",
    [["any", ["7", "1000"]]],
    (args, how) => (isCount(args[1]!, 1) ? ofAlike(isInteger, infix("%"))(args, how) : null),
    infix("%"),
  ),
  scalar(
    "div",
    [["any", ["7", "1000"]]],
    (args) =>
      isCount(args[1]!, 1) && isInteger(args[0]!.type)
        ? { type: "bigint", sql: infix("//")(args.map(({ sql, type }) => castText(sql, type, "bigint")!)) }
        : null,
    infix("div"),
  ),
  scalar(
    "negative",
    [["any"]],
    ofType(isNegatedExactly, ([value]) => `(-${value})`),
  ),
  scalar("abs", [["any"]], ofType(isNegatedExactly, call("abs"))),
  ...["floor", "ceil"].map(
    (name): Row => ({
      ...functions(name, ["double"], "bigint", (args) => `cast(${call(name)(args)} as bigint)`)[0]!,
      mayFail: true,
    }),
  ),
];

const isString = (type: Type) => type === "string";
const substring = (name: string): Row =>
  scalar(
    name,
    [
      ["any", ["1", "2", "7"]],
      ["any", ["1", "3"], ["0", "1", "4"]],
    ],
    ([value, start, length]) =>
      isString(value!.type) && isCount(start!, 1) && (!length || isCount(length, 0))
        ? { type: "string", sql: call("substring")(sqlOf([value!, start!, ...(length ? [length] : [])])) }
        : null,
  );

const strings: readonly Row[] = [
  scalar("||", two, ofType(isString, infix("||")), infix("||")),
  scalar("concat", [["any"], ["any", "any"], ["any", "any", "any"]], ofType(isString, infix("||"))),
  ...functions("length char_length character_length", ["string"], "int", (args) => asInt(call("length")(args))),
  ...["trim", "ltrim", "rtrim"].flatMap((name) =>
    functions(name, ["string"], "string", ([text]) => `${name}(${text}, ' ')`),
  ),
  substring("substring"),
  substring("substr"),
  ...["startswith", "endswith", "contains"].flatMap((name) =>
    functions(
      name,
      ["string", "string"],
      "boolean",
      call(name === "startswith" ? "starts_with" : name === "endswith" ? "ends_with" : name),
    ),
  ),
  ...functions("md5", ["string"], "string", call("md5")),
];

/** A struct of these fields, whose names have to be different; null for what no column holds. */
function structOf(fields: readonly { readonly name: string | undefined; readonly value: Value }[]): Value | null {
  const names = new Set(fields.map(({ name }) => name?.toLowerCase()));
  const type = `struct<${fields.map(({ name, value }) => `${name}:${value.type}`).join(",")}>`;
  if (
    fields.length === 0 ||
    names.size < fields.length ||
    !fields.every(({ name }) => /^[a-z_]\w*$/i.test(name ?? "")) ||
    !isStored(type)
  )
    return null;
  return { type, sql: `struct_pack(${fields.map(({ name, value }) => `"${name}" := ${value.sql}`).join(", ")})` };
}

const nested: readonly Row[] = [
  variadic("struct", [], (args) => structOf(args.map((value) => ({ name: value.name, value })))),
  variadic(
    "named_struct",
    [
      [["'a'"], "any"],
      [["'a'"], "any", ["'b'"], "any"],
    ],
    (args) =>
      structOf(
        args.length % 2 === 1
          ? []
          : args.flatMap((value, index) => {
              const name = args[index - 1];
              return index % 2 === 0 ? [] : [{ name: isString(name!.type) ? name!.literal : undefined, value }];
            }),
      ),
  ),
  variadic("array", [[], ["any"], ["any", "any"]], (args) => {
    if (args.length === 0) return { type: "array<void>", sql: "[]" };
    const same = alike(args);
    return same && isStored(`array<${same.type}>`)
      ? { type: `array<${same.type}>`, sql: `[${same.texts.join(", ")}]` }
      : null;
  }),
  scalar("size", [["any"]], ([array]) =>
    elementOf(array!.type) ? { type: "int", sql: asInt(`len(${array!.sql})`) } : null,
  ),
];

export const scalars: readonly Row[] = [...comparisons, ...choices, ...numbers, ...strings, ...nested];
