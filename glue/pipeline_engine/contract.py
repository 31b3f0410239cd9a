"""The contract: what the datasets and outputs look like. Written by the deployment, read here once and strictly."""

import re
from dataclasses import dataclass
from typing import Any

from . import documents
from .documents import DocumentError, fields, items, mapping, one_of, text
from .errors import ContractInvalid

# Names go into SQL between backticks and into object keys, so only characters that are valid in both are allowed.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_SCALARS = (str, bool, int, float)
_MODES = ("strict", "additive", "ignore-unknown")


Scalar = str | int | float | bool


@dataclass(frozen=True)
class ValueRule:
    """A condition on a value that is not null: `allowed`, a range or `pattern`, exactly one of them."""

    on_violation: str
    """`reject`, `warn` or `fail`."""
    allowed: tuple[Scalar, ...] = ()
    minimum: Scalar | None = None
    maximum: Scalar | None = None
    pattern: str | None = None

    @property
    def kind(self) -> str:
        """What the rule's name ends with: `<column>_<kind>`."""
        if self.allowed:
            return "not_allowed"
        return "out_of_range" if self.pattern is None else "pattern"


NULL_ACTIONS = {"keep": False, "reject": True, "fail": True}
"""What a null may do, apart from becoming the default, and whether its row is then refused."""


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    """As Hive spells it, which is what `DataType.simpleString` prints: `bigint`, `decimal(12,2)`."""
    on_null: str = "keep"
    """One of NULL_ACTIONS, or `default`."""
    default: Scalar | None = None
    rules: tuple[ValueRule, ...] = ()
    """At most one of a kind."""

    @property
    def refuses_null(self) -> bool:
        return NULL_ACTIONS.get(self.on_null, False)


@dataclass(frozen=True)
class Reference:
    column: str
    dataset: str
    orphans: str
    """The effect of a value that names no kept row: `keep`, `reject` or `fail`."""


@dataclass(frozen=True)
class Dataset:
    name: str
    required: bool
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    latest_by: str
    references: tuple[Reference, ...]
    max_rejected: float
    """Per cent of the rows read."""


@dataclass(frozen=True)
class Balance:
    """Two queries, each of one row and one column, which must return the same value."""

    name: str
    input: str
    output: str


@dataclass(frozen=True)
class Output:
    name: str
    grain: tuple[str, ...]
    columns: tuple[Column, ...]
    cluster_by: tuple[str, ...] = ()
    balances: tuple[Balance, ...] = ()


@dataclass(frozen=True)
class Contract:
    pipeline: str
    schema_evolution: str
    """`strict`, `additive` or `ignore-unknown`."""
    datasets: dict[str, Dataset]
    outputs: dict[str, Output]

    def in_order(self) -> list[Dataset]:
        """The datasets in the order of cleaning: rejecting a dataset's orphans needs the kept rows of others first."""
        ordered: dict[str, Dataset] = {}

        def add(dataset: Dataset, waiting: tuple[str, ...]) -> None:
            if dataset.name in waiting:
                raise DocumentError(f"contract.datasets: rejecting orphans leads from {dataset.name} back to itself")
            for reference in dataset.references:
                if reference.orphans == "reject":
                    add(self.datasets[reference.dataset], (*waiting, dataset.name))
            ordered[dataset.name] = dataset

        for dataset in self.datasets.values():
            add(dataset, ())
        return list(ordered.values())


def parse_contract(content: bytes) -> Contract:
    try:
        document = documents.load(content, "contract")
        # The functions use `batching` to tell which files belong together. The engine only checks that it is present.
        version, pipeline, batching, evolution, datasets, outputs = fields(
            document, "contract", "format", "pipeline", "batching", "schemaEvolution", "datasets", "outputs"
        )
        mapping(batching, "contract.batching")
        one_of(version, "contract.format", (1,))
        contract = Contract(
            pipeline=text(pipeline, "contract.pipeline"),
            schema_evolution=one_of(evolution, "contract.schemaEvolution", _MODES),
            datasets={
                name: _dataset(name, value, f"contract.datasets.{name}")
                for name, value in mapping(datasets, "contract.datasets").items()
            },
            outputs={
                name: _output(name, value, f"contract.outputs.{name}")
                for name, value in mapping(outputs, "contract.outputs").items()
            },
        )
        _check_references(contract)
        contract.in_order()
        return contract
    except DocumentError as error:
        raise ContractInvalid(str(error)) from error


def _dataset(name: str, value: Any, place: str) -> Dataset:
    # The functions use `file` and `formats` to promote files. The engine only checks that they are present.
    required, file, formats, columns, primary_key, latest_by, references, max_rejected = fields(
        value, place, "required", "file", "formats", "columns", "primaryKey", "latestBy", "references", "maxRejected"
    )
    text(file, f"{place}.file")
    items(formats, f"{place}.formats")
    parsed = tuple(_column(item, where) for item, where in _columns(columns, f"{place}.columns"))
    known = _distinct(parsed, f"{place}.columns")
    return Dataset(
        name=_name(name, place),
        required=documents.flag(required, f"{place}.required"),
        columns=parsed,
        primary_key=_known_columns(primary_key, f"{place}.primaryKey", known),
        latest_by=_known(latest_by, f"{place}.latestBy", known),
        references=tuple(_reference(item, where, known) for item, where in items(references, f"{place}.references")),
        max_rejected=documents.number(max_rejected, f"{place}.maxRejected"),
    )


