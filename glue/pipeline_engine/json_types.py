"""Columns from JSON texts: how each type is read, and when a value is none of its type. Pure: text in, text out.

The statements that use these conditions have the row's text in TEXT, what was read of it in ROW, and the text of
each of its fields in FIELDS where that is needed.
"""

from collections.abc import Callable

from .column_type import array_element, decimal_digits, struct_fields
from .contract import Column, Dataset
from .sql_text import identifier, literal

TEXT = "#text"
ROW = "`#json`.`row`"
CORRUPT = "`#json`.`corrupt`"
FIELDS = "`#fields`"
# How a value begins, for `_is_followed_by`.
_QUOTE = "startswith({value}, '\"')"
_NUMBER = "({value} >= '-' and {value} < ':')"
_ESCAPE = "\\u"
# Java takes abbreviations, too, and some for another zone than is meant: BST for Dhaka.
_NAMED_ZONE = literal(r"[A-Za-z]/|[^A-Za-z](?:UTC|GMT)(?:[+-][0-9:]+)?\s*$")
# Legacy date parsing would guess, and NaN and single quotes are not JSON.
_OPTIONS = (
    "map('mode', 'PERMISSIVE', 'columnNameOfCorruptRecord', 'corrupt', "
    "'enableDateTimeParsingFallback', 'false', 'allowNonNumericNumbers', 'false', 'allowSingleQuotes', 'false')"
)


def parse(dataset: Dataset, text: str) -> str:
    """ROW and CORRUPT, from a text.

    The text is wrapped in an object of one key, because Spark stops reading after the first value of a text: without
    it, `{...} {...}` on one line would lose its second half without a word. `single_value` sees to the rest.
    """
    schema = ", ".join(f"{identifier(column.name)}: {_read_type(column.type)}" for column in dataset.columns)
    wrapped = literal(f"row struct<{schema}>, corrupt string")
    return f"from_json(concat('{{\"row\":', {text}, '}}'), {wrapped}, {_OPTIONS})"


def single_value(text: str) -> str:
    """Whether the text of a row that was read holds one object and nothing else.

    A `}` too many would close the wrapping object, and Spark would stop there. A text whose only `}` is its end has
    nothing behind it. Any other is read a second time as the first of two elements of a list, the second one being the
    text's hash, which a text that leaves the list loses.
    """
    blanks = "' \\t\\r\\n'"
    trimmed = f"trim(trailing {blanks} from {text})"
    ends = f"octet_length(substring_index({text}, '}}', 1)) + 1 >= octet_length({trimmed})"
    hashed = f"cast(xxhash64({text}) as string)"
    elements = f"from_json(concat('[', {text}, ',', {hashed}, ']'), 'array<string>', {_OPTIONS})"
    closed = f"coalesce(size({elements}) = 2 and element_at({elements}, -1) = {hashed}, false)"
    return f"(startswith(trim(leading {blanks} from {text}), '{{') and ({ends} or {closed}))"


def fields(text: str) -> str:
    """Every key of the object with its value as text, also those that are not declared; null when it is no object."""
    return f"from_json({text}, 'map<string,string>', {_OPTIONS})"


def value_of(column: Column) -> str:
    """What was read of the column's field."""
    return _field(ROW, column.name)


def typed(column: Column) -> str:
    """The field's value as the type that is declared; null where it is none."""
    return _typed(value_of(column), column.type)


def wrong_type(column: Column) -> str | None:
    """True when the JSON value is of another type although Spark read it; null or false otherwise.

    The typed column has to be there under its own name.
    """
    value, typed = value_of(column), identifier(column.name)
    if column.type == "string":
        # Spark turns any JSON value into text. Only a text that looks like another value needs the look at its quotes.
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
    # Of decimals further in only those quoted with a comma are refused. The name alone may be another field's, too, so
    # a text that has one is read once more, its decimals as they are written.
    quoted_comma = rf'"(?:{"|".join(names)})"\s*:\s*(?:\[[^\]]*)?"[^"]*,'
    written = read_as(column.name, _decimals_as_text(column.type))
    has_comma = _some_decimal(written, column.type, lambda text: f"contains({text}, ',')")
    return f"({unfit} or ({identifier(TEXT)} rlike {literal(quoted_comma)} and coalesce({has_comma}, false)))"


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
    """True when the value, or one within it, is none of the declared type; None when Spark has seen to that."""
    if kind == "double":
        # What is beyond a double is read as infinite.
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
    """True when the condition is of a decimal within the value; None when the type has none."""
    if decimal_digits(kind):
        return condition(value)
    if element := array_element(kind):
        found = _some_decimal("item", element, condition)
        return found and f"exists({value}, item -> {found})"
    of_fields = (_some_decimal(_field(value, name), field, condition) for name, field in struct_fields(kind))
    parts = [f"coalesce({found}, false)" for found in of_fields if found]
    return f"({' or '.join(parts)})" if parts else None


def read_as(name: str, kind: str) -> str:
    """The row's own field of this name as another type; null where it is none. Costs a reading of the row."""
    schema = literal(f"struct<{identifier(name)}: {kind}>")
    return f"{_field(f'from_json({identifier(TEXT)}, {schema}, {_OPTIONS})', name)}"


def _is_text(name: str, value: str) -> str:
    """Whether the field that was read as this text is one in the JSON: no other type takes what stands in quotes."""
    cases = [
        (f"startswith({value}, '{{')", "map<string,string>"),
        (f"startswith({value}, '[')", "array<string>"),
        (f"{value} in ('true', 'false')", "boolean"),
    ]
    others = " ".join(f"when {condition} then {read_as(name, kind)} is null" for condition, kind in cases)
    return f"case {others} else {read_as(name, 'double')} is null end"


def _is_followed_by(name: str, beginning: str) -> str:
    """True when the key occurs once in the text and such a value comes next: spares nearly all rows another reading.

    Without escapes in the text, the one occurrence is the row's own field.
    """
    text, key = identifier(TEXT), literal(f'"{name}"')
    after = f"substring_index({text}, {key}, -1)"
    value = f"trim(leading ' \\t\\r\\n:' from {after})"
    once = f"length({text}) = length(substring_index({text}, {key}, 1)) + length({key}) + length({after})"
    is_spelled_out = f"not contains({text}, {literal(_ESCAPE)})"
    return f"({beginning.format(value=value)} and {once.replace('length(', 'octet_length(')} and {is_spelled_out})"
