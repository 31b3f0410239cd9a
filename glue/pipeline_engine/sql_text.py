"""How names and values are written into generated SQL."""

from .contract import Dataset


def identifier(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def literal(value: str) -> str:
    """A string literal in Spark's syntax: a backslash escapes, inside patterns too."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def identifiers(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(identifier(name) for name in names)


def named_or_null(dataset: Dataset, columns: list[str], table: str = "") -> list[str]:
    """Every column of the dataset as an item of a select; columns that are not named are null."""
    return [
        f"{table}{identifier(column.name)}"
        if column.name in columns
        else f"cast(null as {column.type}) as {identifier(column.name)}"
        for column in dataset.columns
    ]
