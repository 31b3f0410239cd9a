-- The plan of the shipped contract. A `#` marks what SQL of a contract can't name by accident.

-- contract#values (count): The values that the contract gives are of their columns' types, and its patterns can be read.
select
    case when try_cast('unknown' as string) is null then 1 else 0 end as `default of users.country`,
    case when try_cast('unknown' as string) is null then 1 else 0 end as `default of users.device_type`,
    case when try_cast('unknown' as string) is null then 1 else 0 end as `default of users.marketing_source`,
    case when try_cast('product_view' as string) is null then 1 else 0 end as `allowed value product_view of events.event_type`,
    case when try_cast('product_purchase' as string) is null then 1 else 0 end as `allowed value product_purchase of events.event_type`,
    case when try_cast('unknown' as string) is null then 1 else 0 end as `default of events.device_type`,
    case when try_cast('0' as decimal(12,2)) is null then 1 else 0 end as `default of orders.order_amount`,
    case when try_cast('0' as decimal(12,2)) is null then 1 else 0 end as `minimum of orders.order_amount`,
    case when try_cast('100000' as decimal(12,2)) is null then 1 else 0 end as `maximum of orders.order_amount`,
    case when ('' rlike '\\A(?:[A-Z]{3})\\z') is null then 1 else 0 end as `pattern of orders.currency`,
    case when try_cast('success' as string) is null then 1 else 0 end as `allowed value success of orders.payment_status`,
    case when try_cast('failed' as string) is null then 1 else 0 end as `allowed value failed of orders.payment_status`,
    case when try_cast('in_progress' as string) is null then 1 else 0 end as `allowed value in_progress of orders.payment_status`
;

-- contract#checks (check): The values that the contract gives are of their columns' types, and its patterns can be read.
--   contract.values, else contract_invalid

-- users#checked (view): The rows of users, each with the first rule that it breaks.
select
    `user_id`,
    `signup_date`,
    `country`,
    `device_type`,
    `marketing_source`,
    _part,
    _line,
    case
        when `user_id` is null then 'user_id_is_null'
    end as `#rule`
from `users#silver`
;

-- users#groups (table): How many rows of users break each rule, and the hashes of the keys that may come more than once.
with keyed as (
    select
        `#rule`,
        case when `#rule` is null then xxhash64(`user_id`) end as `#key`
    from `users#checked`
),

counted as (
    select
        `#rule`,
        `#key`,
        count(*) as row_count
    from keyed
    group by `#rule`, `#key`
),

marked as (
    select
        `#rule`,
        case when row_count > 1 then `#key` end as `#key`,
        row_count
    from counted
)

select
    `#rule`,
    `#key`,
    sum(row_count) as row_count
from marked
group by `#rule`, `#key`
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
    _part,
    _line,
    case
        when `event_id` is null then 'event_id_is_null'
        when `user_id` is null then 'user_id_is_null'
    end as `#rule`
from `events#silver`
;

-- events#groups (table): How many rows of events break each rule, and the hashes of the keys that may come more than once.
with keyed as (
    select
        `#rule`,
        case when `#rule` is null then xxhash64(`event_id`) end as `#key`
    from `events#checked`
),

counted as (
    select
        `#rule`,
        `#key`,
        count(*) as row_count
    from keyed
    group by `#rule`, `#key`
),

marked as (
    select
        `#rule`,
        case when row_count > 1 then `#key` end as `#key`,
        row_count
    from counted
)

select
    `#rule`,
    `#key`,
    sum(row_count) as row_count
from marked
group by `#rule`, `#key`
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
    _part,
    _line,
    case
        when `order_id` is null then 'order_id_is_null'
        when `user_id` is null then 'user_id_is_null'
    end as `#rule`
from `orders#silver`
;

-- orders#groups (table): How many rows of orders break each rule, and the hashes of the keys that may come more than once.
with keyed as (
    select
        `#rule`,
        case when `#rule` is null then xxhash64(`order_id`) end as `#key`
    from `orders#checked`
),

