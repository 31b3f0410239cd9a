"""What a row's text says and its reading as JSON loses without a word. Pure: text in, Spark SQL out.

Each condition is cheap for a row that has nothing of the kind: all of them together must cost little of what reading
the row costs.
"""

from .contract import Dataset
from .json_types import FIELDS, TEXT, fields, read_as, value_of
from .sql_text import identifier, literal

# A surrogate by itself is no character; an even number of backslashes before it are backslashes of the text.
_ESCAPED = r"(?<!\\)(?:\\\\)*\\u[dD]"
_HEX = "[0-9a-fA-F]{2}"
_LONE_SURROGATE = (
    rf"{_ESCAPED}[89abAB]{_HEX}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]{_HEX})(?<!\\)(?:\\\\)*\\u[dD][c-fC-F]"
)
_BACKSLASH_U = "\\u"
_TEXT_KINDS = ("string", "timestamp", "date")


def lost(dataset: Dataset) -> list[str]:
    """Conditions that are true of a row whose values are not what its text says."""
    text = identifier(TEXT)
    return [
        # Spark puts U+FFFD in the place of bytes that are no UTF-8.
        f"encode({text}, 'UTF-8') != cast({text} as binary)",
        # It puts a question mark in the place of half a character.
        f"(contains({text}, {literal(_BACKSLASH_U)}) and {text} rlike {literal(_LONE_SURROGATE)})",
        _repeated_key(dataset),
    ]


def all_fields(dataset: Dataset) -> str:
    """Every key of the row with its value as text, where the row may hold more than its columns; else null.

    Only a text with more quotes than its columns' values and keys account for can hold a key that is not declared,
    that is null, or that comes twice. Few do, so few are read a second time.
    """
    text = identifier(TEXT)
    quotes = " + ".join(
        f"if({value_of(column)} is null, 0, {4 if column.type in _TEXT_KINDS else 2})" for column in dataset.columns
    )
    count = f"octet_length({text}) - octet_length(replace({text}, '\"', ''))"
    return f"case when {count} > {quotes} then {fields(text)} end"


def _repeated_key(dataset: Dataset) -> str:
    """Of a key that occurs twice Spark takes the last value."""
    names = ", ".join(literal(column.name) for column in dataset.columns)
    keys = f"filter(map_keys({FIELDS}), key -> key in ({names}))"
    return f"size({keys}) > size(array_distinct({keys}))"


def readable(dataset: Dataset) -> str:
    """The text, or null where reading it would not come to an end: to bring 1e999999999 to a scale takes all memory."""
    text = identifier(TEXT)
    unreadable = [
        # Java looks for a pattern that begins with a plain text in larger steps. The name may be another field's, too:
        # the row's own is read as a double, in which such a number is 0 or infinite.
        f"({text} rlike {literal(pattern)} and {read_as(column.name, 'string')} is not null"
        f" and coalesce({number} = 0 or abs({number}) = double('Infinity'), true))"
        for column in dataset.columns
        if column.type.startswith("decimal(")
        for pattern in [rf'"{column.name}"\s*:\s*"?-?[0-9.]+[eE][+-]?[0-9]{{4}}']
        for number in [read_as(column.name, "double")]
    ]
    return f"case when not ({' or '.join(unreadable)}) then {text} end" if unreadable else text
