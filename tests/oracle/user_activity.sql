-- What the pipeline has to count and to publish, in DuckDB's SQL, from the raw lines of three files. Written from the
-- definitions below and from nothing else: neither the engine's SQL nor glue/sql were a source of it, and none of it
-- ships. Before it runs there are raw_users, raw_events and raw_orders(number, line, is_json): each line with its number
-- in the file and whether it is JSON; one that is no UTF-8 or too long is null.
--
-- A line that is blank is no row. Any other is one row, and its first fault in this order rejects it:
--   malformed              not one whole JSON object; or a declared key comes twice; or a value is of another type.
--                          Told on arrival: a file with more of these than `max_rejected` percent is not read further
--   <column>_is_null       null or absent, for the keys and for the user of an event or of an order
--   <column>_not_allowed   event types and payment statuses that are none of those known
--   <column>_out_of_range  amounts below 0 or above 100000
--   <column>_pattern       currencies that are not three capitals
--   <column>_is_orphan     the user of an event or of an order is none of the kept users
-- The last four reject when `violations` and `orphans` say so. As shipped they don't: values that break a rule are
-- counted among the kept rows as warned, and so are orphans. A null breaks none of the three rules for values.
-- A text is a JSON string. A time is a string: a date, or a date, an hour and a minute, with or without seconds, and with
-- or without a zone, which is an offset, Z, UTC or GMT; without one it is UTC. It is cut to microseconds. An amount is a
-- number of at most 10 digits before the point and, once it is rounded to 8 behind it, 2 behind it.
-- Of rows with equal keys one is kept: the latest, null last; of equally late ones the greatest by the other columns in
-- their order, null last. Then nulls take their defaults ("unknown", an amount of 0).
--
-- user_activity has one row for each kept user and what that user's kept events and orders come to:
--   total_events, total_orders          all of them
--   total_sessions                      different sessions, null not being one
--   product_views, product_purchases    events of the type product_view, product_purchase
--   successful_orders, failed_orders    orders with the payment status success, failed
--   revenue                             the amounts of the successful orders, 0.00 without any
--   first_event_at, last_event_at, last_order_at    of those that have a time, null without any

set timezone = 'UTC';

set variable users_columns = ['user_id', 'signup_date', 'country', 'device_type', 'marketing_source'];
set variable events_columns = [
    'event_id', 'user_id', 'event_type', 'product_id', 'event_timestamp', 'session_id', 'device_type'
];
set variable orders_columns = [
    'order_id', 'user_id', 'product_id', 'order_amount', 'currency', 'order_timestamp', 'payment_status'
];

create macro kind_of(record, field) as coalesce(json_type(record, '$.' || field), 'NULL');
create macro text_of(record, field) as record ->> ('$.' || field);
create macro is_text(record, field) as kind_of(record, field) in ('NULL', 'VARCHAR');

create macro parts_of(written_time) as regexp_extract(
    written_time,
    '^(\d{4}-\d{2}-\d{2})(?:[T ]((?:[01]\d|2[0-3]):[0-5]\d)(:[0-5]\d(?:\.\d+)?)?(?: ?(?:Z|UTC|GMT|([+-])([01]\d):?([0-5]\d)?))?)?$',
    ['day', 'minute', 'second', 'sign', 'hours', 'minutes']
);
-- Minutes east of Greenwich, and the instant; null for what is none.
create macro offset_of(parts) as
    if(parts.sign = '-', -1, 1) * (60 * coalesce(try_cast(parts.hours as int), 0) + coalesce(try_cast(parts.minutes as int), 0));
create macro local_of(parts) as try_cast(
    parts.day || ' ' || if(parts.minute = '', '00:00', parts.minute) || parts.second[:10] as timestamp
);
create macro instant_of(parts) as case
    when abs(offset_of(parts)) <= 18 * 60 and year(local_of(parts)) >= 1
    and year(local_of(parts) - to_minutes(offset_of(parts))) between 1 and 9999
        then timezone('UTC', local_of(parts) - to_minutes(offset_of(parts)))
end;
create macro time_of(record, field) as instant_of(parts_of(text_of(record, field)));
create macro is_time(record, field) as kind_of(record, field) = 'NULL' or (
    kind_of(record, field) = 'VARCHAR' and time_of(record, field) is not null
);

-- A number as it is written, because JSON functions print it as the nearest double.
create macro written(record, field) as regexp_extract(record, '"' || field || '"\s*:\s*(-?\d[\d.eE+-]*)', 1);
create macro digits_of(record, field) as
    case try_cast(written(record, field) as double)
        when try_cast(text_of(record, field) as double) then written(record, field)
        else text_of(record, field)
    end;
