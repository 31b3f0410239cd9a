"""Drift: where the data and the contract no longer agree on the fields.

The statement that classifies the rows also notes the undeclared fields of each row and the columns that it has a field
for, so no row is read a second time. Only malformed rows are read once more, and only where they may be the majority
of the rows that have a column.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from pyspark.sql import Row

from . import fidelity
from .contract import Dataset
from .json_types import FIELDS, ROW, TEXT, fields, parse, typed, value_of, wrong_type
from .rules import MALFORMED
from .sql_text import identifier, literal

_UNDECLARED = "`#undeclared`"
_BITS = 63
# Field names may be data themselves, for example when each row uses an id as a field name.
_REPORTED_FIELDS = 50
_NAME = r"\A[A-Za-z_][A-Za-z0-9_.-]*\z"
_NAME_LENGTH = 64
_NO_NAME = "(a name that is no identifier)"


@dataclass(frozen=True)
class Undeclared:
    name: str
    rows: int


@dataclass(frozen=True)
class Changed:
    """A column that is of another type in most of the rows that have it."""

    name: str
    type: str
    """The declared one."""
    rows: int
    of: int


@dataclass(frozen=True)
class Drift:
    undeclared: list[Undeclared] = field(default_factory=list)
    """The most frequent first."""
    absent: list[str] = field(default_factory=list)
    """Columns for which no row has a field."""
    changed: list[Changed] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        return asdict(self)


def complaints(drift: Drift, dataset: Dataset, mode: str) -> list[str]:
    """The drift that fails the run in this mode of schema evolution."""
    if mode == "additive":
        return []
    refusing_null = {column.name for column in dataset.columns if column.refuses_null}
    absent = drift.absent if mode == "strict" else [name for name in drift.absent if name in refusing_null]
    found = [f'no row has the column "{name}"' for name in absent]
    if mode == "strict":
        found += [f'the field "{item.name}" is not declared ({item.rows} rows)' for item in drift.undeclared]
        found += [
            f'the column "{item.name}" is not {item.type} in {item.rows} of {item.of} rows' for item in drift.changed
        ]
    return found


def drift_of(
    dataset: Dataset,
    sound: int,
    sound_rows: dict[str, int],
    undeclared: list[Row],
    malformed_by_column: list[Row],
) -> Drift:
    """The drift that the counts show.

    `sound`: rows that are not malformed. `sound_rows`: how many of them have each column. `undeclared` is the result of
    `undeclared_sql`. `malformed_by_column` is the result of `malformed_sql`, or empty when that query was not run.
    """
    malformed = {row["name"]: row for row in malformed_by_column}
    objects = sound + sum(row["row_count"] for row in malformed_by_column)
    absent, changed = [], []
    for column in dataset.columns:
        found = malformed.get(column.name)
        rows = sound_rows[column.name] + (found["named_rows"] if found else 0)
        if rows == 0 and objects > 0:
            absent.append(column.name)
        elif found and 2 * found["wrong_rows"] > rows:
            changed.append(Changed(column.name, column.type, found["wrong_rows"], rows))
    return Drift(
        undeclared=[Undeclared(row["name"], row["row_count"]) for row in undeclared],
        absent=absent,
        changed=changed,
    )


def columns_of_a_row(dataset: Dataset) -> list[str]:
    """What the classifying statement notes of each row: the names of the undeclared fields, null when there are none,
    and numbers with one bit for each column, set when the row has a field for that column."""
    names = ", ".join(literal(column.name) for column in dataset.columns)
    is_undeclared = f"not in ({names})"
    shown = f"if(name rlike {literal(_NAME)}, substring(name, 1, {_NAME_LENGTH}), {literal(_NO_NAME)})"
    # A name that occurs twice in a row counts once.
    undeclared = (
        f"case when exists(map_keys({FIELDS}), name -> name {is_undeclared}) then array_distinct(transform("
        f"filter(map_keys({FIELDS}), name -> name {is_undeclared}), name -> {shown})) end"
    )
    bits: dict[str, list[str]] = {}
    for index, column in enumerate(dataset.columns):
        named = f"{value_of(column)} is not null or map_contains_key({FIELDS}, {literal(column.name)})"
        bits.setdefault(_number(index), []).append(f"if({named}, {1 << index % _BITS}L, 0L)")
    return [f"{undeclared} as {_UNDECLARED}", *(f"{' + '.join(parts)} as {name}" for name, parts in bits.items())]


def carried(dataset: Dataset) -> list[str]:
    """The names of these columns."""
    numbers = dict.fromkeys(_number(index) for index in range(len(dataset.columns)))
    return [_UNDECLARED, *numbers]


def counts(dataset: Dataset, rule: str) -> list[str]:
    """Aggregates: for each column the rows that have it and are not malformed, then the rows with undeclared fields."""
    sound = f"not {rule} <=> {literal(MALFORMED)}"
    return [
        *(
            f"count_if({sound} and {_number(index)} & {1 << index % _BITS}L != 0) as {identifier(column.name)}"
            for index, column in enumerate(dataset.columns)
        ),
        f"count({_UNDECLARED}) as undeclared_rows",
    ]


def undeclared_sql(view: str) -> str:
    return f"""select
    name,
    count(*) as row_count
from (select explode({_UNDECLARED}) as name from {identifier(view)})
group by name
order by row_count desc, name
limit {_REPORTED_FIELDS}"""


def malformed_sql(dataset: Dataset, view: str, rule: str) -> str:
    """For each column, counts of the malformed rows that are still JSON objects: all of them, those that have the
    column's field, and those whose value in it is of another type."""
    columns = ",\n            ".join(
        f"named_struct('name', {literal(column.name)}, "
        f"'is_named', map_contains_key({FIELDS}, {literal(column.name)}), "
        f"'is_wrong', {FIELDS}[{literal(column.name)}] is not null and {_wrong(dataset, index)})"
        for index, column in enumerate(dataset.columns)
    )
    values = ",\n        ".join(f"{typed(column)} as {identifier(column.name)}" for column in dataset.columns)
    return f"""with parsed as (
    select
        {identifier(TEXT)},
        {parse(dataset, fidelity.readable(dataset))} as `#json`,
        {fields(identifier(TEXT))} as {FIELDS}
    from {identifier(view)}
    where {rule} = {literal(MALFORMED)}
),

typed as (
    select
        {identifier(TEXT)},
        `#json`,
        {FIELDS},
        {values}
    from parsed
    where {FIELDS} is not null and {ROW} is not null
),

judged as (
    select
        inline(array(
            {columns}
        ))
    from typed
)

select
    name,
    count(*) as row_count,
    count_if(is_named) as named_rows,
    count_if(is_wrong) as wrong_rows
from judged
group by name"""


def _wrong(dataset: Dataset, index: int) -> str:
    column = dataset.columns[index]
    wrong = [f"{value_of(column)} is null", f"{identifier(column.name)} is null", *filter(None, [wrong_type(column)])]
    return f"coalesce({' or '.join(wrong)}, false)"


def _number(index: int) -> str:
    return identifier(f"#named_{index // _BITS}")
