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
