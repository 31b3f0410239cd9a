-- sellers#checked (view): The rows of sellers, each with the first rule that it breaks.
select
    `value`,
    `row_count`,
    cast(_part as bigint) * 1099511627776 + _line as `#place`,
    `#file`,
    `#file_line`,
    case
        when `value` is null then 'value_is_null'
    end as `#rule`
from `sellers#silver`
;

-- shops#checked (view): The rows of shops, each with the first rule that it breaks.
select
    `shop`,
    `opened`,
    cast(_part as bigint) * 1099511627776 + _line as `#place`,
    `#file`,
    `#file_line`,
    case
        when `shop` is null then 'shop_is_null'
    end as `#rule`
from `shops#silver`
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
select 'sellers' as dataset, `#rule`, case when `#rule` is null then xxhash64(`value`) end as `#key`
from `sellers#checked`
union all
select 'shops' as dataset, `#rule`, case when `#rule` is null then xxhash64(`shop`) end as `#key`
from `shops#checked`
    ) as keyed
    group by dataset, `#rule`, `#key`
) as counted
group by dataset, `#rule`, case when row_count > 1 then `#key` end
;

-- duplicates#1 (table): The places of the rows whose key has a later row.
select
    'sellers' as dataset,
    `#place`
from (
    select
        `#place`,
        row_number() over (
            partition by `value`
            order by
                `row_count` desc nulls last,
                `#place` desc nulls last
        ) as `#rank`
    from `sellers#checked`
    where `#rule` is null
    and xxhash64(`value`) in (select `#key` from `groups#1`)
) as ranked
where `#rank` > 1
union all
select
    'shops' as dataset,
    `#place`
from (
    select
        `#place`,
        row_number() over (
            partition by `shop`
            order by
                `opened` desc nulls last,
                `#place` desc nulls last
        ) as `#rank`
    from `shops#checked`
    where `#rule` is null
    and xxhash64(`shop`) in (select `#key` from `groups#1`)
) as ranked
where `#rank` > 1
;

-- sellers#kept (view): The rows of sellers that break no rule and are no duplicates.
select
    checked.`value`,
    checked.`row_count`
from `sellers#checked` as checked
left join `duplicates#1` as duplicates
    on duplicates.`#place` = checked.`#place`
    and duplicates.dataset = 'sellers'
where checked.`#rule` is null
and duplicates.`#place` is null
;

-- sellers (view): The rows of sellers that the SQL of the outputs reads.
select
    `value`,
    `row_count`
from `sellers#kept`
;

-- shops#kept (view): The rows of shops that break no rule and are no duplicates.
select
    checked.`shop`,
    checked.`opened`
from `shops#checked` as checked
left join `duplicates#1` as duplicates
    on duplicates.`#place` = checked.`#place`
    and duplicates.dataset = 'shops'
where checked.`#rule` is null
and duplicates.`#place` is null
;

-- shops (view): The rows of shops that the SQL of the outputs reads.
select
    `shop`,
    `opened`
from `shops#kept`
;

-- sales#unknown_shop (table): The values of sales.shop that no kept row of shops has.
select referring.`#value`
from (
    select distinct coalesce(`shop`, cast('it\'s `new`' as string)) as `#value`
    from `sales#silver`
    where coalesce(`shop`, cast('it\'s `new`' as string)) is not null
) as referring
left join `shops` as known
    on known.`shop` = referring.`#value`
where known.`shop` is null
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
    cast(_part as bigint) * 1099511627776 + _line as `#place`,
    `#file`,
    `#file_line`,
    case
        when `line` is null then 'line_is_null'
        when `status` not in (cast('new' as string), cast('it\'s\\paid' as string)) then 'status_not_allowed'
        when `id` is null then 'id_is_null'
        when (`amount` < cast('0' as decimal(8,2)) or `amount` > cast('1000.5' as decimal(8,2))) then 'amount_out_of_range'
        when `#shop`.`#value` is not null then 'shop_is_orphan'
    end as `#rule`
from `sales#silver`
left join `sales#unknown_shop` as `#shop`
    on coalesce(`shop`, cast('it\'s `new`' as string)) = `#shop`.`#value`
;

-- groups#2 (table): How many rows break each rule, and the hashes of the keys that may come more than once.
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
select 'sales' as dataset, `#rule`, case when `#rule` is null then xxhash64(`id`, `line`) end as `#key`
from `sales#checked`
    ) as keyed
    group by dataset, `#rule`, `#key`
) as counted
group by dataset, `#rule`, case when row_count > 1 then `#key` end
;