create macro amount_of(record, field) as try_cast(try_cast(digits_of(record, field) as decimal(18, 8)) as decimal(12, 2));
create macro is_amount(record, field) as kind_of(record, field) = 'NULL' or (
    kind_of(record, field) in ('UBIGINT', 'BIGINT', 'DOUBLE')
    and try_cast(digits_of(record, field) as decimal(18, 8)) = amount_of(record, field)
);

create macro has_twice(record, fields) as
    len(list_filter(json_keys(record), lambda field: list_contains(fields, field)))
    > len(list_distinct(list_filter(json_keys(record), lambda field: list_contains(fields, field))));

create macro object_of(line, is_json) as
    case when is_json and json_valid(line) then case when json_type(line) = 'OBJECT' then cast(line as json) end end;
create macro is_row(line) as line is null or regexp_matches(line, '[^ \t\r]');

create macro is_known_type(event_type) as event_type in ('product_view', 'product_purchase');
create macro is_known_status(payment_status) as payment_status in ('success', 'failed', 'in_progress');
create macro is_in_range(order_amount) as order_amount between 0 and 100000;
create macro is_currency(currency) as regexp_full_match(currency, '[A-Z][A-Z][A-Z]');

create table judged_users as
select
    *,
    case
        when is_malformed then 'malformed'
        when user_id is null then 'user_id_is_null'
    end as rule,
from (
    select
        number,
        line,
        record,
        record is null
        or has_twice(record, getvariable('users_columns'))
        or not is_text(record, 'user_id')
        or not is_time(record, 'signup_date')
        or not is_text(record, 'country')
        or not is_text(record, 'device_type')
        or not is_text(record, 'marketing_source') as is_malformed,
        text_of(record, 'user_id') as user_id,
        time_of(record, 'signup_date') as signup_date,
        text_of(record, 'country') as country,
        text_of(record, 'device_type') as device_type,
        text_of(record, 'marketing_source') as marketing_source,
    from (select *, object_of(line, is_json) as record from raw_users where is_row(line))
);

create table users as
select * replace (
    coalesce(country, 'unknown') as country,
    coalesce(device_type, 'unknown') as device_type,
    coalesce(marketing_source, 'unknown') as marketing_source
)
from judged_users
where rule is null
qualify row_number() over (
    partition by user_id
    order by
        signup_date desc nulls last,
        country desc nulls last,
        device_type desc nulls last,
        marketing_source desc nulls last
) = 1;

create table judged_events as
select
    *,
    case
        when is_malformed then 'malformed'
        when event_id is null then 'event_id_is_null'
        when user_id is null then 'user_id_is_null'
        when getvariable('violations') = 'reject' and not is_known_type(event_type) then 'event_type_not_allowed'
        when getvariable('orphans') = 'reject' and user_id not in (select user_id from users) then 'user_id_is_orphan'
    end as rule,
from (
    select
        number,
        line,
        record,
        record is null
        or has_twice(record, getvariable('events_columns'))
        or not is_text(record, 'event_id')
        or not is_text(record, 'user_id')
        or not is_text(record, 'event_type')
        or not is_text(record, 'product_id')
        or not is_time(record, 'event_timestamp')
        or not is_text(record, 'session_id')
        or not is_text(record, 'device_type') as is_malformed,
        text_of(record, 'event_id') as event_id,
        text_of(record, 'user_id') as user_id,
        text_of(record, 'event_type') as event_type,
        text_of(record, 'product_id') as product_id,
        time_of(record, 'event_timestamp') as event_timestamp,
        text_of(record, 'session_id') as session_id,
        text_of(record, 'device_type') as device_type,
    from (select *, object_of(line, is_json) as record from raw_events where is_row(line))
);

create table events as
select *
from judged_events
where rule is null
qualify row_number() over (
    partition by event_id
    order by
        event_timestamp desc nulls last,
        user_id desc,
        event_type desc nulls last,
        product_id desc nulls last,
        session_id desc nulls last,
        device_type desc nulls last
) = 1;

create table judged_orders as
select
    *,
    case
        when is_malformed then 'malformed'
        when order_id is null then 'order_id_is_null'
        when user_id is null then 'user_id_is_null'
        when getvariable('violations') = 'reject' and not is_in_range(order_amount) then 'order_amount_out_of_range'
        when getvariable('violations') = 'reject' and not is_currency(currency) then 'currency_pattern'
        when getvariable('violations') = 'reject' and not is_known_status(payment_status)
            then 'payment_status_not_allowed'
        when getvariable('orphans') = 'reject' and user_id not in (select user_id from users) then 'user_id_is_orphan'
    end as rule,
