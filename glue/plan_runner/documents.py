"""Strict reading of JSON documents: keys and the types of values are checked, and an error names the place."""

import json
from typing import Any


class DocumentError(ValueError):
    """The message begins with the place in the document."""


def load(content: bytes, what: str) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except ValueError as error:
        raise DocumentError(f"{what} is not JSON: {error}") from error
    return mapping(document, what)


def mapping(value: Any, place: str) -> dict[str, Any]:
    return _typed(value, dict, "an object", place)


def fields(value: Any, place: str, *names: str) -> list[Any]:
    """The values of an object that has exactly these keys, in this order."""
    document = mapping(value, place)
    missing = [name for name in names if name not in document]
    unknown = sorted(set(document) - set(names))
    if missing:
        raise DocumentError(f"{place}: missing {', '.join(missing)}")
    if unknown:
        raise DocumentError(f"{place}: unknown {', '.join(unknown)}")
    return [document[name] for name in names]


def text(value: Any, place: str) -> str:
    if _typed(value, str, "a text", place) == "":
        raise DocumentError(f"{place}: must not be empty")
    return value


def whole(value: Any, place: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise DocumentError(f"{place}: must be a whole number from 0 up")
    return value


def number(value: Any, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise DocumentError(f"{place}: must be a number from 0 up")
    return value


def flag(value: Any, place: str) -> bool:
    return _typed(value, bool, "true or false", place)


def one_of(value: Any, place: str, allowed: tuple[Any, ...]) -> Any:
    # The type is compared as well: in Python True == 1, but a format of `true` is not format 1.
    if not any(type(value) is type(choice) and value == choice for choice in allowed):
        choices = ", ".join(json.dumps(choice) for choice in allowed)
        raise DocumentError(f"{place}: must be one of {choices}, not {json.dumps(value)}")
    return value


def items(value: Any, place: str) -> list[tuple[Any, str]]:
    return [(item, f"{place}[{index}]") for index, item in enumerate(_typed(value, list, "a list", place))]


def _typed(value: Any, kind: type, name: str, place: str) -> Any:
    if not isinstance(value, kind):
        raise DocumentError(f"{place}: must be {name}, not {json.dumps(value)[:80]}")
    return value
