"""The plan, as plan/plan.ts describes it: what a run executes, and what its numbers must fulfil."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import documents
from .documents import DocumentError, fields, items, mapping, one_of, text
from .errors import EngineError

DIALECT = "spark"
Expression = Any
"""A number, the name of one, or a list of an operator and expressions."""
Numbers = Mapping[str, Any]
"""Numbers, texts and truths by name."""


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    """As Hive spells it, which is what `DataType.simpleString` prints: `bigint`, `decimal(12,2)`."""


@dataclass(frozen=True)
class Table:
    name: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class PlanInput:
    dataset: str
    required: bool
    table: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Check:
    name: str
    code: str
    passes: Expression = True
    detail: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Statement:
    kind: str
    """`view`, `table`, `count`, `rejected`, `output` or `check`."""
    name: str
    purpose: str
    sql: str = ""
    subject: str = ""
    code: str = ""
    dataset: str = ""
    when: Expression = True
    columns: tuple[Column, ...] = ()
    cluster_by: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True)
class Plan:
    pipeline: str
    inputs: tuple[PlanInput, ...]
    tables: tuple[Table, ...]
    """What the SQL of outputs and balances may read besides the outputs."""
    statements: tuple[Statement, ...]
    datasets: dict[str, dict[str, Any]]
    """The counts of each dataset in the report, as expressions."""
    rows: dict[str, Expression] = field(default_factory=dict)
    """The rows of each output."""


def parse_plan(content: bytes) -> Plan:
    try:
        document = documents.load(content, "plan")
        version, pipeline, inputs, readable, statements, report = fields(
            document, "plan", "format", "pipeline", "inputs", "tables", "statements", "report"
        )
        one_of(version, "plan.format", (1,))
        datasets, outputs = fields(report, "plan.report", "datasets", "outputs")
        return Plan(
            pipeline=text(pipeline, "plan.pipeline"),
            inputs=tuple(_input(*item) for item in items(inputs, "plan.inputs")),
            tables=tuple(_table(*item) for item in items(readable, "plan.tables")),
            statements=tuple(_statement(*item) for item in items(statements, "plan.statements")),
            datasets=mapping(datasets, "plan.report.datasets"),
            rows={
                name: fields(each, f"plan.report.outputs.{name}", "rows")[0]
                for name, each in mapping(outputs, "plan.report.outputs").items()
            },
        )
    except DocumentError as error:
        raise EngineError("plan_invalid", str(error)) from error


def _input(value: Any, place: str) -> PlanInput:
    dataset, required, table, columns = fields(value, place, "dataset", "required", "table", "columns")
    return PlanInput(dataset, documents.flag(required, f"{place}.required"), table, _columns(columns, place))


def _table(value: Any, place: str) -> Table:
    name, columns = fields(value, place, "name", "columns")
    return Table(name, _columns(columns, place))


def _columns(value: Any, place: str) -> tuple[Column, ...]:
    return tuple(Column(*fields(item, where, "name", "type")) for item, where in items(value, f"{place}.columns"))


def _statement(value: Any, place: str) -> Statement:
    kind = one_of(
        mapping(value, place).get("kind"), f"{place}.kind", ("view", "table", "count", "rejected", "output", "check")
    )
    if kind == "check":
        _, name, purpose, checks = fields(value, place, "kind", "name", "purpose", "checks")
        return Statement(kind, name, purpose, checks=tuple(_check(*item) for item in items(checks, f"{place}.checks")))
    own = {"rejected": ("dataset", "when"), "output": ("columns", "clusterBy", "check")}.get(kind, ())
    _, name, purpose, sql, subject, code, *rest = fields(
        value, place, "kind", "name", "purpose", "sql", "subject", "code", *own
    )
    if DIALECT not in mapping(sql, f"{place}.sql"):
        raise DocumentError(f"{place}.sql: has nothing for {DIALECT}")
    common = (kind, name, purpose, sql[DIALECT], subject, code)
    if kind == "rejected":
        return Statement(*common, dataset=rest[0], when=rest[1])
    if kind == "output":
        columns, cluster_by, check = rest
        return Statement(
            *common,
            columns=_columns(columns, place),
            cluster_by=tuple(cluster_by),
            checks=(Check(*fields(check, f"{place}.check", "name", "code")),),
        )
    return Statement(*common)


def _check(value: Any, place: str) -> Check:
    name, code, passes, detail = fields(value, place, "name", "code", "passes", "detail")
    return Check(name, code, passes, tuple(piece for piece, _ in items(detail, f"{place}.detail")))


def value_of(expression: Expression, numbers: Numbers) -> Any:
    """@raises KeyError with the name of a number that is not known."""
    if isinstance(expression, str):
        return numbers[expression]
    if not isinstance(expression, list):
        return expression
    operator, *arguments = expression
    values = [value_of(argument, numbers) for argument in arguments]
    if operator == "+":
        return sum(values)
    if operator == "*":
        return math.prod(values)
    left, right = values
    return {"=": left == right, "<=": left <= right, ">": left > right}[operator]


def told(pieces: tuple[Any, ...] | list[Any], numbers: Numbers) -> str:
    """The pieces of a detail as one text."""
    return "".join(text for piece in pieces for text in _told(piece, numbers))


def _told(piece: Any, numbers: Numbers) -> Iterator[str]:
    if isinstance(piece, str):
        yield piece
    elif "value" in piece:
        value = value_of(piece["value"], numbers)
        yield "null" if value is None else str(value)
    elif "percent" in piece:
        part, whole = (value_of(piece["percent"][side], numbers) for side in ("part", "whole"))
        yield f"{100 * part / whole if whole > 0 else 0:.3g}"
    elif "nonzero" in piece:
        counted = [(label, value_of(number, numbers)) for label, number in piece["nonzero"]]
        yield ", ".join(f"{label} {number}" for label, number in counted if number != 0)
    elif value_of(piece["when"], numbers):
        yield told(piece["show"], numbers)


def resolved(counts: Any, numbers: Numbers) -> Any:
    """The expressions in (objects of) counts as numbers. @raises KeyError as `value_of`."""
    if isinstance(counts, dict):
        return {name: resolved(each, numbers) for name, each in counts.items()}
    return value_of(counts, numbers)
