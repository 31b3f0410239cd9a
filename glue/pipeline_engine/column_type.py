"""The parts of a column's type, from the text in which the contract spells it."""

import re

_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_OPENING, _CLOSING = "(<", ")>"


def decimal_digits(kind: str) -> tuple[int, int] | None:
    """Precision and scale; None when the type is not a decimal."""
    match = _DECIMAL.fullmatch(kind)
    return (int(match[1]), int(match[2])) if match else None


def array_element(kind: str) -> str | None:
    """The element's type; None when the type is not an array."""
    return kind[len("array<") : -1] if kind.startswith("array<") else None


def struct_fields(kind: str) -> list[tuple[str, str]]:
    """Name and type of each field; empty when the type is not a struct."""
    if not kind.startswith("struct<"):
        return []
    parts, depth = [""], 0
    for character in kind[len("struct<") : -1]:
        depth += (character in _OPENING) - (character in _CLOSING)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [(name, field) for name, _, field in (part.partition(":") for part in parts)]
