-- contract#values (count): The values that the contract gives are of their columns' types, and its patterns can be read.
select
    case when try_cast('it\'s `new`' as string) is null then 1 else 0 end as `default of sales.shop`,
    case when try_cast('new' as string) is null then 1 else 0 end as `allowed value new of sales.status`,
    case when try_cast('it\'s\\paid' as string) is null then 1 else 0 end as `allowed value it's\paid of sales.status`,
    case when try_cast('0' as decimal(8,2)) is null then 1 else 0 end as `default of sales.amount`,
    case when try_cast('0' as decimal(8,2)) is null then 1 else 0 end as `minimum of sales.amount`,
    case when try_cast('1000.5' as decimal(8,2)) is null then 1 else 0 end as `maximum of sales.amount`,
    case when ('' rlike '\\A(?:[A-Z]\'{2})\\z') is null then 1 else 0 end as `pattern of sales.code`
;

-- contract#checks (check): The values that the contract gives are of their columns' types, and its patterns can be read.
--   contract.values, else contract_invalid

-- sellers#checked (view): The rows of sellers, each with the first rule that it breaks.
select
    `value`,
    `row_count`,
    _part,
    _line,
    case
        when `value` is null then 'value_is_null'
    end as `#rule`
from `sellers#silver`
;

-- sellers#groups (table): How many rows of sellers break each rule, and the hashes of the keys that may come more than once.
with keyed as (
    select
        `#rule`,
        case when `#rule` is null then xxhash64(`value`) end as `#key`
    from `sellers#checked`
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

-- shops#checked (view): The rows of shops, each with the first rule that it breaks.
select
    `shop`,
    `opened`,
    _part,
    _line,
    case
        when `shop` is null then 'shop_is_null'
    end as `#rule`
from `shops#silver`
;

-- shops#groups (table): How many rows of shops break each rule, and the hashes of the keys that may come more than once.
with keyed as (
    select
        `#rule`,
        case when `#rule` is null then xxhash64(`shop`) end as `#key`
    from `shops#checked`
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
    cast(coalesce(sum(row_count), 0) as bigint) as `sellers.read`,
    cast(coalesce(sum(case when `#rule` = 'value_is_null' then row_count end), 0) as bigint) as `sellers.rejected.value_is_null`
from `sellers#groups`
)
cross join (
select
    cast(coalesce(sum(row_count), 0) as bigint) as `shops.read`,
    cast(coalesce(sum(case when `#rule` = 'shop_is_null' then row_count end), 0) as bigint) as `shops.rejected.shop_is_null`
from `shops#groups`
)
;

-- read#1 (check): Every promoted row was read.
--   sellers.rows_read, else infrastructure
--   shops.rows_read, else infrastructure

-- sellers#rejected (rejected): The rows of sellers that break a rule, each with its rule, file and line.
select
    checked.`#rule` as rule,
    parts.source_key as `key`,
    parts.lines_before + checked._line as line,
    checked.`value`,
    checked.`row_count`
from `sellers#checked` as checked
inner join `sellers#parts` as parts
    on checked._part = parts.part
where checked.`#rule` is not null
;

-- shops#rejected (rejected): The rows of shops that break a rule, each with its rule, file and line.
select
    checked.`#rule` as rule,
    parts.source_key as `key`,
    parts.lines_before + checked._line as line,
    checked.`shop`,
    checked.`opened`
from `shops#checked` as checked
inner join `shops#parts` as parts
    on checked._part = parts.part
where checked.`#rule` is not null
;

-- sellers#duplicates (table): The places of the rows of sellers whose key has a later row. Only keys whose hash comes more than once are ranked.
with candidates as (
    select *
    from `sellers#checked` as checked
    where `#rule` is null
    and exists (
        select 1
        from `sellers#groups` as groups
        where groups.`#key` = xxhash64(checked.`value`)
    )
),

ranked as (
    select
        _part,
        _line,
        row_number() over (
            partition by `value`
            order by
                `row_count` desc nulls last,
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

-- shops#duplicates (table): The places of the rows of shops whose key has a later row. Only keys whose hash comes more than once are ranked.
with candidates as (
    select *
    from `shops#checked` as checked
    where `#rule` is null
    and exists (
        select 1
        from `shops#groups` as groups
        where groups.`#key` = xxhash64(checked.`shop`)
    )
),

ranked as (
    select
        _part,
        _line,
        row_number() over (
            partition by `shop`
            order by
                `opened` desc nulls last,
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
select count(*) as `sellers.deduplicated`
from `sellers#duplicates`
)
cross join (
select count(*) as `shops.deduplicated`
from `shops#duplicates`
)
;

-- sellers#kept (view): The rows of sellers that break no rule and are no duplicates.
select
    `value`,
    `row_count`
from `sellers#checked` as checked
where `#rule` is null
and not exists (
    select 1
    from `sellers#duplicates` as duplicates
    where duplicates._part = checked._part and duplicates._line = checked._line
)
;

-- sellers (view): The rows of sellers that the SQL of the outputs reads.
select
    `value`,
    `row_count`
from `sellers#kept`
;

-- shops#kept (view): The rows of shops that break no rule and are no duplicates.
select
    `shop`,
    `opened`
from `shops#checked` as checked
where `#rule` is null
and not exists (
    select 1
    from `shops#duplicates` as duplicates
    where duplicates._part = checked._part and duplicates._line = checked._line
)
;

-- shops (view): The rows of shops that the SQL of the outputs reads.
select
    `shop`,
    `opened`
from `shops#kept`
;

-- sales#unknown_shop (table): The values of sales.shop that no kept row of shops has.
with referring as (
    select distinct `shop` as `#value`
    from `sales#silver`
    where `shop` is not null
)

select `#value`
from referring
where not exists (
    select 1
    from `shops` as known
    where known.`shop` = referring.`#value`
)
;

-- unknown#2 (count): Computes the values that reject rows in step 2.
select *
from (
select
    (select count(*) from `sales#unknown_shop`) as `sales.unknown.shop`
)
;

-- sales#checked (view): The rows of sales, each with the first rule that it breaks.
select
    `id`,
    `line`,
    `shop`,
    `seller`,
    `status`,
    `amount`,
    `code`,
    `at`,
    `tags`,
    _part,
    _line,
    case
        when `line` is null then 'line_is_null'
        when `status` not in (cast('new' as string), cast('it\'s\\paid' as string)) then 'status_not_allowed'
        when `id` is null then 'id_is_null'
        when (`amount` < cast('0' as decimal(8,2)) or `amount` > cast('1000.5' as decimal(8,2))) then 'amount_out_of_range'
        when `#shop`.`#value` is not null then 'shop_is_orphan'
    end as `#rule`
from `sales#silver`
left join `sales#unknown_shop` as `#shop`
    on `sales#silver`.`shop` = `#shop`.`#value`
;

-- sales#groups (table): How many rows of sales break each rule, and the hashes of the keys that may come more than once.
with keyed as (
    select
        `#rule`,
        case when `#rule` is null then xxhash64(`id`, `line`) end as `#key`
    from `sales#checked`
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

-- groups#2 (count): The rows read and rejected in step 2.
select *
from (
select
    cast(coalesce(sum(row_count), 0) as bigint) as `sales.read`,
    cast(coalesce(sum(case when `#rule` = 'line_is_null' then row_count end), 0) as bigint) as `sales.rejected.line_is_null`,
    cast(coalesce(sum(case when `#rule` = 'status_not_allowed' then row_count end), 0) as bigint) as `sales.rejected.status_not_allowed`,
    cast(coalesce(sum(case when `#rule` = 'id_is_null' then row_count end), 0) as bigint) as `sales.rejected.id_is_null`,
    cast(coalesce(sum(case when `#rule` = 'amount_out_of_range' then row_count end), 0) as bigint) as `sales.rejected.amount_out_of_range`,
    cast(coalesce(sum(case when `#rule` = 'shop_is_orphan' then row_count end), 0) as bigint) as `sales.rejected.shop_is_orphan`
from `sales#groups`
)
;

-- read#2 (check): Every promoted row was read.
--   sales.rows_read, else infrastructure

-- sales#rejected (rejected): The rows of sales that break a rule, each with its rule, file and line.
select
    checked.`#rule` as rule,
    parts.source_key as `key`,
    parts.lines_before + checked._line as line,
    checked.`id`,
    checked.`line`,
    checked.`shop`,
    checked.`seller`,
    checked.`status`,
    checked.`amount`,
    checked.`code`,
    checked.`at`,
    checked.`tags`
from `sales#checked` as checked
inner join `sales#parts` as parts
    on checked._part = parts.part
where checked.`#rule` is not null
;

-- sales#duplicates (table): The places of the rows of sales whose key has a later row. Only keys whose hash comes more than once are ranked.
with candidates as (
    select *
    from `sales#checked` as checked
    where `#rule` is null
    and exists (
        select 1
        from `sales#groups` as groups
        where groups.`#key` = xxhash64(checked.`id`, checked.`line`)
    )
),

ranked as (
    select
        _part,
        _line,
        row_number() over (
            partition by `id`, `line`
            order by
                `at` desc nulls last,
                `shop` desc nulls last,
                `seller` desc nulls last,
                `status` desc nulls last,
                `amount` desc nulls last,
                `code` desc nulls last,
                `tags` desc nulls last,
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

-- duplicates#2 (count): The duplicates removed in step 2.
select *
from (
select count(*) as `sales.deduplicated`
from `sales#duplicates`
)
;

-- sales#kept (view): The rows of sales that break no rule and are no duplicates.
select
    `id`,
    `line`,
    `shop`,
    `seller`,
    `status`,
    `amount`,
    `code`,
    `at`,
    `tags`
from `sales#checked` as checked
where `#rule` is null
and not exists (
    select 1
    from `sales#duplicates` as duplicates
    where duplicates._part = checked._part and duplicates._line = checked._line
)
;

-- sales (view): The rows of sales that the SQL of the outputs reads.
select
    `id`,
    `line`,
    coalesce(`shop`, cast('it\'s `new`' as string)) as `shop`,
    `seller`,
    `status`,
    coalesce(`amount`, cast('0' as decimal(8,2))) as `amount`,
    `code`,
    `at`,
    `tags`
from `sales#kept`
;

-- sales#by_shop (table): How many kept rows of sales name a kept row of shops, and which other values of shop they have.
with referring as (
    select
        coalesce(`shop`, cast('it\'s `new`' as string)) as value,
        count(*) as row_count,
        count_if(not `code` rlike '\\A(?:[A-Z]\'{2})\\z') as `code_pattern`
    from `sales#kept`
    group by coalesce(`shop`, cast('it\'s `new`' as string))
),

compared as (
    select
        referring.*,
        known.`shop` is not null as is_known
    from referring
    left join `shops` as known
        on referring.value = known.`shop`
)

select
    is_known,
    case when not is_known then value end as value,
    sum(row_count) as row_count,
    sum(`code_pattern`) as `code_pattern`
from compared
group by is_known, case when not is_known then value end
;

-- sales#by_seller (table): How many kept rows of sales name a kept row of sellers, and which other values of seller they have.
with referring as (
    select
        `seller` as value,
        count(*) as row_count
    from `sales#kept`
    group by `seller`
),

compared as (
    select
        referring.*,
        known.`value` is not null as is_known
    from referring
    left join `sellers` as known
        on referring.value = known.`value`
)

select
    is_known,
    case when not is_known then value end as value,
    sum(row_count) as row_count
from compared
group by is_known, case when not is_known then value end
;

-- sales_orphans (view): The rows of sales whose reference is null or names no row; once for each such reference.
select
    `id`,
    `line`,
    `shop`,
    `seller`,
    `status`,
    `amount`,
    `code`,
    `at`,
    `tags`,
    'shop' as orphan_column
from `sales` as referring
where exists (
    select 1
    from `sales#by_shop` as counted
    where not counted.is_known
    and counted.value is not distinct from referring.`shop`
)
union all
select
    `id`,
    `line`,
    `shop`,
    `seller`,
    `status`,
    `amount`,
    `code`,
    `at`,
    `tags`,
    'seller' as orphan_column
from `sales` as referring
where exists (
    select 1
    from `sales#by_seller` as counted
    where not counted.is_known
    and counted.value is not distinct from referring.`seller`
)
;

-- kept#counts (count): The kept rows, those that break a rule that warns, and the orphans.
select *
from (
select
    cast(coalesce(sum(row_count), 0) as bigint) as `sales.kept`,
    cast(coalesce(sum(`code_pattern`), 0) as bigint) as `sales.warned.code_pattern`,
    cast(coalesce(sum(case when not is_known then row_count end), 0) as bigint) as `sales.orphans.shop`,
    cast(coalesce(sum(case when not is_known and value is not null then row_count end), 0) as bigint) as `sales.dangling.shop`
from `sales#by_shop`
)
cross join (
select
    cast(coalesce(sum(case when not is_known then row_count end), 0) as bigint) as `sales.orphans.seller`,
    cast(coalesce(sum(case when not is_known and value is not null then row_count end), 0) as bigint) as `sales.dangling.seller`
from `sales#by_seller`
)
cross join (
select
    count(*) as `sellers.kept`
from `sellers#kept`
)
cross join (
select
    count(*) as `shops.kept`
from `shops#kept`
)
;

-- datasets#checks (check): The datasets are fit for the outputs; all of their failures are told at once.
--   sales.rows_balance, else check_failed
--   sales.line_is_null, else rule_violated
--   sales.status_not_allowed, else rule_violated
--   sales.max_rejected, else too_many_rejected
--   sellers.rows_balance, else check_failed
--   sellers.max_rejected, else too_many_rejected
--   shops.rows_balance, else check_failed
--   shops.max_rejected, else too_many_rejected
--   sales.seller_is_orphan, else rule_violated

-- per_shop (output): The rows of per_shop, by the SQL of the output.
select shop, cast(sum(amount) as decimal(18, 2)) as amount
from sales
group by shop
;

-- per_shop#counts (count): The rows of per_shop, those that repeat a grain or lack it, and the results of the balances.
select *
from (
select
    cast(coalesce(sum(row_count), 0) as bigint) as `per_shop.rows`,
    count_if(row_count > 1) as `per_shop.repeated`,
    cast(coalesce(sum(case when is_null then row_count end), 0) as bigint) as `per_shop.nulls`
from (
    select
        `shop` is null as is_null,
        count(*) as row_count
    from `per_shop`
    group by `shop`
) as grains
)
cross join (
select
    case when `amount input` is null then null when typeof(`amount input`) rlike '^(tinyint|smallint|int|bigint|float|double|decimal|boolean|date|timestamp|void)' then cast(`amount input` as string) else '…' end as `per_shop.amount.input`,
    case when `amount output` is null then null when typeof(`amount output`) rlike '^(tinyint|smallint|int|bigint|float|double|decimal|boolean|date|timestamp|void)' then cast(`amount output` as string) else '…' end as `per_shop.amount.output`,
    coalesce(`amount input` = `amount output`, false) as `per_shop.amount.is_equal`
from (select
    (
select sum(amount) from sales -- all of them
    ) as `amount input`,
    (
select sum(amount) from per_shop
    ) as `amount output`
) as balances
)
;

-- per_shop#checks (check): The rows of per_shop are as declared, and its totals agree with those of the inputs.
--   per_shop.one_row_per_shop, else check_failed
--   per_shop.no_null_in_shop, else check_failed
--   per_shop.balance_amount, else check_failed
