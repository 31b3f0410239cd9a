import { differences } from "./differences.ts";

/** Whole queries, for what is more than one expression. Both engines answer them from the tables below. */

/** A value as Spark and as DuckDB write it. */
type Cell = readonly [spark: string, duckdb: string];
const cell = (value: string | Cell): Cell => (typeof value === "string" ? [value, value] : value);
const array = (...values: readonly (string | Cell)[]): Cell => {
  const [spark, duckdb] = ([0, 1] as const).map((engine) => values.map((value) => cell(value)[engine]).join(", "));
  return [`array(${spark})`, `[${duckdb}]`];
};
const struct = (fields: Readonly<Record<string, string>>): Cell => {
  const pairs = Object.entries(fields);
  return [
    `named_struct(${pairs.map(([name, value]) => `'${name}', ${value}`).join(", ")})`,
    `{${pairs.map(([name, value]) => `'${name}': ${value}`).join(", ")}}`,
  ];
};

/** By name: the columns with their types, and the rows. */
export const queryTables: Readonly<
  Record<
    string,
    { readonly columns: Readonly<Record<string, string>>; readonly rows: readonly (readonly (string | Cell)[])[] }
  >
> = {
  people: {
    columns: { person_id: "int", name: "string", country: "string", born: "date", height: "double" },
    rows: [
      ["1", "'Ada'", "'GB'", "date '1815-12-10'", "1.65"],
      ["2", "'Zoë'", "null", "null", "1.7"],
      ["3", "''", "'FR'", "date '2000-02-29'", "null"],
      ["4", "'zed'", "'FR'", "date '2000-02-29'", "0.5"],
      ["null", "null", "'GB'", "null", "2.0"],
    ],
  },
  sales: {
    columns: {
      sale_id: "bigint",
      person_id: "int",
      amount: "decimal(10,2)",
      is_paid: "boolean",
      tags: "array<string>",
    },
    rows: [
      ["10", "1", "10.00", "true", array("'b'", "'a'", "null")],
      ["11", "1", "2.50", "false", "null"],
      ["12", "2", "null", "null", array()],
      ["13", "9", "-7.25", "true", array("'a'", "'c'")],
      ["14", "null", "0.00", "true", array("'z'")],
      ["15", "1", "2.50", "true", array("'a'")],
    ],
  },
  places: {
    columns: { place_id: "int", at: "struct<city:string,zip:string>", stops: "array<struct<name:string,minute:int>>" },
    rows: [
      [
        "1",
        struct({ city: "'Köln'", zip: "null" }),
        array(struct({ name: "'x'", minute: "5" }), struct({ name: "null", minute: "null" })),
      ],
      ["2", "null", "null"],
      ["3", struct({ city: "'Bonn'", zip: "'53111'" }), array(struct({ name: "'y'", minute: "1" }))],
    ],
  },
};

