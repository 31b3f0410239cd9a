"""The row contract as Spark SQL. Pure: text in, text out.

A dataset's text goes through three statements, each a view on the one before:

1. parsed: one JSON text a row, read with the declared schema;
2. judged: typed columns and the first rule that the row breaks, if any;
3. ranked: the place of a row among those with its primary key; 1 is kept.

The names of the engine's own columns begin with `#`, which no column of a contract can.
"""

import re

from . import fidelity
from .column_type import array_element, decimal_digits, struct_fields
from .contract import Column, Dataset
from .sql_text import identifier, identifiers, literal

TEXT = "#text"
RULE = "#rule"
RANK = "#rank"
MALFORMED = "malformed"

_ROW = "`#json`.`row`"
_CORRUPT = "`#json`.`corrupt`"
# Legacy date parsing would guess, and NaN and single quotes are not JSON.
_JSON_OPTIONS = (
    "map('mode', 'PERMISSIVE', 'columnNameOfCorruptRecord', 'corrupt', "
    "'enableDateTimeParsingFallback', 'false', 'allowNonNumericNumbers', 'false', 'allowSingleQuotes', 'false')"
)


def text_view(dataset: Dataset) -> str:
    return f"{dataset.name}#text"


def judged_view(dataset: Dataset) -> str:
    return f"{dataset.name}#judged"


def ranked_view(dataset: Dataset) -> str:
    return f"{dataset.name}#ranked"


def rules(dataset: Dataset) -> list[str]:
    """Every rule that can reject a row, in the order in which they are tried."""
    return [MALFORMED, *(_null_rule(column) for column in dataset.columns if column.rejects_null)]


def judge_sql(dataset: Dataset) -> str:
    """Types each row and names the first rule that it breaks.

    The text is wrapped in an object of one key, because Spark stops reading after the first value of a text: without
    it, `{...} {...}` on one line would lose its second half without a word.
    """
    schema = ", ".join(f"{identifier(column.name)}: {_read_type(column.type)}" for column in dataset.columns)
    wrapped = literal(f"row struct<{schema}>, corrupt string")
    typed = [
        f"{_typed(_field(_ROW, column.name), column.type)} as {identifier(column.name)}" for column in dataset.columns
    ]
    wrong = [f"{_CORRUPT} is not null", f"{_ROW} is null", *filter(None, map(_wrong_type, dataset.columns))]
    wrong += fidelity.lost(dataset, identifier(TEXT), _ROW)
    readable = fidelity.readable(dataset, identifier(TEXT))
    cases = [f"when `#malformed` then {literal(MALFORMED)}"]
    cases += [
        f"when {identifier(column.name)} is null then {literal(_null_rule(column))}"
        for column in dataset.columns
        if column.rejects_null
    ]
    return f"""with parsed as (
    select
        {identifier(TEXT)},
        from_json(concat('{{"row":', {readable}, '}}'), {wrapped}, {_JSON_OPTIONS}) as `#json`
    from {identifier(text_view(dataset))}
    where trim(leading ' \\t\\r\\n' from {identifier(TEXT)}) != ''
),

typed as (
    select
        {identifier(TEXT)},
        `#json`,
        {_list(typed)}
    from parsed
),

checked as (
    select
        *,
        {_any(wrong)} as `#malformed`
    from typed
),

ruled as (
    select
        *,
        case
            {_lines(cases, 12)}
        end as {identifier(RULE)}
    from checked
)

select
    {_list([_cleaned(column) for column in dataset.columns], 4)},
    {identifier(RULE)},
    case when {identifier(RULE)} is not null then {identifier(TEXT)} end as {identifier(TEXT)}
from ruled"""


def rank_sql(dataset: Dataset, columns: list[str]) -> str:
    """Ranks the rows of each primary key, the latest first, and hands on only the named columns.

    Rows that are equally late are ordered by every other column, so the same rows give the same answer in any order.
    A rejected row is no candidate: its text, null for all others, keeps it out of the keys' partitions and spreads
    the rejected rows, whose keys may all be null, over the cluster.
    """
    rest = [
        column.name
        for column in dataset.columns
        if column.name not in dataset.primary_key and column.name != dataset.latest_by
    ]
    order = [f"{identifier(name)} desc nulls last" for name in [dataset.latest_by, *rest]]
    return f"""select
    {_list([identifier(name) for name in columns], 4)},
    {identifier(RULE)},
    {identifier(TEXT)},
    row_number() over (
        partition by {identifiers([*dataset.primary_key, TEXT])}
        order by {", ".join(order)}
    ) as {identifier(RANK)}
from {identifier(judged_view(dataset))}"""


