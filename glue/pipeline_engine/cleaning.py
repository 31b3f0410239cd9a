"""The row contract as Spark SQL. Pure: contract in, text out.

One statement turns a dataset's texts into typed rows. Each row has the first rule that it breaks, if any, and its rank
among the rows with its primary key. The other statements only read these rows.

The names of the engine's own columns begin with `#`. The name of a contract's column cannot.
"""

from . import drift, fidelity
from .contract import Column, Dataset, Scalar
from .json_types import CORRUPT, FIELDS, ROW, TEXT, parse, single_value, typed, wrong_type
from .rules import (
    excluding,
    orphan_rule,
    rejecting_references,
    rejection_names,
    value,
    value_text,
    warning,
)
from .sql_text import identifier, identifiers, literal, named_or_null

RULE = "#rule"
RANK = "#rank"
_ROW_RULE = "#row_rule"


def text_view(dataset: Dataset) -> str:
    return f"{dataset.name}#text"


def ranked_view(dataset: Dataset) -> str:
    return f"{dataset.name}#ranked"


def classify_sql(dataset: Dataset, columns: list[str], keys: dict[str, str]) -> str:
    """Types each row, names the first rule that it breaks, and ranks the rows of each primary key.

    Returns only the named columns. `keys` gives the primary key of each referenced dataset. Rows that are equally late
    are ordered by every other column, so the result does not depend on the order of the rows. A rejected row does not
    compete: its text is part of the partition key and is null for all other rows. This also spreads the rejected rows
    over the cluster, although their keys may all be null.
    """
    references = rejecting_references(dataset)
    columns_typed = [f"{typed(column)} as {identifier(column.name)}" for column in dataset.columns]
    unread = [f"{CORRUPT} is not null", f"{ROW} is null", f"not {single_value(identifier(TEXT))}"]
    wrong = [*unread, *filter(None, map(wrong_type, dataset.columns))]
    cases = [f"when {rule.condition} then {literal(rule.name)}" for rule in excluding(dataset)]
    warned = [f"coalesce({rule.condition}, false) as {_flag(rule.name)}" for rule in warning(dataset)]
    rest = [
        column.name
        for column in dataset.columns
        if column.name not in dataset.primary_key and column.name != dataset.latest_by
    ]
    order = [f"{identifier(name)} desc nulls last" for name in [dataset.latest_by, *rest]]
    return f"""with parsed as (
    select
        {identifier(TEXT)},
        {parse(dataset, fidelity.readable(dataset))} as `#json`
    from {identifier(text_view(dataset))}
    where trim(leading ' \\t\\r\\n' from {identifier(TEXT)}) != ''
),

typed as (
    select
        {identifier(TEXT)},
        `#json`,
        {fidelity.all_fields(dataset)} as {FIELDS},
        {_list(columns_typed)}
    from parsed
),

checked as (
    select
        *,
        {_list(drift.columns_of_a_row(dataset))},
        {_any([*wrong, *fidelity.lost(dataset)])} as `#malformed`
    from typed
),

ruled as (
    select
        *,
        {_list([*warned, _case(cases)])} as {identifier(_ROW_RULE if references else RULE)}
    from checked
),
{_referenced(dataset, keys)}
cleaned as (
    select
        {_list([_cleaned(column) for column in dataset.columns])},
        {_list([*_carried(dataset), identifier(RULE)])},
        case when {identifier(RULE)} is not null then {identifier(TEXT)} end as {identifier(TEXT)}
    from {"referenced" if references else "ruled"}
)

select
    {_list([identifier(name) for name in columns], 4)},
    {_list(_carried(dataset), 4)},
    {identifier(RULE)},
    {identifier(TEXT)},
    row_number() over (
        partition by {identifiers([*dataset.primary_key, TEXT])}
        order by {", ".join(order)}
    ) as {identifier(RANK)}
from cleaned"""


def _referenced(dataset: Dataset, keys: dict[str, str]) -> str:
    """Finds the rows that a reference rejects. Empty when no reference of the dataset rejects.

    Rows that need no lookup in the other dataset are spread over the cluster. With a null join key, all of them would
    land on one task.
    """
    references = rejecting_references(dataset)
    if not references:
        return ""
    cases, joins = [f"when {identifier(_ROW_RULE)} is not null then {identifier(_ROW_RULE)}"], []
    for reference in references:
        column, parent = identifier(reference.column), identifier(f"#{reference.column}")
        key = identifier(keys[reference.dataset])
        cases.append(f"when {column} is not null and {parent}.`#key` is null then {literal(orphan_rule(reference))}")
        joins.append(
            f"left join (select {key} as `#key`, 0L as `#spread` from {identifier(reference.dataset)}) as {parent}\n"
            f"        on {column} = {parent}.`#key`\n"
            f"        and if({column} is null or {identifier(_ROW_RULE)} is not null, xxhash64({identifier(TEXT)}), 0L)"
            f" = {parent}.`#spread`"
        )
    return f"""
referenced as (
    select
        ruled.*,
        {_case(cases)} as {identifier(RULE)}
    from ruled
    {_lines(joins, 4)}
),
"""


