"""Columns from JSON texts: how each type is read, and when a value is not of its type. Pure: text in, text out.

The statements that use these conditions have the row's text in TEXT and the parsed row in ROW. Where needed, FIELDS has
the text of each field.
"""

from collections.abc import Callable

from .column_type import array_element, decimal_digits, struct_fields
from .contract import Column, Dataset
from .sql_text import identifier, literal

TEXT = "#text"
ROW = "`#json`.`row`"
CORRUPT = "`#json`.`corrupt`"
FIELDS = "`#fields`"
# The beginning of a value, for `_is_followed_by`.
_QUOTE = "startswith({value}, '\"')"
_NUMBER = "({value} >= '-' and {value} < ':')"
_ESCAPE = "\\u"
# Java also accepts abbreviations, some with an unexpected meaning: BST is Dhaka's time.
_NAMED_ZONE = literal(r"[A-Za-z]/|[^A-Za-z](?:UTC|GMT)(?:[+-][0-9:]+)?\s*$")
# Legacy date parsing would guess. NaN and single quotes are not JSON.
_OPTIONS = (
    "map('mode', 'PERMISSIVE', 'columnNameOfCorruptRecord', 'corrupt', "
    "'enableDateTimeParsingFallback', 'false', 'allowNonNumericNumbers', 'false', 'allowSingleQuotes', 'false')"
)


def parse(dataset: Dataset, text: str) -> str:
    """Makes ROW and CORRUPT from a text.

    Spark stops reading after the first value of a text, so `{...} {...}` on one line would silently lose its second
    half. The text is therefore wrapped in an object with one key. `single_value` catches the other cases.
    """
    schema = ", ".join(f"{identifier(column.name)}: {_read_type(column.type)}" for column in dataset.columns)
    wrapped = literal(f"row struct<{schema}>, corrupt string")
    return f"from_json(concat('{{\"row\":', {text}, '}}'), {wrapped}, {_OPTIONS})"


def single_value(text: str) -> str:
    """Whether the text of a parsed row holds one object and nothing else.

    An extra `}` would close the wrapping object, and Spark would stop there. A text whose only `}` is its end has
    nothing after the object. Any other text is read a second time, as the first element of a list whose second element
    is the text's hash. A text that breaks out of the list loses the hash.
    """
    blanks = "' \\t\\r\\n'"
    trimmed = f"trim(trailing {blanks} from {text})"
    ends = f"octet_length(substring_index({text}, '}}', 1)) + 1 >= octet_length({trimmed})"
    hashed = f"cast(xxhash64({text}) as string)"
    elements = f"from_json(concat('[', {text}, ',', {hashed}, ']'), 'array<string>', {_OPTIONS})"
    closed = f"coalesce(size({elements}) = 2 and element_at({elements}, -1) = {hashed}, false)"
    return f"(startswith(trim(leading {blanks} from {text}), '{{') and ({ends} or {closed}))"


def fields(text: str) -> str:
    """Every key of the object with its value as text, undeclared keys included; null when it is not an object."""
    return f"from_json({text}, 'map<string,string>', {_OPTIONS})"


def value_of(column: Column) -> str:
    """The value that Spark read from the column's field."""
    return _field(ROW, column.name)


def typed(column: Column) -> str:
    """The field's value as the declared type; null when it is not of that type."""
    return _typed(value_of(column), column.type)


def wrong_type(column: Column) -> str | None:
    """True when Spark read the JSON value although it is of another type; null or false otherwise.

    The statement must have the typed column under its own name.
    """
    value, typed = value_of(column), identifier(column.name)
    if column.type == "string":
        # Spark turns any JSON value into text. Only when the text looks like another type, its quotes are checked.
        suspect = (
            f"{value} < ':' or {value} in ('true', 'false') or startswith({value}, '{{') or startswith({value}, '[')"
        )
        return f"(({suspect}) and not {_is_followed_by(column.name, _QUOTE)} and not {_is_text(column.name, value)})"
    if column.type in ("timestamp", "date"):
        return f"({value} is not null and {typed} is null)"
    if decimal_digits(column.type):
        # A quoted decimal is refused because Spark drops its commas: "12,50" would become 1250.
        return (
            f"({value} is not null and (coalesce({typed} != {value}, true)"
            f" or (not {_is_followed_by(column.name, _NUMBER)} and {read_as(column.name, 'double')} is null)))"
        )
    unfit = _unfit(value, column.type)
    names = _decimal_names(column.name, column.type)
    if not names:
        return unfit
    # Nested decimals are refused only when they are quoted and have a comma. The name may also belong to another field,
    # so a text with a match is read once more, with its decimals as text.
    quoted_comma = rf'"(?:{"|".join(names)})"\s*:\s*(?:\[[^\]]*)?"[^"]*,'
    written = read_as(column.name, _decimals_as_text(column.type))
    has_comma = _some_decimal(written, column.type, lambda text: f"contains({text}, ',')")
    return f"({unfit} or ({identifier(TEXT)} rlike {literal(quoted_comma)} and coalesce({has_comma}, false)))"