def kept_sql(dataset: Dataset, columns: list[str]) -> str:
    return f"""select
    {_list([identifier(name) for name in columns], 4)}
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
    """One row: read, kept, deduplicated, then each rule in the order of `rules`."""
    rule, rank = identifier(RULE), identifier(RANK)
    counts = [
        "count(*) as read_rows",
        f"count_if({rule} is null and {rank} = 1) as kept_rows",
        f"count_if({rule} is null and {rank} > 1) as deduplicated_rows",
        *(f"count_if({rule} = {literal(name)}) as {identifier(name)}" for name in rules(dataset)),
    ]
    return f"select\n    {_list(counts, 4)}\nfrom {identifier(ranked_view(dataset))}"


def orphans_sql(datasets: list[Dataset], keys: dict[str, str]) -> str | None:
    """Kept rows whose reference names no kept row, by dataset and column; None when nothing refers to anything.

    `keys` is each dataset's single primary key. Null references are counted apart: as join keys they would all land
    on one task.
    """
    parts = []
    for dataset in datasets:
        for reference in dataset.references:
            column = f"child.{identifier(reference.column)}"
            of = (
                f"select {literal(dataset.name)} as dataset, {literal(reference.column)} as reference, "
                f"count(*) as orphan_rows from {identifier(dataset.name)} as child"
            )
            parent = f"{identifier(reference.dataset)} as parent"
            match = f"{column} = parent.{identifier(keys[reference.dataset])}"
            parts.append(f"{of} left anti join {parent} on {match} where {column} is not null")
            parts.append(f"{of} where {column} is null")
    if not parts:
        return None
    union = "\n    union all\n    ".join(parts)
    return (
        f"select\n    dataset,\n    reference,\n    sum(orphan_rows) as orphan_rows\nfrom (\n    {union}\n)\n"
        "group by dataset, reference"
    )


def unfit_defaults_sql(datasets: list[Dataset]) -> str | None:
    """One row of booleans, one for each default, named dataset.column: whether it is no value of its type."""
    tests = [
        f"try_cast({literal(_default_text(column))} as {column.type}) is null"
        f" as {identifier(f'{dataset.name}.{column.name}')}"
        for dataset in datasets
        for column in dataset.columns
        if column.default is not None
    ]
    # Over a constant relation Spark answers while it plans, without a job.
    return f"select\n    {_list(tests, 4)}\nfrom values (1)" if tests else None


def columns_used(dataset: Dataset, keys: set[str], statements: list[str]) -> list[str]:
    """The columns that any of the statements may read, in contract order; `keys` are always among them.

    A statement can only name a column or take all of them by `*`, so a name that occurs in none of them is not read.
    """
    text = "\n".join(statements).lower()
    if re.search(r"(?<!count\()\*", text):
        return [column.name for column in dataset.columns]
    words = set(re.findall(r"\w+", text))
    return [column.name for column in dataset.columns if column.name in keys or column.name.lower() in words]


def _null_rule(column: Column) -> str:
    return f"{column.name}_is_null"


def _read_type(kind: str) -> str:
    """The type in which the JSON is read, chosen so that nothing is lost before it can be judged.

    Spark reads a number as a timestamp and a bare time as today, and stops the run at a day that is in no calendar, so
    dates and times are read as text and cast here. It rounds decimals to the declared scale, so they are read with the
    digits that are left in the same storage.
    """
    if kind in ("timestamp", "date"):
        return "string"
    if digits := decimal_digits(kind):
        precision, scale = digits
        room = (18 if precision < 18 else 38) - precision
        return f"decimal({precision + room},{scale + room})"
    if element := array_element(kind):
        return f"array<{_read_type(element)}>"
    if fields := struct_fields(kind):
        return f"struct<{', '.join(f'{identifier(name)}: {_read_type(field)}' for name, field in fields)}>"
    return kind


def _is_read_as_declared(kind: str) -> bool:
    if element := array_element(kind):
        return _is_read_as_declared(element)
    is_cast = kind in ("timestamp", "date") or decimal_digits(kind) is not None
    return not is_cast and all(_is_read_as_declared(field) for _, field in struct_fields(kind))


def _typed(value: str, kind: str) -> str:
    """The value as the type that is declared; null where it is none."""
    if _is_read_as_declared(kind):
        return value
    if kind == "timestamp":
        return f"case when {value} like '____-__-__%' then try_cast({value} as timestamp) end"
    if kind == "date":
        return f"case when {value} like '____-__-__' then try_cast({value} as date) end"
    if decimal_digits(kind):
        return f"try_cast({value} as {kind})"
    if element := array_element(kind):
        return f"transform({value}, item -> {_typed('item', element)})"
    fields = [f"{literal(name)}, {_typed(_field(value, name), field)}" for name, field in struct_fields(kind)]
    return f"case when {value} is not null then named_struct({', '.join(fields)}) end"


def _unfit(value: str, kind: str) -> str | None:
    """True when the value, or one within it, is none of the declared type; None when Spark has seen to that."""
    if _is_read_as_declared(kind):
        return None
    if kind in ("timestamp", "date"):
        return f"({value} is not null and {_typed(value, kind)} is null)"
    if decimal_digits(kind):
        return f"({value} is not null and coalesce({_typed(value, kind)} != {value}, true))"
    if element := array_element(kind):
        return f"exists({value}, item -> {_unfit('item', element)})"
    parts = [_unfit(_field(value, name), field) for name, field in struct_fields(kind)]
    return f"({' or '.join(filter(None, parts))})"


def _field(value: str, name: str) -> str:
    return f"{value}.{identifier(name)}"


def _wrong_type(column: Column) -> str | None:
    """True when the JSON value is of another type although Spark read it; null or false otherwise."""
    value, typed = _field(_ROW, column.name), identifier(column.name)
    pattern = rf'(?<!\\)"{column.name}"\s*:\s*"'
    quoted = f"{identifier(TEXT)} rlike {literal(pattern)}"
    if column.type == "string":
        # Spark turns any JSON value into text. Only a text that looks like another value needs the look at its quotes.
        suspect = (
            f"{value} < ':' or {value} in ('true', 'false') or startswith({value}, '{{') or startswith({value}, '[')"
        )
        return f"(({suspect}) and not {quoted})"
    if column.type in ("timestamp", "date"):
        return f"({value} is not null and {typed} is null)"
    if decimal_digits(column.type):
        # A quoted decimal is refused because Spark drops its commas: "12,50" would become 1250.
        return (
            f"({value} is not null and (coalesce({typed} != {value}, true)"
            f" or (not {_plainly_a_number(column.name)} and {quoted})))"
        )
    unfit = _unfit(value, column.type)
    names = _decimal_names(column.name, column.type)
    if not names:
        return unfit
    # Of decimals further in only those quoted with a comma are refused: the name alone may be another field's, too.
    quoted_comma = rf'(?<!\\)"(?:{"|".join(names)})"\s*:\s*(?:\[[^\]]*)?"[^"]*,'
    return f"({unfit} or {identifier(TEXT)} rlike {literal(quoted_comma)})"


def _decimal_names(name: str, kind: str) -> list[str]:
    """The keys under which the JSON carries decimals."""
    if element := array_element(kind):
        return _decimal_names(name, element)
    if decimal_digits(kind):
        return [name]
    return [found for field_name, field in struct_fields(kind) for found in _decimal_names(field_name, field)]


def _plainly_a_number(name: str) -> str:
    """True when the key occurs once in the text and a digit or a sign comes next: spares nearly all rows the pattern,
    which costs as much as reading the row."""
    text, key = identifier(TEXT), literal(f'"{name}"')
    after = f"substring_index({text}, {key}, -1)"
    value = f"trim(leading ' \\t:' from {after})"
    once = f"length({text}) = length(substring_index({text}, {key}, 1)) + length({key}) + length({after})"
    return f"({value} >= '-' and {value} < ':' and {once.replace('length(', 'octet_length(')})"


def _cleaned(column: Column) -> str:
    name = identifier(column.name)
    if column.default is None:
        return name
    return f"coalesce({name}, cast({literal(_default_text(column))} as {column.type})) as {name}"


def _default_text(column: Column) -> str:
    return str(column.default).lower() if isinstance(column.default, bool) else str(column.default)


def _list(parts: list[str], indent: int = 8) -> str:
    return (",\n" + " " * indent).join(parts)


def _lines(parts: list[str], indent: int) -> str:
    return ("\n" + " " * indent).join(parts)


def _any(conditions: list[str]) -> str:
    return "coalesce(\n            " + "\n            or ".join(conditions) + ",\n            false\n        )"
