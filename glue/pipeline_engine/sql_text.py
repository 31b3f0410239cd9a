"""How names and values are written into generated SQL."""


def identifier(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def literal(value: str) -> str:
    """A string literal as Spark reads it: the backslash escapes, also inside patterns."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def identifiers(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(identifier(name) for name in names)