def _output(name: str, value: Any, place: str) -> Output:
    grain, columns, cluster_by, balances = fields(value, place, "grain", "columns", "clusterBy", "balances")
    parsed = tuple(_output_column(item, where) for item, where in _columns(columns, f"{place}.columns"))
    known = _distinct(parsed, f"{place}.columns")
    return Output(
        name=_name(name, place),
        grain=_known_columns(grain, f"{place}.grain", known),
        columns=parsed,
        cluster_by=tuple(_known(item, where, known) for item, where in items(cluster_by, f"{place}.clusterBy")),
        balances=tuple(_balance(item, where) for item, where in items(balances, f"{place}.balances")),
    )


def _columns(value: Any, place: str) -> list[tuple[Any, str]]:
    columns = items(value, place)
    if not columns:
        raise DocumentError(f"{place}: must not be empty")
    return columns


def _distinct(columns: tuple[Column, ...], place: str) -> set[str]:
    """The names of the columns."""
    lowered = [column.name.lower() for column in columns]
    twice = sorted({name for name in lowered if lowered.count(name) > 1})
    if twice:
        raise DocumentError(f"{place}: {', '.join(twice)} is declared twice (case does not count)")
    return {column.name for column in columns}


def _output_column(value: Any, place: str) -> Column:
    name, kind = fields(value, place, "name", "type")
    return Column(_name(name, f"{place}.name"), text(kind, f"{place}.type"))


def _column(value: Any, place: str) -> Column:
    name, kind, on_null, rules = fields(value, place, "name", "type", "onNull", "rules")
    default = None
    if isinstance(on_null, dict):
        (default,) = fields(on_null, f"{place}.onNull", "default")
        default, on_null = _scalar(default, f"{place}.onNull.default"), "default"
    else:
        one_of(on_null, f"{place}.onNull", tuple(NULL_ACTIONS))
    parsed = tuple(_rule(item, where) for item, where in items(rules, f"{place}.rules"))
    if len({rule.kind for rule in parsed}) < len(parsed):
        raise DocumentError(f"{place}.rules: at most one of a kind")
    return Column(
        name=_name(name, f"{place}.name"),
        type=text(kind, f"{place}.type"),
        on_null=on_null,
        default=default,
        rules=parsed,
    )


def _rule(value: Any, place: str) -> ValueRule:
    kind = next((kind for kind in ("allowed", "range", "pattern") if kind in mapping(value, place)), "allowed")
    given, on_violation = fields(value, place, kind, "onViolation")
    one_of(on_violation, f"{place}.onViolation", ("reject", "warn", "fail"))
    if kind == "pattern":
        return ValueRule(on_violation, pattern=text(given, f"{place}.pattern"))
    if kind == "range":
        bounds = mapping(given, f"{place}.range")
        if not bounds or not set(bounds) <= {"min", "max"}:
            raise DocumentError(f"{place}.range: must have min, max or both, and nothing else")
        minimum, maximum = (
            _scalar(bounds[side], f"{place}.range.{side}") if side in bounds else None for side in ("min", "max")
        )
        return ValueRule(on_violation, minimum=minimum, maximum=maximum)
    allowed = tuple(_scalar(item, where) for item, where in items(given, f"{place}.allowed"))
    if not allowed:
        raise DocumentError(f"{place}.allowed: must not be empty")
    return ValueRule(on_violation, allowed=allowed)


def _scalar(value: Any, place: str) -> Scalar:
    if not isinstance(value, _SCALARS):
        raise DocumentError(f"{place}: must be a text, a number or a boolean")
    return value


def _reference(value: Any, place: str, known: set[str]) -> Reference:
    column, dataset, orphans = fields(value, place, "column", "dataset", "orphans")
    return Reference(
        _known(column, f"{place}.column", known),
        text(dataset, f"{place}.dataset"),
        one_of(orphans, f"{place}.orphans", ("keep", "reject", "fail")),
    )


def _balance(value: Any, place: str) -> Balance:
    name, left, right = fields(value, place, "name", "input", "output")
    return Balance(_name(name, f"{place}.name"), text(left, f"{place}.input"), text(right, f"{place}.output"))


def _check_references(contract: Contract) -> None:
    for dataset in contract.datasets.values():
        for reference in dataset.references:
            place = f"contract.datasets.{dataset.name}.references.{reference.column}"
            target = contract.datasets.get(reference.dataset)
            if target is None:
                raise DocumentError(f"{place}: {reference.dataset} is not a dataset")
            if len(target.primary_key) != 1:
                raise DocumentError(f"{place}: {reference.dataset} has a primary key of several columns")


def _name(value: Any, place: str) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise DocumentError(f"{place}: {value!r} is not a name of letters, digits and _")
    return value


def _known(value: Any, place: str, known: set[str]) -> str:
    if value not in known:
        raise DocumentError(f"{place}: {value!r} is not a column")
    return value


def _known_columns(value: Any, place: str, known: set[str]) -> tuple[str, ...]:
    names = tuple(_known(item, where, known) for item, where in items(value, place))
    if not names:
        raise DocumentError(f"{place}: must not be empty")
    return names
