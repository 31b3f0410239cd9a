"""Kept rows whose reference names no kept row, as Spark SQL. Pure: contract in, text out."""

from dataclasses import dataclass

from .contract import Dataset
from .sql_text import identifier, literal, named_or_null

ORPHAN_COLUMN = "orphan_column"


@dataclass(frozen=True)
class OrphanCount:
    column: str
    rows: int = 0
    """All orphans, those with a null reference included."""
    dangling: int = 0
    """Orphans whose reference is a value that names no row."""


def orphans_table(dataset: Dataset) -> str:
    """The table that the balances of an output may read."""
    return f"{dataset.name}_orphans"


def orphans_sql(dataset: Dataset, columns: list[str], keys: dict[str, str]) -> str:
    """The orphans with every column of the dataset; columns that are not named are null. ORPHAN_COLUMN has the
    reference that names no row. A row with several such references occurs several times.

    `keys` gives the single primary key of each dataset. Rows with a null reference are orphans too. They do not go
    through the join, because null join keys would all land on one task.
    """
    child = identifier(dataset.name)
    listed = ", ".join(named_or_null(dataset, columns, f"{child}."))
    parts = []
    for reference in dataset.references:
        column = f"{child}.{identifier(reference.column)}"
        of = f"select {listed}, {literal(reference.column)} as {ORPHAN_COLUMN} from {child}"
        parent, key = identifier(reference.dataset), identifier(keys[reference.dataset])
        parts.append(
            f"{of} left anti join {parent} as `#parent` on {column} = `#parent`.{key} where {column} is not null"
        )
        parts.append(f"{of} where {column} is null")
    return "\nunion all\n".join(parts)


def orphan_counts_sql(datasets: list[Dataset]) -> str | None:
    """For each dataset and reference: the orphans, and those with a reference that is not null. None when the contract
    has no reference."""
    parts = [
        f"select {literal(dataset.name)} as dataset, {ORPHAN_COLUMN} as reference, count(*) as orphan_rows, "
        f"count({_reference_value(dataset)}) as dangling_rows\n"
        f"    from {identifier(orphans_table(dataset))} group by {ORPHAN_COLUMN}"
        for dataset in datasets
        if dataset.references
    ]
    return "\nunion all\n".join(parts) if parts else None


def _reference_value(dataset: Dataset) -> str:
    cases = " ".join(
        f"when {literal(reference.column)} then cast({identifier(reference.column)} as string)"
        for reference in dataset.references
    )
    return f"case {ORPHAN_COLUMN} {cases} end"