from (
    select
        number,
        line,
        record,
        record is null
        or has_twice(record, getvariable('orders_columns'))
        or not is_text(record, 'order_id')
        or not is_text(record, 'user_id')
        or not is_text(record, 'product_id')
        or not coalesce(is_amount(record, 'order_amount'), false)
        or not is_text(record, 'currency')
        or not is_time(record, 'order_timestamp')
        or not is_text(record, 'payment_status') as is_malformed,
        text_of(record, 'order_id') as order_id,
        text_of(record, 'user_id') as user_id,
        text_of(record, 'product_id') as product_id,
        amount_of(record, 'order_amount') as order_amount,
        text_of(record, 'currency') as currency,
        time_of(record, 'order_timestamp') as order_timestamp,
        text_of(record, 'payment_status') as payment_status,
    from (select *, object_of(line, is_json) as record from raw_orders where is_row(line))
);

create table orders as
select * replace (coalesce(order_amount, 0) as order_amount)
from judged_orders
where rule is null
qualify row_number() over (
    partition by order_id
    order by
        order_timestamp desc nulls last,
        user_id desc,
        product_id desc nulls last,
        order_amount desc nulls last,
        currency desc nulls last,
        payment_status desc nulls last
) = 1;

create view judged as
select 'users' as dataset, rule, number, record from judged_users
union all select 'events', rule, number, record from judged_events
union all select 'orders', rule, number, record from judged_orders;

create view lines as
select 'users' as dataset, count(*) as rows from raw_users
union all select 'events', count(*) from raw_events
union all select 'orders', count(*) from raw_orders;

create view verdicts as
select
    dataset,
    case
        when count(number) = 0 then 'blank'
        when 100 * count_if(rule = 'malformed') > getvariable('max_rejected') * count(*) then 'contract'
    end as code,
from lines
left join judged using (dataset)
group by dataset;

create view warned as
select 'events' as dataset, 'event_type_not_allowed' as rule, count(*) as rows
from events where not is_known_type(event_type)
union all select 'orders', 'order_amount_out_of_range', count(*) from orders where not is_in_range(order_amount)
union all select 'orders', 'currency_pattern', count(*) from orders where not is_currency(currency)
union all select 'orders', 'payment_status_not_allowed', count(*) from orders where not is_known_status(payment_status);

create view orphans as
select 'events' as dataset, count(*) as rows from events where user_id not in (select user_id from users)
union all select 'orders', count(*) from orders where user_id not in (select user_id from users);

create view kept as
select 'users' as dataset, count(*) as rows from users
union all select 'events', count(*) from events
union all select 'orders', count(*) from orders;

-- The fields that come at all: those that no column declares, and columns for which no row has a field.
create table fields as
select dataset, field, count(*) as rows
from (select dataset, unnest(list_distinct(json_keys(record))) as field from judged)
group by all;

create view columns as
select 'users' as dataset, unnest(getvariable('users_columns')) as field
union all select 'events', unnest(getvariable('events_columns'))
union all select 'orders', unnest(getvariable('orders_columns'));

create view undeclared as
select * from fields anti join columns using (dataset, field);

create view absent as
select * from columns anti join fields using (dataset, field);

create table user_activity as
select
    user_id,
    country,
    device_type,
    marketing_source,
    signup_date,
    (select count(*) from events where events.user_id = users.user_id) as total_events,
    (select count(distinct session_id) from events where events.user_id = users.user_id) as total_sessions,
    (
        select count(*) from events where events.user_id = users.user_id and event_type = 'product_view'
    ) as product_views,
    (
        select count(*) from events where events.user_id = users.user_id and event_type = 'product_purchase'
    ) as product_purchases,
    (select min(event_timestamp) from events where events.user_id = users.user_id) as first_event_at,
    (select max(event_timestamp) from events where events.user_id = users.user_id) as last_event_at,
    (select count(*) from orders where orders.user_id = users.user_id) as total_orders,
    (
        select count(*) from orders where orders.user_id = users.user_id and payment_status = 'success'
    ) as successful_orders,
    (select count(*) from orders where orders.user_id = users.user_id and payment_status = 'failed') as failed_orders,
    cast(coalesce((
        select sum(order_amount) from orders where orders.user_id = users.user_id and payment_status = 'success'
    ), 0) as decimal(22, 2)) as revenue,
    (select max(order_timestamp) from orders where orders.user_id = users.user_id) as last_order_at,
from users;
