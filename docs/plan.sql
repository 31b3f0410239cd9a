-- The plan of the shipped contract. A `#` marks what SQL of a contract can't name by accident.

-- users#checked (view): The rows of users, each with the first rule that it breaks.
select
    `user_id`,
    `signup_date`,
    `country`,
    `device_type`,
    `marketing_source`,
    cast(_part as bigint) * 1099511627776 + _line as `#place`,
    `#file`,
    `#file_line`,
    case
        when `user_id` is null then 'user_id_is_null'
    end as `#rule`
from `users#silver`
;

-- events#checked (view): The rows of events, each with the first rule that it breaks.
select
    `event_id`,
    `user_id`,
    `event_type`,
    `product_id`,
    `event_timestamp`,
    `session_id`,
    `device_type`,
    cast(_part as bigint) * 1099511627776 + _line as `#place`,
    `#file`,
    `#file_line`,
    case
        when `event_id` is null then 'event_id_is_null'
        when `user_id` is null then 'user_id_is_null'
    end as `#rule`
from `events#silver`
;

-- orders#checked (view): The rows of orders, each with the first rule that it breaks.
select
    `order_id`,
    `user_id`,
    `product_id`,
    `order_amount`,
    `currency`,
    `order_timestamp`,
    `payment_status`,
    cast(_part as bigint) * 1099511627776 + _line as `#place`,
    `#file`,
    `#file_line`,
    case
        when `order_id` is null then 'order_id_is_null'
        when `user_id` is null then 'user_id_is_null'
    end as `#rule`
from `orders#silver`
;

-- groups#1 (table): How many rows break each rule, and the hashes of the keys that may come more than once.
select
    dataset,
    `#rule`,
    case when row_count > 1 then `#key` end as `#key`,
    sum(row_count) as row_count
from (
    select
        dataset,
        `#rule`,
        `#key`,
        count(*) as row_count
    from (
select 'users' as dataset, `#rule`, case when `#rule` is null then xxhash64(`user_id`) end as `#key`
from `users#checked`
union all
select 'events' as dataset, `#rule`, case when `#rule` is null then xxhash64(`event_id`) end as `#key`
from `events#checked`
union all
select 'orders' as dataset, `#rule`, case when `#rule` is null then xxhash64(`order_id`) end as `#key`
from `orders#checked`
    ) as keyed
    group by dataset, `#rule`, `#key`
) as counted
group by dataset, `#rule`, case when row_count > 1 then `#key` end
;

-- duplicates#1 (table): The places of the rows whose key has a later row.
select
    'users' as dataset,
    `#place`
from (
    select
        `#place`,
        row_number() over (
            partition by `user_id`
            order by
                `signup_date` desc nulls last,
                `country` desc nulls last,
                `device_type` desc nulls last,
                `marketing_source` desc nulls last,
                `#place` desc nulls last
        ) as `#rank`
    from `users#checked`
    where `#rule` is null
    and xxhash64(`user_id`) in (select `#key` from `groups#1`)
) as ranked
where `#rank` > 1
union all
select
    'events' as dataset,
    `#place`
from (
    select
        `#place`,
        row_number() over (
            partition by `event_id`
            order by
                `event_timestamp` desc nulls last,
                `user_id` desc nulls last,
                `event_type` desc nulls last,
                `product_id` desc nulls last,
                `session_id` desc nulls last,
                `device_type` desc nulls last,
                `#place` desc nulls last
        ) as `#rank`
    from `events#checked`
    where `#rule` is null
    and xxhash64(`event_id`) in (select `#key` from `groups#1`)
) as ranked
where `#rank` > 1
union all
select
    'orders' as dataset,
    `#place`
from (
    select
        `#place`,
        row_number() over (
            partition by `order_id`
            order by
                `order_timestamp` desc nulls last,
                `user_id` desc nulls last,
                `product_id` desc nulls last,
                `order_amount` desc nulls last,
                `currency` desc nulls last,
                `payment_status` desc nulls last,
                `#place` desc nulls last
        ) as `#rank`
    from `orders#checked`
    where `#rule` is null
    and xxhash64(`order_id`) in (select `#key` from `groups#1`)
) as ranked
where `#rank` > 1
;

-- users#kept (view): The rows of users that break no rule and are no duplicates.
select
    checked.`user_id`,
    checked.`signup_date`,
    checked.`country`,
    checked.`device_type`,
    checked.`marketing_source`
from `users#checked` as checked
left join `duplicates#1` as duplicates
    on duplicates.`#place` = checked.`#place`
    and duplicates.dataset = 'users'
where checked.`#rule` is null
and duplicates.`#place` is null
;