def _read_type(kind: str) -> str:
    """The type as which Spark reads the JSON, chosen so that nothing is lost before the value is checked.

    Spark would read a number as a timestamp and a bare time as a time today, and a day that does not exist would stop
    the run. So dates and times are read as text and cast here. Spark rounds decimals to the declared scale, so they are
    read with all the digits that fit into the same storage.
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
    """The value as the declared type; null when it is not of that type."""
    if _is_read_as_declared(kind):
        return value
    if kind == "timestamp":
        is_plain = f"{value} like '____-__-__%' and (not {value} rlike '[A-Za-z]{{2}}' or {value} rlike {_NAMED_ZONE})"
        return f"case when {is_plain} then try_cast({value} as timestamp) end"
    if kind == "date":
        return f"case when {value} like '____-__-__' then try_cast({value} as date) end"
    if decimal_digits(kind):
        return f"try_cast({value} as {kind})"
    if element := array_element(kind):
        return f"transform({value}, item -> {_typed('item', element)})"
    fields = [f"{literal(name)}, {_typed(_field(value, name), field)}" for name, field in struct_fields(kind)]
    return f"case when {value} is not null then named_struct({', '.join(fields)}) end"


def _unfit(value: str, kind: str) -> str | None:
    """True when the value, or one nested in it, is not of the declared type; None when Spark has checked that."""
    if kind == "double":
        # A number too large for a double is read as infinite.
        return f"abs({value}) = double('Infinity')"
    if kind in ("timestamp", "date"):
        return f"({value} is not null and {_typed(value, kind)} is null)"
    if decimal_digits(kind):
        return f"({value} is not null and coalesce({_typed(value, kind)} != {value}, true))"
    if element := array_element(kind):
        unfit = _unfit("item", element)
        return unfit and f"exists({value}, item -> {unfit})"
    parts = list(filter(None, (_unfit(_field(value, name), field) for name, field in struct_fields(kind))))
    return f"({' or '.join(parts)})" if parts else None


def _field(value: str, name: str) -> str:
    return f"{value}.{identifier(name)}"


def _decimal_names(name: str, kind: str) -> list[str]:
    """The keys under which the JSON carries decimals."""
    if element := array_element(kind):
        return _decimal_names(name, element)
    if decimal_digits(kind):
        return [name]
    return [found for field_name, field in struct_fields(kind) for found in _decimal_names(field_name, field)]


def _decimals_as_text(kind: str) -> str:
    if element := array_element(kind):
        return f"array<{_decimals_as_text(element)}>"
    if fields := struct_fields(kind):
        return f"struct<{', '.join(f'{identifier(name)}: {_decimals_as_text(field)}' for name, field in fields)}>"
    return "string" if decimal_digits(kind) else _read_type(kind)


def _some_decimal(value: str, kind: str, condition: Callable[[str], str]) -> str | None:
    """True when the condition holds for a decimal in the value; None when the type has no decimals."""
    if decimal_digits(kind):
        return condition(value)
    if element := array_element(kind):
        found = _some_decimal("item", element, condition)
        return found and f"exists({value}, item -> {found})"
    of_fields = (_some_decimal(_field(value, name), field, condition) for name, field in struct_fields(kind))
    parts = [f"coalesce({found}, false)" for found in of_fields if found]
    return f"({' or '.join(parts)})" if parts else None


def read_as(name: str, kind: str) -> str:
    """The row's own field of this name, read as another type; null when it is not of that type. Reads the row again."""
    schema = literal(f"struct<{identifier(name)}: {kind}>")
    return f"{_field(f'from_json({identifier(TEXT)}, {schema}, {_OPTIONS})', name)}"


def _is_text(name: str, value: str) -> str:
    """Whether a field that Spark read as text is a string in the JSON: no other type accepts a value in quotes."""
    cases = [
        (f"startswith({value}, '{{')", "map<string,string>"),
        (f"startswith({value}, '[')", "array<string>"),
        (f"{value} in ('true', 'false')", "boolean"),
    ]
    others = " ".join(f"when {condition} then {read_as(name, kind)} is null" for condition, kind in cases)
    return f"case {others} else {read_as(name, 'double')} is null end"


def _is_followed_by(name: str, beginning: str) -> str:
    """True when the key occurs once in the text and a value with this beginning follows. So few rows are read again.

    If the text has no escapes, the only occurrence is the row's own field.
    """
    text, key = identifier(TEXT), literal(f'"{name}"')
    after = f"substring_index({text}, {key}, -1)"
    value = f"trim(leading ' \\t\\r\\n:' from {after})"
    once = f"length({text}) = length(substring_index({text}, {key}, 1)) + length({key}) + length({after})"
    is_spelled_out = f"not contains({text}, {literal(_ESCAPE)})"
    return f"({beginning.format(value=value)} and {once.replace('length(', 'octet_length(')} and {is_spelled_out})"