counted as (
    select
        `#rule`,
        `#key`,
        count(*) as row_count
    from keyed
    group by `#rule`, `#key`
),

marked as (
    select
        `#rule`,
        case when row_count > 1 then `#key` end as `#key`,
        row_count
    from counted
)

select
    `#rule`,
    `#key`,
    sum(row_count) as row_count
from marked
group by `#rule`, `#key`
;

-- groups#1 (count): The rows read and rejected in step 1.
select *
from (
select
    cast(coalesce(sum(row_count), 0) as bigint) as `users.read`,
    cast(coalesce(sum(case when `#rule` = 'user_id_is_null' then row_count end), 0) as bigint) as `users.rejected.user_id_is_null`
from `users#groups`
)
cross join (
select
    cast(coalesce(sum(row_count), 0) as bigint) as `events.read`,
    cast(coalesce(sum(case when `#rule` = 'event_id_is_null' then row_count end), 0) as bigint) as `events.rejected.event_id_is_null`,
    cast(coalesce(sum(case when `#rule` = 'user_id_is_null' then row_count end), 0) as bigint) as `events.rejected.user_id_is_null`
from `events#groups`
)
cross join (
select
    cast(coalesce(sum(row_count), 0) as bigint) as `orders.read`,
    cast(coalesce(sum(case when `#rule` = 'order_id_is_null' then row_count end), 0) as bigint) as `orders.rejected.order_id_is_null`,
    cast(coalesce(sum(case when `#rule` = 'user_id_is_null' then row_count end), 0) as bigint) as `orders.rejected.user_id_is_null`
from `orders#groups`
)
;

-- read#1 (check): Every promoted row was read.
--   users.rows_read, else infrastructure
--   events.rows_read, else infrastructure
--   orders.rows_read, else infrastructure

-- users#rejected (rejected): The rows of users that break a rule, each with its rule, file and line.
select
    checked.`#rule` as rule,
    parts.source_key as `key`,
    parts.lines_before + checked._line as line,
    checked.`user_id`,
    checked.`signup_date`,
    checked.`country`,
    checked.`device_type`,
    checked.`marketing_source`
from `users#checked` as checked
inner join `users#parts` as parts
    on checked._part = parts.part
where checked.`#rule` is not null
;

-- events#rejected (rejected): The rows of events that break a rule, each with its rule, file and line.
select
    checked.`#rule` as rule,
    parts.source_key as `key`,
    parts.lines_before + checked._line as line,
    checked.`event_id`,
    checked.`user_id`,
    checked.`event_type`,
    checked.`product_id`,
    checked.`event_timestamp`,
    checked.`session_id`,
    checked.`device_type`
from `events#checked` as checked
inner join `events#parts` as parts
    on checked._part = parts.part
where checked.`#rule` is not null
;

-- orders#rejected (rejected): The rows of orders that break a rule, each with its rule, file and line.
select
    checked.`#rule` as rule,
    parts.source_key as `key`,
    parts.lines_before + checked._line as line,
    checked.`order_id`,
    checked.`user_id`,
    checked.`product_id`,
    checked.`order_amount`,
    checked.`currency`,
    checked.`order_timestamp`,
    checked.`payment_status`
from `orders#checked` as checked
inner join `orders#parts` as parts
    on checked._part = parts.part
where checked.`#rule` is not null
;

-- users#duplicates (table): The places of the rows of users whose key has a later row. Only keys whose hash comes more than once are ranked.
with candidates as (
    select *
    from `users#checked` as checked
    where `#rule` is null
    and exists (
        select 1
        from `users#groups` as groups
        where groups.`#key` = xxhash64(checked.`user_id`)
    )
),