-- users (view): The rows of users that the SQL of the outputs reads.
select
    `user_id`,
    `signup_date`,
    coalesce(`country`, cast('unknown' as string)) as `country`,
    coalesce(`device_type`, cast('unknown' as string)) as `device_type`,
    coalesce(`marketing_source`, cast('unknown' as string)) as `marketing_source`
from `users#kept`
;

-- events#kept (view): The rows of events that break no rule and are no duplicates.
select
    checked.`event_id`,
    checked.`user_id`,
    checked.`event_type`,
    checked.`product_id`,
    checked.`event_timestamp`,
    checked.`session_id`,
    checked.`device_type`
from `events#checked` as checked
left join `duplicates#1` as duplicates
    on duplicates.`#place` = checked.`#place`
    and duplicates.dataset = 'events'
where checked.`#rule` is null
and duplicates.`#place` is null
;

-- events (view): The rows of events that the SQL of the outputs reads.
select
    `event_id`,
    `user_id`,
    `event_type`,
    `product_id`,
    `event_timestamp`,
    `session_id`,
    coalesce(`device_type`, cast('unknown' as string)) as `device_type`
from `events#kept`
;

-- orders#kept (view): The rows of orders that break no rule and are no duplicates.
select
    checked.`order_id`,
    checked.`user_id`,
    checked.`product_id`,
    checked.`order_amount`,
    checked.`currency`,
    checked.`order_timestamp`,
    checked.`payment_status`
from `orders#checked` as checked
left join `duplicates#1` as duplicates
    on duplicates.`#place` = checked.`#place`
    and duplicates.dataset = 'orders'
where checked.`#rule` is null
and duplicates.`#place` is null
;

-- orders (view): The rows of orders that the SQL of the outputs reads.
select
    `order_id`,
    `user_id`,
    `product_id`,
    coalesce(`order_amount`, cast('0' as decimal(12,2))) as `order_amount`,
    `currency`,
    `order_timestamp`,
    `payment_status`
from `orders#kept`
;

-- users#referring (table): How many rows name a row of users, and each value that names none.
select
    'events' as dataset,
    'user_id' as reference,
    named,
    value,
    count(*) as row_count,
    count(case when `events.event_type_not_allowed` then 1 end) as `events.event_type_not_allowed`,
    cast(0 as bigint) as `orders.order_amount_out_of_range`,
    cast(0 as bigint) as `orders.currency_pattern`,
    cast(0 as bigint) as `orders.payment_status_not_allowed`
from (
    select
        case when known.`user_id` is not null then 'row' when referring.value is null then 'null' else 'none' end as named,
        case when known.`user_id` is null then referring.value end as value,
        referring.`events.event_type_not_allowed`
    from (
        select `user_id` as value, `event_type` not in (cast('product_view' as string), cast('product_purchase' as string)) as `events.event_type_not_allowed`
        from `events#kept`
    ) as referring
    left join `users` as known
        on referring.value = known.`user_id`
) as looked_up
group by named, value
union all
select
    'orders' as dataset,
    'user_id' as reference,
    named,
    value,
    count(*) as row_count,
    cast(0 as bigint) as `events.event_type_not_allowed`,
    count(case when `orders.order_amount_out_of_range` then 1 end) as `orders.order_amount_out_of_range`,
    count(case when `orders.currency_pattern` then 1 end) as `orders.currency_pattern`,
    count(case when `orders.payment_status_not_allowed` then 1 end) as `orders.payment_status_not_allowed`
from (
    select
        case when known.`user_id` is not null then 'row' when referring.value is null then 'null' else 'none' end as named,
        case when known.`user_id` is null then referring.value end as value,
        referring.`orders.order_amount_out_of_range`,
        referring.`orders.currency_pattern`,
        referring.`orders.payment_status_not_allowed`
    from (
        select `user_id` as value, (`order_amount` < cast('0' as decimal(12,2)) or `order_amount` > cast('100000' as decimal(12,2))) as `orders.order_amount_out_of_range`, not `currency` rlike '\\A(?:[A-Z]{3})\\z' as `orders.currency_pattern`, `payment_status` not in (cast('success' as string), cast('failed' as string), cast('in_progress' as string)) as `orders.payment_status_not_allowed`
        from `orders#kept`
    ) as referring
    left join `users` as known
        on referring.value = known.`user_id`
) as looked_up
group by named, value
;

-- events_orphans (view): The rows of events whose reference is null or names no row; once for each such reference.
select
    referring.`event_id`,
    referring.`user_id`,
    referring.`event_type`,
    referring.`product_id`,
    referring.`event_timestamp`,
    referring.`session_id`,
    referring.`device_type`,
    'user_id' as orphan_column
