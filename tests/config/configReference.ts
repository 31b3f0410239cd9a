import { z } from "zod";
import { configSchema } from "../../config/schema.ts";

/** What of JSON Schema the config's schema uses. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly (string | number)[];
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly minProperties?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly propertyNames?: JsonSchema;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly required?: readonly string[];
}

const isSchema = (value: boolean | JsonSchema | undefined): value is JsonSchema => typeof value === "object";

/** As written in YAML: durations and days are still texts. Draft 7, which editors' YAML support reads. */
const settings = (): JsonSchema => {
  const { $schema, ...schema } = z.toJSONSchema(configSchema, {
    io: "input",
    target: "draft-7",
    // The only part that zod can't tell is the number that keeps its digits.
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === "custom") jsonSchema.type = "number";
    },
  }) as JsonSchema;
  return schema;
};

/** The schema of a part: nothing has to be there, and nothing else may be. */
function partial({ required, ...schema }: JsonSchema): JsonSchema {
  const { properties, additionalProperties } = schema;
  return {
    ...schema,
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([key, child]) => [key, partial(child)])),
    }),
    ...(isSchema(additionalProperties) && { additionalProperties: partial(additionalProperties) }),
  };
}

/**
 * The schema of a whole config file. A setting may stand above `environments`, in each of them, or be split between the
 * two, so none is required in either place; what is missing in the end only the program can tell.
 */
export function fileSchema(): JsonSchema {
  const part = partial(settings());
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "pipeline_config.yaml",
    description: "Made from config/schema.ts",
    ...part,
    properties: {
      ...part.properties,
      environments: {
        description: "The stacks, by name; each overrides any setting above",
        type: "object",
        minProperties: 1,
        // One without overrides is written with nothing after its colon.
        additionalProperties: { ...part, type: ["object", "null"] },
      },
    },
    required: ["environments"],
  };
}

/** What a value may be, in words. */
function kindOf(schema: JsonSchema): string {
  const { title, type, items, minimum, maximum, anyOf, additionalProperties } = schema;
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(", ");
  if (title) return title;
  if (anyOf) return anyOf.map(kindOf).join(" or ");
  if (type === "array") return `list of ${items?.enum ? kindOf(items) : `${kindOf(items!)}s`}`;
  if (type === "integer")
    return maximum === undefined || maximum > 2 ** 40 ? `number from ${minimum}` : `${minimum} to ${maximum}`;
  if (type === "boolean") return "`true`, `false`";
  if (isSchema(additionalProperties)) return "mapping";
  if (type === "object") return `\`{ ${Object.keys(schema.properties ?? {}).join(", ")} }\``;
  return "text";
}

interface Row {
  readonly path: string;
  readonly kind: string;
  readonly required: boolean;
  readonly description: string;
}

const placeholders: Readonly<Record<string, string>> = {
  datasets: "DATASET",
  outputs: "OUTPUT",
  columns: "COLUMN",
  references: "COLUMN",
  balances: "NAME",
};

/** The settings below `path`, in the order of the schema; a mapping of fixed keys is a heading, not a row. */
function rowsOf(path: string, schema: JsonSchema, required: boolean): Row[] {
  const { description = "", properties, additionalProperties } = schema;
  if (properties)
    return Object.entries(properties).flatMap(([key, child]) =>
      rowsOf(path ? `${path}.${key}` : key, child, schema.required?.includes(key) ?? false),
    );
  const row = { path, kind: kindOf(schema), required, description };
  const { items } = schema;
  if (items?.properties) return [{ ...row, kind: "list" }, ...rowsOf(`${path}[]`, items, false)];
  const placeholder = placeholders[path.split(".").at(-1)!];
  if (!isSchema(additionalProperties) || !placeholder) return [row];
  const entries = rowsOf(`${path}.${placeholder}`, additionalProperties, false);
  // An entry that is a single value is told by the mapping itself.
  return additionalProperties.properties
    ? [...(path.includes(".") ? [row] : []), ...entries]
    : [{ ...row, kind: `mapping to ${kindOf(additionalProperties)}` }];
}

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");

/** docs/configuration.md. */
export function configReference(): string {
  const schema = settings();
  const sections = Object.entries(schema.properties!).map(([key, child]) => {
    const rows = rowsOf(key, child, schema.required!.includes(key));
    const table = rows.map(
      ({ path, kind, required, description }) =>
        `| \`${path}\` | ${cell(kind)} | ${required ? "yes" : "no"} | ${cell(description)} |`,
    );
    const isGroup = child.properties !== undefined || key in placeholders;
    return [
      `## ${key}`,
      ...(isGroup && child.description ? ["", child.description] : []),
      "",
      "| setting | value | required | what it means |",
      "| --- | --- | --- | --- |",
      ...table,
    ].join("\n");
  });
  return `${[
    "# Configuration",
    [
      "This page lists every setting of `config/pipeline_config.yaml`. The page and the schema for editors,",
      "`config/pipeline_config.schema.json`, are generated from `config/schema.ts`:",
      "`UPDATE_GENERATED=1 npm test -- tests/config/reference.spec.ts`.",
    ].join("\n"),
    [
      "- A **duration** is a whole number and `s`, `m`, `h` or `d`: `90s`, `15m`, `6h`. **Days** are a duration in `d`.",
      "- A **value** - a default, a bound, an allowed value - is one that the column's type can hold: a number is written",
      "  without quotes and keeps every digit, a text that looks like a number is written in quotes, a day is `2025-03-31`,",
      "  a time is a day or `2025-03-31T08:30`, with seconds, up to six digits behind them, `Z` or `+05:30` if wanted; without a",
      "  zone it is UTC.",
      "- A required setting must be present after the environment is merged in; a key that is not listed below is an error.",
      "- `environments` names the stacks. Each may override any setting, key by key; a list is replaced as a whole.",
      "- `DATASET`, `OUTPUT`, `COLUMN` and `NAME` stand for your own names: lower case letters, digits and `_`. A dataset's column",
      "  has the name of its field, which may have capitals. `[]` stands for each entry of a list.",
    ].join("\n"),
    ...sections,
  ].join("\n\n")}\n`;
}