-- duplicates#2 (table): The places of the rows whose key has a later row.
select
    'sales' as dataset,
    `#place`
from (
    select
        `#place`,
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
                `#place` desc nulls last
        ) as `#rank`
    from `sales#checked`
    where `#rule` is null
    and xxhash64(`id`, `line`) in (select `#key` from `groups#2`)
) as ranked
where `#rank` > 1
;

-- sales#kept (view): The rows of sales that break no rule and are no duplicates.
select
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
left join `duplicates#2` as duplicates
    on duplicates.`#place` = checked.`#place`
    and duplicates.dataset = 'sales'
where checked.`#rule` is null
and duplicates.`#place` is null
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

-- sellers#referring (table): How many rows name a row of sellers, and each value that names none.
select
    'sales' as dataset,
    'seller' as reference,
    named,
    value,
    count(*) as row_count
from (
    select
        case when known.`value` is not null then 'row' when referring.value is null then 'null' else 'none' end as named,
        case when known.`value` is null then referring.value end as value
    from (
        select `seller` as value
        from `sales#kept`
    ) as referring
    left join `sellers` as known
        on referring.value = known.`value`
) as looked_up
group by named, value
;

-- shops#referring (table): How many rows name a row of shops, and each value that names none.
select
    'sales' as dataset,
    'shop' as reference,
    named,
    value,
    count(*) as row_count,
    count(case when `sales.code_pattern` then 1 end) as `sales.code_pattern`
from (
    select
        case when known.`shop` is not null then 'row' when referring.value is null then 'null' else 'none' end as named,
        case when known.`shop` is null then referring.value end as value,
        referring.`sales.code_pattern`
    from (
        select coalesce(`shop`, cast('it\'s `new`' as string)) as value, not `code` rlike '\\A(?:[A-Z]\'{2})\\z' as `sales.code_pattern`
        from `sales#kept`
    ) as referring
    left join `shops` as known
        on referring.value = known.`shop`
) as looked_up
group by named, value
;

-- sales_orphans (view): The rows of sales whose reference is null or names no row; once for each such reference.
select
    referring.`id`,
    referring.`line`,
    referring.`shop`,
    referring.`seller`,
    referring.`status`,
    referring.`amount`,
    referring.`code`,
    referring.`at`,
    referring.`tags`,
    'shop' as orphan_column
from `sales` as referring
join `shops#referring` as counted
    on counted.value is not distinct from referring.`shop`
where counted.dataset = 'sales'
and counted.reference = 'shop'
and counted.named <> 'row'
union all
select
    referring.`id`,
    referring.`line`,
    referring.`shop`,
    referring.`seller`,
    referring.`status`,
    referring.`amount`,
    referring.`code`,
    referring.`at`,
    referring.`tags`,
    'seller' as orphan_column
from `sales` as referring
join `sellers#referring` as counted
    on counted.value is not distinct from referring.`seller`
where counted.dataset = 'sales'
and counted.reference = 'seller'
and counted.named <> 'row'
;