from `events` as referring
join `users#referring` as counted
    on counted.value is not distinct from referring.`user_id`
where counted.dataset = 'events'
and counted.reference = 'user_id'
and counted.named <> 'row'
;

-- orders_orphans (view): The rows of orders whose reference is null or names no row; once for each such reference.
select
    referring.`order_id`,
    referring.`user_id`,
    referring.`product_id`,
    referring.`order_amount`,
    referring.`currency`,
    referring.`order_timestamp`,
    referring.`payment_status`,
    'user_id' as orphan_column
from `orders` as referring
join `users#referring` as counted
    on counted.value is not distinct from referring.`user_id`
where counted.dataset = 'orders'
and counted.reference = 'user_id'
and counted.named <> 'row'
;

-- datasets#counts (count): The rows read, rejected, removed as duplicates and kept, the warnings and the orphans.
select
    cast(coalesce(sum(case when dataset = 'users' and what in ('read') then row_count end), 0) as bigint) as `users.read`,
    cast(coalesce(sum(case when dataset = 'users' and what in ('kept') then row_count end), 0) as bigint) as `users.kept`,
    cast(coalesce(sum(case when dataset = 'users' and what in ('duplicate') then row_count end), 0) as bigint) as `users.deduplicated`,
    cast(coalesce(sum(case when dataset = 'users' and what in ('read') and detail = 'user_id_is_null' then row_count end), 0) as bigint) as `users.rejected.user_id_is_null`,
    cast(coalesce(sum(case when dataset = 'events' and what in ('read') then row_count end), 0) as bigint) as `events.read`,
    cast(coalesce(sum(case when dataset = 'events' and what in ('row', 'none', 'null') and detail = 'user_id' then row_count end), 0) as bigint) as `events.kept`,
    cast(coalesce(sum(case when dataset = 'events' and what in ('duplicate') then row_count end), 0) as bigint) as `events.deduplicated`,
    cast(coalesce(sum(case when dataset = 'events' and what in ('read') and detail = 'event_id_is_null' then row_count end), 0) as bigint) as `events.rejected.event_id_is_null`,
    cast(coalesce(sum(case when dataset = 'events' and what in ('read') and detail = 'user_id_is_null' then row_count end), 0) as bigint) as `events.rejected.user_id_is_null`,
    cast(coalesce(sum(case when dataset = 'events' and what in ('warned') and detail = 'event_type_not_allowed' then row_count end), 0) as bigint) as `events.warned.event_type_not_allowed`,
    cast(coalesce(sum(case when dataset = 'events' and what in ('none', 'null') and detail = 'user_id' then row_count end), 0) as bigint) as `events.orphans.user_id`,
    cast(coalesce(sum(case when dataset = 'events' and what in ('none') and detail = 'user_id' then row_count end), 0) as bigint) as `events.dangling.user_id`,
    cast(coalesce(sum(case when dataset = 'orders' and what in ('read') then row_count end), 0) as bigint) as `orders.read`,
    cast(coalesce(sum(case when dataset = 'orders' and what in ('row', 'none', 'null') and detail = 'user_id' then row_count end), 0) as bigint) as `orders.kept`,
    cast(coalesce(sum(case when dataset = 'orders' and what in ('duplicate') then row_count end), 0) as bigint) as `orders.deduplicated`,
    cast(coalesce(sum(case when dataset = 'orders' and what in ('read') and detail = 'order_id_is_null' then row_count end), 0) as bigint) as `orders.rejected.order_id_is_null`,
    cast(coalesce(sum(case when dataset = 'orders' and what in ('read') and detail = 'user_id_is_null' then row_count end), 0) as bigint) as `orders.rejected.user_id_is_null`,
    cast(coalesce(sum(case when dataset = 'orders' and what in ('warned') and detail = 'order_amount_out_of_range' then row_count end), 0) as bigint) as `orders.warned.order_amount_out_of_range`,
    cast(coalesce(sum(case when dataset = 'orders' and what in ('warned') and detail = 'currency_pattern' then row_count end), 0) as bigint) as `orders.warned.currency_pattern`,
    cast(coalesce(sum(case when dataset = 'orders' and what in ('warned') and detail = 'payment_status_not_allowed' then row_count end), 0) as bigint) as `orders.warned.payment_status_not_allowed`,
    cast(coalesce(sum(case when dataset = 'orders' and what in ('none', 'null') and detail = 'user_id' then row_count end), 0) as bigint) as `orders.orphans.user_id`,
    cast(coalesce(sum(case when dataset = 'orders' and what in ('none') and detail = 'user_id' then row_count end), 0) as bigint) as `orders.dangling.user_id`
