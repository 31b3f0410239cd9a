/** `node duckdb.mjs INPUT OUTPUT`: the plain DuckDB way. Reads the three files, writes user_activity as Parquet. */
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";

const [input, output] = process.argv.slice(2);
const file = (name) => `'${join(input, `${name}.json`).replaceAll("'", "''")}'`;
const read = (name, columns) =>
  `read_json(${file(name)}, format = 'newline_delimited', ignore_errors = true, columns = {${columns
    .split(" ")
    .map((column) => `${column}: 'varchar'`)
    .join(", ")}})`;
const latest = (key, time) =>
  `qualify row_number() over (partition by ${key} order by try_cast(${time} as timestamp) desc nulls last) = 1`;

const connection = await (await DuckDBInstance.create(":memory:")).connect();
await connection.run(`
  set timezone = 'UTC';
  copy (
    with users as (
      select * from ${read("users", "user_id signup_date country device_type marketing_source")}
      where user_id is not null
      ${latest("user_id", "signup_date")}
    ),
    events as (
      select * from ${read("events", "event_id user_id event_type product_id event_timestamp session_id device_type")}
      where event_id is not null and user_id is not null
      ${latest("event_id", "event_timestamp")}
    ),
    orders as (
      select * from ${read("orders", "order_id user_id product_id order_amount currency order_timestamp payment_status")}
      where order_id is not null and user_id is not null
      ${latest("order_id", "order_timestamp")}
    ),
    events_per_user as (
      select
        user_id,
        count(*) as total_events,
        count(distinct session_id) as total_sessions,
        count(*) filter (event_type = 'product_view') as product_views,
        count(*) filter (event_type = 'product_purchase') as product_purchases,
        min(try_cast(event_timestamp as timestamp)) as first_event_at,
        max(try_cast(event_timestamp as timestamp)) as last_event_at
      from events
      group by user_id
    ),
    orders_per_user as (
      select
        user_id,
        count(*) as total_orders,
        count(*) filter (payment_status = 'success') as successful_orders,
        count(*) filter (payment_status = 'failed') as failed_orders,
        sum(try_cast(order_amount as decimal(12, 2))) filter (payment_status = 'success') as revenue,
        max(try_cast(order_timestamp as timestamp)) as last_order_at
      from orders
      group by user_id
    )
    select users.*, events_per_user.* exclude (user_id), orders_per_user.* exclude (user_id)
    from users
    left join events_per_user using (user_id)
    left join orders_per_user using (user_id)
  ) to '${output.replaceAll("'", "''")}' (format parquet)
`);