def kept_sql(dataset: Dataset, columns: list[str]) -> str:
    """Every column of the dataset; columns that are not named are null."""
    return f"""select
    {_list(named_or_null(dataset, columns), 4)}
from {identifier(ranked_view(dataset))}
where {identifier(RULE)} is null and {identifier(RANK)} = 1"""


def rejected_sql(dataset: Dataset, source: str) -> str:
    return f"""select
    {identifier(RULE)} as rule,
    {identifier(TEXT)} as text,
    {literal(source)} as source
from {identifier(ranked_view(dataset))}
where {identifier(RULE)} is not null"""


def counts_sql(dataset: Dataset) -> str:
    """One row of counts, in this order: rows read, kept and deduplicated; bytes of the rejected texts; rows of each
    rule in `rejection_names`; kept rows of each rule in `warning`; rows that have each column, as the contract orders
    the columns; rows with undeclared fields."""
    rule, rank = identifier(RULE), identifier(RANK)
    kept = f"{rule} is null and {rank} = 1"
    counts = [
        "count(*) as read_rows",
        f"count_if({kept}) as kept_rows",
        f"count_if({rule} is null and {rank} > 1) as deduplicated_rows",
        f"coalesce(sum(octet_length({identifier(TEXT)})), 0) as rejected_bytes",
        *(f"count_if({rule} = {literal(name)}) as {identifier(name)}" for name in rejection_names(dataset)),
        *(f"count_if({kept} and {_flag(name)}) as {identifier(name)}" for name in _warned_names(dataset)),
        *drift.counts(dataset, rule),
    ]
    return f"select\n    {_list(counts, 4)}\nfrom {identifier(ranked_view(dataset))}"


def unfit_values_sql(datasets: list[Dataset]) -> str | None:
    """One row of booleans, one for each value that the contract gives for a column, named after the value. True means
    that the value is not of the column's type. None when the contract gives no value."""
    tests = [
        f"try_cast({literal(value_text(given))} as {column.type}) is null"
        f" as {identifier(f'{what} of {dataset.name}.{column.name}')}"
        for dataset in datasets
        for column in dataset.columns
        for what, given in _values(column)
    ]
    # Spark raises an error where an invalid pattern is used.
    tests += [
        f"('' rlike {literal(rule.pattern)}) is null as {identifier(f'pattern of {dataset.name}.{column.name}')}"
        for dataset in datasets
        for column in dataset.columns
        for rule in column.rules
        if rule.pattern is not None
    ]
    # Spark evaluates a constant relation while it plans, without a job.
    return f"select\n    {_list(tests, 4)}\nfrom values (1)" if tests else None


def _values(column: Column) -> list[tuple[str, Scalar]]:
    given = [] if column.default is None else [("default", column.default)]
    for rule in column.rules:
        given += [(f"allowed value {item}", item) for item in rule.allowed]
        given += [("bound", item) for item in (rule.minimum, rule.maximum) if item is not None]
    return given


def _cleaned(column: Column) -> str:
    name = identifier(column.name)
    return name if column.default is None else f"coalesce({name}, {value(column.default, column.type)}) as {name}"


def _warned_names(dataset: Dataset) -> list[str]:
    return [rule.name for rule in warning(dataset)]


def _carried(dataset: Dataset) -> list[str]:
    return [*map(_flag, _warned_names(dataset)), *drift.carried(dataset)]


def _flag(rule: str) -> str:
    return identifier(f"#{rule}")


def _case(cases: list[str]) -> str:
    return f"case\n            {_lines(cases, 12)}\n        end"


def _list(parts: list[str], indent: int = 8) -> str:
    return (",\n" + " " * indent).join(parts)


def _lines(parts: list[str], indent: int) -> str:
    return ("\n" + " " * indent).join(parts)


def _any(conditions: list[str]) -> str:
    return "coalesce(\n            " + "\n            or ".join(conditions) + ",\n            false\n        )"