from (
select dataset, 'read' as what, `#rule` as detail, row_count from `groups#1`
union all
select dataset, 'duplicate', cast(null as string), 1 from `duplicates#1`
union all
select dataset, named, reference, row_count from `users#referring`
union all
select 'users', 'kept', cast(null as string), count(*) from `users#kept`
union all
select 'events', 'warned', 'event_type_not_allowed', `events.event_type_not_allowed` from `users#referring`
union all
select 'orders', 'warned', 'order_amount_out_of_range', `orders.order_amount_out_of_range` from `users#referring`
union all
select 'orders', 'warned', 'currency_pattern', `orders.currency_pattern` from `users#referring`
union all
select 'orders', 'warned', 'payment_status_not_allowed', `orders.payment_status_not_allowed` from `users#referring`
) as counted
;

-- users#rejected (rejected): The rows of users that break a rule, each with its rule, file and line.
select
    `#rule` as rule,
    `#file` as `file`,
    `#file_line` as line,
    struct(`user_id`, `signup_date`, `country`, `device_type`, `marketing_source`) as `row`
from `users#checked`
where `#rule` is not null
;

-- events#rejected (rejected): The rows of events that break a rule, each with its rule, file and line.
select
    `#rule` as rule,
    `#file` as `file`,
    `#file_line` as line,
    struct(`event_id`, `user_id`, `event_type`, `product_id`, `event_timestamp`, `session_id`, `device_type`) as `row`
from `events#checked`
where `#rule` is not null
;

-- orders#rejected (rejected): The rows of orders that break a rule, each with its rule, file and line.
select
    `#rule` as rule,
    `#file` as `file`,
    `#file_line` as line,
    struct(`order_id`, `user_id`, `product_id`, `order_amount`, `currency`, `order_timestamp`, `payment_status`) as `row`
from `orders#checked`
where `#rule` is not null
;

-- datasets#checks (check): The datasets are fit for the outputs; all of their failures are told at once.
--   users.rows_read, else infrastructure
--   events.rows_read, else infrastructure
--   orders.rows_read, else infrastructure
--   users.rows_balance, else check_failed
--   users.max_rejected, else too_many_rejected
--   events.rows_balance, else check_failed
--   events.max_rejected, else too_many_rejected
--   orders.rows_balance, else check_failed
--   orders.max_rejected, else too_many_rejected

-- user_activity (output): The rows of user_activity, by the SQL of the output.
-- One row per known user. Events and orders are aggregated to one row per user before they are joined. If they were
-- joined first, every order would count once per event of its user.
with all_users as (
    select
        user_id,
        country,
        device_type,
        marketing_source,
        signup_date
    from users
),

all_events as (
    select
        user_id,
        event_type,
        session_id,
        event_timestamp
    from events
),

all_orders as (
    select
        user_id,
        payment_status,
        order_amount,
        order_timestamp
    from orders
),

events_per_user as (
    select
        user_id,
        count(*) as total_events,
        count(distinct session_id) as total_sessions,
        sum(case when event_type = 'product_view' then 1 else 0 end) as product_views,
        sum(case when event_type = 'product_purchase' then 1 else 0 end) as product_purchases,
        min(event_timestamp) as first_event_at,
        max(event_timestamp) as last_event_at
    from all_events
    group by user_id
),

orders_per_user as (
    select
        user_id,
        count(*) as total_orders,
        sum(case when payment_status = 'success' then 1 else 0 end) as successful_orders,
        sum(case when payment_status = 'failed' then 1 else 0 end) as failed_orders,
        sum(case when payment_status = 'success' then order_amount end) as revenue,
        max(order_timestamp) as last_order_at
    from all_orders
    group by user_id
)

select
    cast(all_users.user_id as string) as user_id,
    cast(all_users.country as string) as country,
    cast(all_users.device_type as string) as device_type,
    cast(all_users.marketing_source as string) as marketing_source,
    cast(all_users.signup_date as timestamp) as signup_date,
    cast(coalesce(events_per_user.total_events, 0) as bigint) as total_events,
    cast(coalesce(events_per_user.total_sessions, 0) as bigint) as total_sessions,
    cast(coalesce(events_per_user.product_views, 0) as bigint) as product_views,
    cast(coalesce(events_per_user.product_purchases, 0) as bigint) as product_purchases,
    cast(events_per_user.first_event_at as timestamp) as first_event_at,
    cast(events_per_user.last_event_at as timestamp) as last_event_at,
    cast(coalesce(orders_per_user.total_orders, 0) as bigint) as total_orders,
    cast(coalesce(orders_per_user.successful_orders, 0) as bigint) as successful_orders,
    cast(coalesce(orders_per_user.failed_orders, 0) as bigint) as failed_orders,
    cast(coalesce(orders_per_user.revenue, 0) as decimal(22, 2)) as revenue,
    cast(orders_per_user.last_order_at as timestamp) as last_order_at