export const queries: readonly string[] = [
  // Names, stars and comments.
  "select P.NAME, p.`country` as `Land`, p.person_id + 1 next_id from people as p -- all\nwhere /* those with */ p.Country is not null",
  "select * from people p cross join (select sale_id from sales where amount > 0) s",
  "select s.*, p.name from sales s join people p on s.person_id = p.person_id",
  "select \"double\" as a, 'single \"quoted\"' as b, '--' as c, '/*' as d",
  "with people as (select person_id, name from people where country = 'FR'), n as (select count(*) as n from people) select p.name, n.n from people p cross join n",
  "with a as (with a as (select 1 as x) select x + 1 as x from a) select a.x, b.x as y from a cross join (with a as (select 7 as x) select x from a) b",
  // What binds more closely.
  "select 1 + 2 * 3 - -4 as a, -(2 + 1) * 2 as b, 'a' || 'b' = 'ab' as c, 7 % 4 * 2 as d, 2 * 7 % 4 as e, 20 div 3 div 2 as f",
  "select not 1 = 2 and false or true as a, not (1 = 2 or true) as b, true or false and false as c, not true is null as d, 1 < 2 = true as e",
  "select 2 between 1 and 3 and false as a, not 2 between 3 and 4 as b, 2 not between 3 and 4 as c, 'a' not like 'b%' as d, 1 + 1 in (2, 3) as e, 5 not in (1, 2) as f, 1 = 1 in (true) as g, 1 = 2 is null as h",
  "select case when true then 1 else 2 end + 1 as a, case 2 when 1 then 'x' when 2 then 'y' end as b, case cast(null as int) when 1 then 2 else 3 end as c",
  // Numbers as they are written.
  "select 1 as a, 2147483648 as b, -2147483648 as c, 9223372036854775808 as d, 1.50 as e, .5 as f, 0.0 as g, 00.10 as h, 1e2 as i, -0.001 as j, 1. as k, 100.00 as l, -9223372036854775808 as m",
  "select 1.5 + 1 as a, 1.5 * 3 as b, 0.1 + 0.2 as c, 3 - 0.25 as d, cast(1 as bigint) * 1.5 as e, 100 * cast(0.5 as decimal(5,2)) as f, 1 + cast(0.5 as decimal(5,2)) as g",
  "select 1.0 = 1 as a, 1.10 = 1.1 as b, 2 > 1.5 as c, 1.5 in (1, 2, 1.50) as d, coalesce(null, 1, 2.5) as e, case when true then 1 else 2.50 end as f",
  // Joins.
  ...["left", "right", "full", "inner"].map(
    (kind) =>
      `select p.person_id as p, p.name, s.person_id as s, s.sale_id from people p ${kind} join sales s on p.person_id = s.person_id`,
  ),
  ...["left outer", "right", "full outer", ""].map(
    (kind) => `select * from people ${kind} join sales using (person_id)`,
  ),
  "select person_id, people.person_id as p, sales.person_id as s from people full join sales using (person_id)",
  "select p.name, s.sale_id from people p left join sales s on p.person_id = s.person_id and s.is_paid and p.country = 'GB'",
  "select p.name, s.sale_id from people p join sales s on p.person_id < s.person_id or s.amount is null",
  "select a.person_id as a, b.person_id as b, c.sale_id as c from people a left join people b on a.person_id = b.person_id + 1 left join sales c on c.person_id = b.person_id",
  // Groups.
  "select country, count(*) as n, count(born) as b, count(distinct born) as d, min(name) as l, max(name) as m from people group by country",
  "select country is null as is_unknown, count(*) as n from people group by country is null",
  "select year(born) as y, count(*) as n from people group by y having n > 1 or y is null",
  "select upper_name, count(*) as n from (select name || '!' as upper_name from people) group by upper_name having count(*) > 0",
  "select person_id % 2 + 1 as odd, sum(person_id) as total from people group by person_id % 2",
  "select country, sum(person_id) + count(*) as t from people group by people.country having sum(person_id) > 1",
  "select sum(amount) as total, sum(amount) filter (where is_paid) as paid, count(*) filter (where not is_paid) as n, max(amount) as most, bool_and(is_paid) as a, bool_or(is_paid) as o, count_if(is_paid) as c from sales",
  "select sum(amount) as total, count(*) as n, min(sale_id) as m, avg(sale_id) as a, count(distinct is_paid, amount) as d from sales where sale_id < 0",
  "select count(distinct is_paid, amount) as n, count(distinct is_paid) as m, avg(sale_id) as a, avg(person_id) as b from sales",
  "select person_id, coalesce(sum(case when is_paid then amount end), 0) as paid from sales group by person_id",
  "select 1 as one from sales having count(*) > 2",
  "select cast(person_id as string) as p, coalesce(country, '?') as c, person_id + 1 as n, count(*) as m from people group by cast(person_id as string), coalesce(country, '?'), person_id + 1",
  "select distinct country, born from people",
  "select distinct count(*) as n from people group by country",
  // Sets.
  "select person_id as x from people union all select sale_id from sales",
  "select person_id as x, 'p' as y from people union select person_id, cast(null as string) from sales",
  "select amount as x from sales union select 1 union all select 1.5",
  "select person_id from people intersect select person_id from sales",
  "select person_id from people except select person_id from sales",
  "select person_id from sales except all select person_id from people",
  "select person_id from sales intersect all select person_id from people minus select 2",
  "select 1 as x union select 2 intersect select 3",
  "(select 1 as x union all select 2) except select 1",
  "select born as x from people union select timestamp '2000-02-29 00:00:00'",
  // Subqueries.
  "select name from people p where exists (select 1 from sales s where s.person_id = p.person_id and s.is_paid)",
  "select name from people where not exists (select 1 from sales where sales.person_id = people.person_id)",
  "select name, person_id from people where person_id in (select person_id from sales)",
  "select name, person_id from people where person_id not in (select person_id from sales where person_id is not null)",
  "select name, person_id from people where person_id not in (select person_id from sales)",
  "select name from people where person_id in (select person_id from sales) or country = 'FR'",
  "select name from people p where person_id not in (select s.person_id from sales s where s.is_paid and s.sale_id > p.person_id)",
  "select name from people where not (person_id in (select person_id from sales)) or country = 'GB'",
  "select name from people p where (p.person_id not in (select person_id from sales where person_id is not null) or exists (select 1 from sales s where s.person_id = p.person_id and not s.is_paid)) and name is not null",
  "select name, (select count(*) from sales) as n, (select max(amount) from sales) as m from people where person_id < (select avg(sale_id) from sales)",
  "select name from people where exists (select 1 from sales where person_id = 9) and name > ''",
  "select p.name from people p where exists (select 1 from people where people.country = p.country and people.person_id <> p.person_id)",
  // Windows.
  "select person_id, row_number() over (partition by country order by person_id) as n, rank() over (order by born desc) as r, dense_rank() over (order by country) as d from people",
  "select sale_id, sum(amount) over (partition by person_id order by sale_id) as running, lag(amount) over (order by sale_id) as before, lead(sale_id, 2) over (order by sale_id desc) as after from sales",
  "select country, sum(count(*)) over (order by country) as n, rank() over (order by count(*) desc) as r from people group by country",
  "select person_id, count(*) over (order by born nulls last) as n, max(name) over (partition by country) as m, min(person_id) over (order by born desc nulls first rows between unbounded preceding and unbounded following) as f from people where person_id <> 4",
  "select sale_id from (select sale_id, row_number() over (partition by person_id order by amount desc, sale_id) as n from sales) ranked where n = 1",
  "select sale_id, sum(amount) over (order by sale_id rows between 1 preceding and 1 following) as s, count(*) over (order by sale_id rows 2 preceding) as c from sales",
  // Structs and arrays.
  "select place_id, at.city, p.at.zip as zip, struct(place_id, at.city) as s, named_struct('k', p.at) as n from places p",
  "select place_id, pos, stop.name as n, stop from places lateral view posexplode(stops) e as pos, stop",
  "select p.place_id, e.s, q.person_id from places p left join people q on p.place_id = q.person_id lateral view explode(p.stops) e s where q.person_id < 3",
  "select sale_id, tag from sales lateral view explode(tags) as_tags as tag where tag is not null",
  "select sort_array(collect_list(amount)) as l, sort_array(array_agg(amount)) as g, sort_array(collect_set(amount)) as s, size(collect_list(person_id)) as n from sales",
  "select person_id, sort_array(array_distinct(flatten(collect_list(tags)))) as t, sort_array(flatten(collect_list(tags))) as f from sales group by person_id",
  "select sort_array(collect_set(name)) as s, sort_array(collect_list(born) filter (where country = 'FR')) as l, sort_array(collect_list(name)) as n from people",
  "select sort_array(collect_list(name)) as l, sort_array(array_distinct(collect_list(name))) as d from people where person_id > 100",
  "select sale_id, sort_array(tags) as t, coalesce(tags, array()) as c, size(tags) as n from sales",
  "select max_by(name, person_id) as a, min_by(name, person_id) as b, max_by(person_id, born) as c from people where person_id <> 4",
  "select max_by(name, struct(born, person_id)) as a, min_by(struct(name, born), struct(born, person_id)) as b, max_by(name, struct(country, name)) as c, min_by(person_id, named_struct('c', country, 'n', name)) as d from people",
  // Names as the translation has them in its own text.
  "select max_by(name, given) as a, sort_array(array_distinct(collect_list(born))) as b from (select name, born, person_id as given from people where person_id < 9) `#pair`",
  "select `#given`.born, date_add(born, 1) as d, `#given`.given from (select born, height as given from people) as `#given`",
  "select max_by(name, born) as a, max_by(country, person_id) as b from people where person_id > 100 or person_id is null",
  // Times.
  "select date '2025-01-31' as a, timestamp '2025-01-31 23:59:59.123456' as b, timestamp '2025-01-31' as c, date '2025-01-01' < timestamp '2025-01-01 00:00:01' as d, coalesce(date '2025-01-01', timestamp '2025-01-01 00:00:01') as e",
  "select floor((unix_timestamp(timestamp '2025-01-01 00:10:30') - unix_timestamp(timestamp '2025-01-01 00:20:00')) / 60) as m",
  "select born, date_trunc('MONTH', cast(born as timestamp)) as m, extract(YEAR from born) as y, date_add(born, -1) as d, add_months(born, 12) as a, cast(born as string) as t from people",
  "select height, height + 1 as a, height * 2e0 as b, height / 3 as c, height < 1.7e0 as d, max(height) over (partition by country) as m from people",
  // What would be silently different.
  ...differences.flatMap(([sql, construct]) => (construct === null ? [sql] : [])),
];