ranked as (
    select
        _part,
        _line,
        row_number() over (
            partition by `user_id`
            order by
                `signup_date` desc nulls last,
                `country` desc nulls last,
                `device_type` desc nulls last,
                `marketing_source` desc nulls last,
                `_part` desc nulls last,
                `_line` desc nulls last
        ) as `#rank`
    from candidates
)

select
    _part,
    _line
from ranked
where `#rank` > 1
;

-- events#duplicates (table): The places of the rows of events whose key has a later row. Only keys whose hash comes more than once are ranked.
with candidates as (
    select *
    from `events#checked` as checked
    where `#rule` is null
    and exists (
        select 1
        from `events#groups` as groups
        where groups.`#key` = xxhash64(checked.`event_id`)
    )
),

ranked as (
    select
        _part,
        _line,
        row_number() over (
            partition by `event_id`
            order by
                `event_timestamp` desc nulls last,
                `user_id` desc nulls last,
                `event_type` desc nulls last,
                `product_id` desc nulls last,
                `session_id` desc nulls last,
                `device_type` desc nulls last,
                `_part` desc nulls last,
                `_line` desc nulls last
        ) as `#rank`
    from candidates
)

select
    _part,
    _line
from ranked
where `#rank` > 1
;

-- orders#duplicates (table): The places of the rows of orders whose key has a later row. Only keys whose hash comes more than once are ranked.
with candidates as (
    select *
    from `orders#checked` as checked
    where `#rule` is null
    and exists (
        select 1
        from `orders#groups` as groups
        where groups.`#key` = xxhash64(checked.`order_id`)
    )
),

ranked as (
    select
        _part,
        _line,
        row_number() over (
            partition by `order_id`
            order by
                `order_timestamp` desc nulls last,
                `user_id` desc nulls last,
                `product_id` desc nulls last,
                `order_amount` desc nulls last,
                `currency` desc nulls last,
                `payment_status` desc nulls last,
                `_part` desc nulls last,
                `_line` desc nulls last
        ) as `#rank`
    from candidates
)

select
    _part,
    _line
from ranked
where `#rank` > 1
;

-- duplicates#1 (count): The duplicates removed in step 1.
select *
from (
select count(*) as `users.deduplicated`
from `users#duplicates`
)
cross join (
select count(*) as `events.deduplicated`
from `events#duplicates`
)
cross join (
select count(*) as `orders.deduplicated`
from `orders#duplicates`
)
;

-- users#kept (view): The rows of users that break no rule and are no duplicates.
select
    `user_id`,
    `signup_date`,
    `country`,
    `device_type`,
    `marketing_source`
from `users#checked` as checked
where `#rule` is null
and not exists (
    select 1
    from `users#duplicates` as duplicates
    where duplicates._part = checked._part and duplicates._line = checked._line
)
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
    `event_id`,
    `user_id`,
    `event_type`,
    `product_id`,
    `event_timestamp`,
    `session_id`,
    `device_type`
from `events#checked` as checked
where `#rule` is null
and not exists (
    select 1
    from `events#duplicates` as duplicates
    where duplicates._part = checked._part and duplicates._line = checked._line
)
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
    `order_id`,
    `user_id`,
    `product_id`,
    `order_amount`,
    `currency`,
    `order_timestamp`,
    `payment_status`
from `orders#checked` as checked
where `#rule` is null
and not exists (
    select 1
    from `orders#duplicates` as duplicates
    where duplicates._part = checked._part and duplicates._line = checked._line
)
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

-- events#by_user_id (table): How many kept rows of events name a kept row of users, and which other values of user_id they have.
with referring as (
    select
        `user_id` as value,
        count(*) as row_count,
        count_if(`event_type` not in (cast('product_view' as string), cast('product_purchase' as string))) as `event_type_not_allowed`
    from `events#kept`
    group by `user_id`
),

compared as (
    select
        referring.*,
        known.`user_id` is not null as is_known
    from referring
    left join `users` as known
        on referring.value = known.`user_id`
)

