"""What a row's text says and its reading as JSON loses without a word. Pure: text in, conditions as Spark SQL out.

Each condition is cheap for a row that has nothing of the kind: all of them together must cost little of what reading
the row costs.
"""

from .contract import Dataset
from .sql_text import identifier, literal

# A surrogate by itself is no character; an even number of backslashes before it are backslashes of the text.
_ESCAPED = r"(?<!\\)(?:\\\\)*\\u[dD]"
_HEX = "[0-9a-fA-F]{2}"
_LONE_SURROGATE = (
    rf"{_ESCAPED}[89abAB]{_HEX}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]{_HEX})(?<!\\)(?:\\\\)*\\u[dD][c-fC-F]"
)
_TEXT_KINDS = ("string", "timestamp", "date")


def lost(dataset: Dataset, text: str, row: str) -> list[str]:
    """Conditions that are true of a row whose values are not what its text says.

    `text` and `row` are the SQL of the text and of the struct that was read from it.
    """
    return [
        # Spark puts U+FFFD in the place of bytes that are no UTF-8.
        f"encode({text}, 'UTF-8') != cast({text} as binary)",
        # It puts a question mark in the place of half a character.
        f"(contains({text}, {literal(_BACKSLASH_U)}) and {text} rlike {literal(_LONE_SURROGATE)})",
        _repeated_key(dataset, text, row),
        *(_overflow(f"{row}.{identifier(column.name)}") for column in dataset.columns if column.type == "double"),
    ]


_BACKSLASH_U = "\\u"


def _repeated_key(dataset: Dataset, text: str, row: str) -> str:
    """Of a key that occurs twice Spark takes the last value.

    Only a text with more quotes than its values and their keys account for can hold a key twice; few others are
    looked through.
    """
    quotes = " + ".join(
        f"if({row}.{identifier(column.name)} is null, 0, {4 if column.type in _TEXT_KINDS else 2})"
        for column in dataset.columns
    )
    count = f"octet_length({text}) - octet_length(replace({text}, '\"', ''))"
    names = ", ".join(literal(column.name) for column in dataset.columns)
    keys = f"filter(json_object_keys({text}), key -> key in ({names}))"
    # Not `and`: Spark evaluates beforehand what occurs twice on its right side.
    return f"case when {count} > {quotes} then size({keys}) > size(array_distinct({keys})) else false end"


def _overflow(value: str) -> str:
    return f"abs({value}) = double('Infinity')"


def readable(dataset: Dataset, text: str) -> str:
    """The text, or null where reading it would not come to an end: to bring 1e999999999 to a scale takes all memory."""
    patterns = [
        # Java looks for a pattern that begins with a plain text in larger steps.
        rf'"{column.name}"\s*:\s*-?[0-9.]+[eE][+-]?[0-9]{{4}}'
        for column in dataset.columns
        if column.type.startswith("decimal(")
    ]
    if not patterns:
        return text
    unreadable = " or ".join(f"{text} rlike {literal(pattern)}" for pattern in patterns)
    return f"case when not ({unreadable}) then {text} end"
