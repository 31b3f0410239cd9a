"""The rules of a dataset as conditions in Spark SQL over its typed columns. Pure: contract in, text out."""

from collections.abc import Iterator
from dataclasses import dataclass

from .contract import Column, Dataset, Reference, Scalar, ValueRule
from .sql_text import identifier, literal

MALFORMED = "malformed"


@dataclass(frozen=True)
class Rule:
    name: str
    action: str
    """What happens to a row that breaks it: `warn`, or what refuses the row, such as `reject` or `fail`."""
    condition: str
    """True for a row that breaks the rule; null or false for a row that keeps it."""
    column: str | None = None
    """None when the rule concerns the whole row."""


def excluding(dataset: Dataset) -> list[Rule]:
    """The rules that exclude a row because of its own values, in the order of the checks.

    Rules that fail the run come first, so that a rule that only excludes the row cannot hide one.
    """
    declared = [*_null_rules(dataset), *(rule for rule in _value_rules(dataset) if rule.action != "warn")]
    return [
        Rule(MALFORMED, "reject", "`#malformed`"),
        *sorted(declared, key=lambda rule: rule.action != "fail"),
    ]


def warning(dataset: Dataset) -> list[Rule]:
    """The rules that are counted and change nothing."""
    return [rule for rule in _value_rules(dataset) if rule.action == "warn"]


def rejecting_references(dataset: Dataset) -> list[Reference]:
    return [reference for reference in dataset.references if reference.orphans == "reject"]


def orphan_rule(reference: Reference) -> str:
    return f"{reference.column}_is_orphan"


def rejection_names(dataset: Dataset) -> list[str]:
    """Every rule that may reject a row, in the order of the checks."""
    return [rule.name for rule in excluding(dataset)] + list(map(orphan_rule, rejecting_references(dataset)))


def failing(dataset: Dataset) -> list[Rule]:
    return [rule for rule in excluding(dataset) if rule.action == "fail"]


def _null_rules(dataset: Dataset) -> Iterator[Rule]:
    for column in dataset.columns:
        if column.refuses_null:
            yield Rule(f"{column.name}_is_null", column.on_null, f"{identifier(column.name)} is null", column.name)


def _value_rules(dataset: Dataset) -> Iterator[Rule]:
    for column in dataset.columns:
        for rule in column.rules:
            yield Rule(f"{column.name}_{rule.kind}", rule.on_violation, _violation(column, rule), column.name)


def _violation(column: Column, rule: ValueRule) -> str:
    name = identifier(column.name)
    if rule.allowed:
        return f"{name} not in ({', '.join(value(item, column.type) for item in rule.allowed)})"
    if rule.pattern is not None:
        # With `^` and `$`, a line break at the end would pass.
        whole = rf"\A(?:{rule.pattern})\z"
        return f"not {name} rlike {literal(whole)}"
    below = [] if rule.minimum is None else [f"{name} < {value(rule.minimum, column.type)}"]
    above = [] if rule.maximum is None else [f"{name} > {value(rule.maximum, column.type)}"]
    return f"({' or '.join([*below, *above])})"


def value(given: Scalar, kind: str) -> str:
    """A value of the contract as a value of the column's type."""
    text = literal(value_text(given))
    return text if kind == "string" else f"cast({text} as {kind})"


def value_text(given: Scalar) -> str:
    return str(given).lower() if isinstance(given, bool) else str(given)