select
    is_known,
    case when not is_known then value end as value,
    sum(row_count) as row_count,
    sum(`event_type_not_allowed`) as `event_type_not_allowed`
from compared
group by is_known, case when not is_known then value end
;

-- events_orphans (view): The rows of events whose reference is null or names no row; once for each such reference.
select
    `event_id`,
    `user_id`,
    `event_type`,
    `product_id`,
    `event_timestamp`,
    `session_id`,
    `device_type`,
    'user_id' as orphan_column
from `events` as referring
where exists (
    select 1
    from `events#by_user_id` as counted
    where not counted.is_known
    and counted.value is not distinct from referring.`user_id`
)
;

-- orders#by_user_id (table): How many kept rows of orders name a kept row of users, and which other values of user_id they have.
with referring as (
    select
        `user_id` as value,
        count(*) as row_count,
        count_if((`order_amount` < cast('0' as decimal(12,2)) or `order_amount` > cast('100000' as decimal(12,2)))) as `order_amount_out_of_range`,
        count_if(not `currency` rlike '\\A(?:[A-Z]{3})\\z') as `currency_pattern`,
        count_if(`payment_status` not in (cast('success' as string), cast('failed' as string), cast('in_progress' as string))) as `payment_status_not_allowed`
    from `orders#kept`
    group by `user_id`
),

compared as (
    select
        referring.*,
        known.`user_id` is not null as is_known
    from referring
    left join `users` as known
        on referring.value = known.`user_id`
)

select
    is_known,
    case when not is_known then value end as value,
    sum(row_count) as row_count,
    sum(`order_amount_out_of_range`) as `order_amount_out_of_range`,
    sum(`currency_pattern`) as `currency_pattern`,
    sum(`payment_status_not_allowed`) as `payment_status_not_allowed`
from compared
group by is_known, case when not is_known then value end
;

-- orders_orphans (view): The rows of orders whose reference is null or names no row; once for each such reference.
select
    `order_id`,
    `user_id`,
    `product_id`,
    `order_amount`,
    `currency`,
    `order_timestamp`,
    `payment_status`,
    'user_id' as orphan_column
from `orders` as referring
where exists (
    select 1
    from `orders#by_user_id` as counted
    where not counted.is_known
    and counted.value is not distinct from referring.`user_id`
)
;

-- kept#counts (count): The kept rows, those that break a rule that warns, and the orphans.
select *
from (
select
    count(*) as `users.kept`
from `users#kept`
)
cross join (
select
    cast(coalesce(sum(row_count), 0) as bigint) as `events.kept`,
    cast(coalesce(sum(`event_type_not_allowed`), 0) as bigint) as `events.warned.event_type_not_allowed`,
    cast(coalesce(sum(case when not is_known then row_count end), 0) as bigint) as `events.orphans.user_id`,
    cast(coalesce(sum(case when not is_known and value is not null then row_count end), 0) as bigint) as `events.dangling.user_id`
from `events#by_user_id`
)
cross join (
select
    cast(coalesce(sum(row_count), 0) as bigint) as `orders.kept`,
    cast(coalesce(sum(`order_amount_out_of_range`), 0) as bigint) as `orders.warned.order_amount_out_of_range`,
    cast(coalesce(sum(`currency_pattern`), 0) as bigint) as `orders.warned.currency_pattern`,
    cast(coalesce(sum(`payment_status_not_allowed`), 0) as bigint) as `orders.warned.payment_status_not_allowed`,
    cast(coalesce(sum(case when not is_known then row_count end), 0) as bigint) as `orders.orphans.user_id`,
    cast(coalesce(sum(case when not is_known and value is not null then row_count end), 0) as bigint) as `orders.dangling.user_id`
from `orders#by_user_id`
)
;

-- datasets#checks (check): The datasets are fit for the outputs; all of their failures are told at once.
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
    count_if(row_count > 1) as `user_activity.repeated`,
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
