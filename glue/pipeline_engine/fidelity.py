"""Finds rows whose text says more than Spark reads from it as JSON. Spark loses such parts silently. Pure: text in,
Spark SQL out.

Each condition is cheap for a row without such a part. All of them together must cost little compared with reading the
row.
"""

from .contract import Dataset
from .json_types import FIELDS, TEXT, fields, read_as, value_of
from .sql_text import identifier, literal

# A lone surrogate is not a character. An even number of backslashes before it are escaped backslashes.
_ESCAPED = r"(?<!\\)(?:\\\\)*\\u[dD]"
_HEX = "[0-9a-fA-F]{2}"
_LONE_SURROGATE = (
    rf"{_ESCAPED}[89abAB]{_HEX}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]{_HEX})(?<!\\)(?:\\\\)*\\u[dD][c-fC-F]"
)
_BACKSLASH_U = "\\u"
_TEXT_KINDS = ("string", "timestamp", "date")


def lost(dataset: Dataset) -> list[str]:
    """Conditions that are true when the values of a row are not what its text says."""
    text = identifier(TEXT)
    return [
        # Spark replaces bytes that are not UTF-8 by U+FFFD.
        f"encode({text}, 'UTF-8') != cast({text} as binary)",
        # Spark replaces half a character by a question mark.
        f"(contains({text}, {literal(_BACKSLASH_U)}) and {text} rlike {literal(_LONE_SURROGATE)})",
        _repeated_key(dataset),
    ]


def all_fields(dataset: Dataset) -> str:
    """Every key of the row with its value as text, if the row may hold more than its columns; else null.

    Only a text with more quotes than its columns' keys and values need can hold an undeclared key, a null, or a key
    that occurs twice. Few texts have more quotes, so few are read a second time.
    """
    text = identifier(TEXT)
    quotes = " + ".join(
        f"if({value_of(column)} is null, 0, {4 if column.type in _TEXT_KINDS else 2})" for column in dataset.columns
    )
    count = f"octet_length({text}) - octet_length(replace({text}, '\"', ''))"
    return f"case when {count} > {quotes} then {fields(text)} end"


def _repeated_key(dataset: Dataset) -> str:
    """True when a key occurs twice: Spark takes only its last value."""
    names = ", ".join(literal(column.name) for column in dataset.columns)
    keys = f"filter(map_keys({FIELDS}), key -> key in ({names}))"
    return f"size({keys}) > size(array_distinct({keys}))"


def readable(dataset: Dataset) -> str:
    """The text, or null where reading it would never end: rescaling 1e999999999 takes all memory."""
    text = identifier(TEXT)
    unreadable = [
        # Java searches faster for a pattern that begins with plain text. The name may also belong to a nested field, so
        # the row's own field is read as a double: such a number is then 0 or infinite.
        f"({text} rlike {literal(pattern)} and {read_as(column.name, 'string')} is not null"
        f" and coalesce({number} = 0 or abs({number}) = double('Infinity'), true))"
        for column in dataset.columns
        if column.type.startswith("decimal(")
        for pattern in [rf'"{column.name}"\s*:\s*"?-?[0-9.]+[eE][+-]?[0-9]{{4}}']
        for number in [read_as(column.name, "double")]
    ]
    return f"case when not ({' or '.join(unreadable)}) then {text} end" if unreadable else text