from all_users
left join events_per_user on all_users.user_id = events_per_user.user_id
left join orders_per_user on all_users.user_id = orders_per_user.user_id
;

-- user_activity#counts (count): The rows of user_activity, those that repeat a grain or lack it, and the results of the balances.
select *
from (
select
    cast(coalesce(sum(row_count), 0) as bigint) as `user_activity.rows`,
    count(case when row_count > 1 then 1 end) as `user_activity.repeated`,
    cast(coalesce(sum(case when is_null then row_count end), 0) as bigint) as `user_activity.nulls`
from (
    select
        `user_id` is null as is_null,
        count(*) as row_count
    from `user_activity`
    group by `user_id`
) as grains
)
cross join (
select
    case when `users input` is null then null when typeof(`users input`) rlike '^(tinyint|smallint|int|bigint|float|double|decimal|boolean|date|timestamp|void)' then cast(`users input` as string) else '…' end as `user_activity.users.input`,
    case when `users output` is null then null when typeof(`users output`) rlike '^(tinyint|smallint|int|bigint|float|double|decimal|boolean|date|timestamp|void)' then cast(`users output` as string) else '…' end as `user_activity.users.output`,
    coalesce(`users input` = `users output`, false) as `user_activity.users.is_equal`,
    case when `events input` is null then null when typeof(`events input`) rlike '^(tinyint|smallint|int|bigint|float|double|decimal|boolean|date|timestamp|void)' then cast(`events input` as string) else '…' end as `user_activity.events.input`,
    case when `events output` is null then null when typeof(`events output`) rlike '^(tinyint|smallint|int|bigint|float|double|decimal|boolean|date|timestamp|void)' then cast(`events output` as string) else '…' end as `user_activity.events.output`,
    coalesce(`events input` = `events output`, false) as `user_activity.events.is_equal`,
    case when `orders input` is null then null when typeof(`orders input`) rlike '^(tinyint|smallint|int|bigint|float|double|decimal|boolean|date|timestamp|void)' then cast(`orders input` as string) else '…' end as `user_activity.orders.input`,
    case when `orders output` is null then null when typeof(`orders output`) rlike '^(tinyint|smallint|int|bigint|float|double|decimal|boolean|date|timestamp|void)' then cast(`orders output` as string) else '…' end as `user_activity.orders.output`,
    coalesce(`orders input` = `orders output`, false) as `user_activity.orders.is_equal`,
    case when `revenue input` is null then null when typeof(`revenue input`) rlike '^(tinyint|smallint|int|bigint|float|double|decimal|boolean|date|timestamp|void)' then cast(`revenue input` as string) else '…' end as `user_activity.revenue.input`,
    case when `revenue output` is null then null when typeof(`revenue output`) rlike '^(tinyint|smallint|int|bigint|float|double|decimal|boolean|date|timestamp|void)' then cast(`revenue output` as string) else '…' end as `user_activity.revenue.output`,
    coalesce(`revenue input` = `revenue output`, false) as `user_activity.revenue.is_equal`
from (select
    (
select count(*) from users
    ) as `users input`,
    (
select count(*) from user_activity
    ) as `users output`,
    (
select count(*) from events
    ) as `events input`,
    (
select coalesce(sum(events), 0) from (
  select total_events as events from user_activity union all select 1 from events_orphans
)
    ) as `events output`,
    (
select count(*) from orders
    ) as `orders input`,
    (
select coalesce(sum(orders), 0) from (
  select total_orders as orders from user_activity union all select 1 from orders_orphans
)
    ) as `orders output`,
    (
select coalesce(sum(order_amount), 0) from orders where payment_status = 'success'
    ) as `revenue input`,
    (
select coalesce(sum(amount), 0) from (
  select revenue as amount from user_activity
  union all select order_amount from orders_orphans where payment_status = 'success'
)
    ) as `revenue output`
) as balances
)
;

-- user_activity#checks (check): The rows of user_activity are as declared, and its totals agree with those of the inputs.
--   user_activity.one_row_per_user_id, else check_failed
--   user_activity.no_null_in_user_id, else check_failed
--   user_activity.balance_users, else check_failed
--   user_activity.balance_events, else check_failed
--   user_activity.balance_orders, else check_failed
--   user_activity.balance_revenue, else check_failed