-- datasets#counts (count): The rows read, rejected, removed as duplicates and kept, the warnings and the orphans.
select
    cast(coalesce(sum(case when dataset = 'sales' and what in ('read') then row_count end), 0) as bigint) as `sales.read`,
    cast(coalesce(sum(case when dataset = 'sales' and what in ('row', 'none', 'null') and detail = 'shop' then row_count end), 0) as bigint) as `sales.kept`,
    cast(coalesce(sum(case when dataset = 'sales' and what in ('duplicate') then row_count end), 0) as bigint) as `sales.deduplicated`,
    cast(coalesce(sum(case when dataset = 'sales' and what in ('read') and detail = 'line_is_null' then row_count end), 0) as bigint) as `sales.rejected.line_is_null`,
    cast(coalesce(sum(case when dataset = 'sales' and what in ('read') and detail = 'status_not_allowed' then row_count end), 0) as bigint) as `sales.rejected.status_not_allowed`,
    cast(coalesce(sum(case when dataset = 'sales' and what in ('read') and detail = 'id_is_null' then row_count end), 0) as bigint) as `sales.rejected.id_is_null`,
    cast(coalesce(sum(case when dataset = 'sales' and what in ('read') and detail = 'amount_out_of_range' then row_count end), 0) as bigint) as `sales.rejected.amount_out_of_range`,
    cast(coalesce(sum(case when dataset = 'sales' and what in ('read') and detail = 'shop_is_orphan' then row_count end), 0) as bigint) as `sales.rejected.shop_is_orphan`,
    cast(coalesce(sum(case when dataset = 'sales' and what in ('warned') and detail = 'code_pattern' then row_count end), 0) as bigint) as `sales.warned.code_pattern`,
    cast(coalesce(sum(case when dataset = 'sales' and what in ('none', 'null') and detail = 'shop' then row_count end), 0) as bigint) as `sales.orphans.shop`,
    cast(coalesce(sum(case when dataset = 'sales' and what in ('none', 'null') and detail = 'seller' then row_count end), 0) as bigint) as `sales.orphans.seller`,
    cast(coalesce(sum(case when dataset = 'sales' and what in ('none') and detail = 'shop' then row_count end), 0) as bigint) as `sales.dangling.shop`,
    cast(coalesce(sum(case when dataset = 'sales' and what in ('none') and detail = 'seller' then row_count end), 0) as bigint) as `sales.dangling.seller`,
    cast(coalesce(sum(case when dataset = 'sellers' and what in ('read') then row_count end), 0) as bigint) as `sellers.read`,
    cast(coalesce(sum(case when dataset = 'sellers' and what in ('kept') then row_count end), 0) as bigint) as `sellers.kept`,
    cast(coalesce(sum(case when dataset = 'sellers' and what in ('duplicate') then row_count end), 0) as bigint) as `sellers.deduplicated`,
    cast(coalesce(sum(case when dataset = 'sellers' and what in ('read') and detail = 'value_is_null' then row_count end), 0) as bigint) as `sellers.rejected.value_is_null`,
    cast(coalesce(sum(case when dataset = 'shops' and what in ('read') then row_count end), 0) as bigint) as `shops.read`,
    cast(coalesce(sum(case when dataset = 'shops' and what in ('kept') then row_count end), 0) as bigint) as `shops.kept`,
    cast(coalesce(sum(case when dataset = 'shops' and what in ('duplicate') then row_count end), 0) as bigint) as `shops.deduplicated`,
    cast(coalesce(sum(case when dataset = 'shops' and what in ('read') and detail = 'shop_is_null' then row_count end), 0) as bigint) as `shops.rejected.shop_is_null`
from (
select dataset, 'read' as what, `#rule` as detail, row_count from `groups#1`
union all
select dataset, 'duplicate', cast(null as string), 1 from `duplicates#1`
union all
select dataset, 'read' as what, `#rule` as detail, row_count from `groups#2`
union all
select dataset, 'duplicate', cast(null as string), 1 from `duplicates#2`
union all
select dataset, named, reference, row_count from `sellers#referring`
union all
select dataset, named, reference, row_count from `shops#referring`
union all
select 'sales', 'warned', 'code_pattern', `sales.code_pattern` from `shops#referring`
union all
select 'sellers', 'kept', cast(null as string), count(*) from `sellers#kept`
union all
select 'shops', 'kept', cast(null as string), count(*) from `shops#kept`
) as counted
;

-- sales#rejected (rejected): The rows of sales that break a rule, each with its rule, file and line.
select
    `#rule` as rule,
    `#file` as `file`,
    `#file_line` as line,
    struct(`id`, `line`, `shop`, `seller`, `status`, `amount`, `code`, `at`, `tags`) as `row`
from `sales#checked`
where `#rule` is not null
;

-- sellers#rejected (rejected): The rows of sellers that break a rule, each with its rule, file and line.
select
    `#rule` as rule,
    `#file` as `file`,
    `#file_line` as line,
    struct(`value`, `row_count`) as `row`
from `sellers#checked`
where `#rule` is not null
;

-- shops#rejected (rejected): The rows of shops that break a rule, each with its rule, file and line.
select
    `#rule` as rule,
    `#file` as `file`,
    `#file_line` as line,
    struct(`shop`, `opened`) as `row`
from `shops#checked`
where `#rule` is not null
;

-- datasets#checks (check): The datasets are fit for the outputs; all of their failures are told at once.
--   sales.rows_read, else infrastructure
--   sellers.rows_read, else infrastructure
--   shops.rows_read, else infrastructure
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
    count(case when row_count > 1 then 1 end) as `per_shop.repeated`,
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
