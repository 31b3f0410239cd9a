import type { Random } from "./random.ts";
import type { DatasetName } from "./rows.ts";

/** Rewrites a line in an unusual form. Such lines are few, so these functions work on the text. */
type Rewrite = (line: string, random: Random) => string;

const pick = <Item>(items: readonly Item[], random: Random): Item => items[random.below(items.length)]!;

/** Replaces a field's value, whatever it is. */
function withValue(field: string, value: (old: string, random: Random) => string): Rewrite {
  const pattern = new RegExp(`("${field}":)("[^"]*"|[^,}]*)`);
  return (line, random) => line.replace(pattern, (_, name: string, old: string) => name + value(old, random));
}

const twice: Rewrite = (line) => line.replace(/^\{("\w+":(?:"[^"]*"|[^,}]*))/, "{$1,$1");

/** Values as JSON that do not fit their column's type. */
const mistyped: Readonly<Record<DatasetName, Readonly<Record<string, readonly string[]>>>> = {
  users: {
    user_id: ["12", "true"],
    signup_date: ['"31/12/2024"', '"2024-02-30T00:00:00"', '"yesterday"', '""', "1735689600"],
    country: ['["IN"]', "91"],
    device_type: ['{"name":"PC"}'],
  },
  events: {
    event_id: ["12"],
    user_id: ['{"id":"u_1"}'],
    event_timestamp: ['"12:30"', '"2025-06-31T10:00:00"', "1746093600", "1746093600000"],
    session_id: ["7.5", "[]"],
  },
  orders: {
    order_id: ["12"],
    order_amount: ['"12.50"', '"12,50"', "12.345", "10000000000", "1e400", "true"],
    order_timestamp: ['"now"', '"2025-13-01"', "1746093600"],
    payment_status: ["1", '["success"]'],
  },
};

/** Makes a row malformed: a value of another type, or a key that occurs twice. */
export const mistype = Object.fromEntries(
  Object.entries(mistyped).map(([dataset, fields]) => {
    const wrong = Object.entries(fields).map(([field, values]) =>
      withValue(field, (_, random) => pick(values, random)),
    );
    return [dataset, (line: string, random: Random) => pick([...wrong, twice], random)(line, random)];
  }),
) as Readonly<Record<DatasetName, Rewrite>>;

/** Fields that no column declares, by name, each with its value as JSON. */
const undeclared = { app_version: '"4.2.1"', debug: '{"attempt":2,"tags":["a","b"]}', referrer: '"newsletter"' };
export const undeclaredFields = Object.keys(undeclared) as (keyof typeof undeclared)[];

export const addField = (line: string, name: keyof typeof undeclared): string =>
  `${line.slice(0, -1)},"${name}":${undeclared[name]}}`;

/** Leaves out the fields that are null. */
export const leaveOutNulls = (line: string): string => line.replaceAll(/"\w+":null,?/g, "").replace(/,\}$/, "}");

const zones = ["+05:30", "-08:00", "+00:00"] as const;

function shifted(text: string, zone: (typeof zones)[number]): string {
  const [hours, minutes] = [Number(zone.slice(0, 3)), Number(zone.slice(4))];
  const offset = (hours * 60 + Math.sign(hours) * minutes) * 60_000;
  return new Date(Date.parse(`${text}Z`) + offset).toISOString().slice(0, 19) + zone;
}

/** Writes the time as another text for the same instant; midnight becomes only a date. */
export const rewriteTime = (field: string): Rewrite =>
  withValue(field, (old, random) => {
    if (old === "null") return old;
    const text = old.slice(1, -1);
    if (text.endsWith("T00:00:00")) return `"${text.slice(0, 10)}"`;
    const forms = [`${text}Z`, `${text}.000`, text.replace("T", " "), shifted(text, pick(zones, random))];
    return `"${pick(forms, random)}"`;
  });
