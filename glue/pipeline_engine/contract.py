"""The contract: what the datasets and outputs look like. Written by the deployment, read here once and strictly."""

import re
from dataclasses import dataclass
from typing import Any

from . import documents
from .documents import DocumentError, fields, items, mapping, one_of, text
from .errors import ContractInvalid

# Names go into SQL between backticks and into object keys, so they are held to what both can carry.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_DEFAULT_KINDS = (str, bool, int, float)


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    """As Hive spells it, which is what `DataType.simpleString` prints: `bigint`, `decimal(12,2)`."""
    rejects_null: bool = False
    default: str | int | float | bool | None = None
    """Takes the place of null; None keeps the null."""


@dataclass(frozen=True)
class Reference:
    column: str
    dataset: str


@dataclass(frozen=True)
class Dataset:
    name: str
    required: bool
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    latest_by: str
    references: tuple[Reference, ...]


@dataclass(frozen=True)
class Output:
    name: str
    grain: tuple[str, ...]
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Contract:
    pipeline: str
    datasets: dict[str, Dataset]
    outputs: dict[str, Output]


def parse_contract(content: bytes) -> Contract:
    try:
        document = documents.load(content, "contract")
        version, pipeline, datasets, outputs = fields(document, "contract", "format", "pipeline", "datasets", "outputs")
        one_of(version, "contract.format", (1,))
        contract = Contract(
            pipeline=text(pipeline, "contract.pipeline"),
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
        return contract
    except DocumentError as error:
        raise ContractInvalid(str(error)) from error


def _dataset(name: str, value: Any, place: str) -> Dataset:
    # The file name and the formats concern the functions that promote files; here they only have to be there.
    required, file, formats, columns, primary_key, latest_by, references = fields(
        value, place, "required", "file", "formats", "columns", "primaryKey", "latestBy", "references"
    )
    text(file, f"{place}.file")
    items(formats, f"{place}.formats")
    parsed = _columns(columns, f"{place}.columns", with_null_rule=True)
    known = {column.name for column in parsed}
    return Dataset(
        name=_name(name, place),
        required=documents.flag(required, f"{place}.required"),
        columns=parsed,
        primary_key=_known_columns(primary_key, f"{place}.primaryKey", known),
        latest_by=_known(latest_by, f"{place}.latestBy", known),
        references=tuple(_reference(item, where, known) for item, where in items(references, f"{place}.references")),
    )


def _output(name: str, value: Any, place: str) -> Output:
    grain, columns = fields(value, place, "grain", "columns")
    parsed = _columns(columns, f"{place}.columns", with_null_rule=False)
    known = {column.name for column in parsed}
    return Output(name=_name(name, place), grain=_known_columns(grain, f"{place}.grain", known), columns=parsed)


def _columns(value: Any, place: str, with_null_rule: bool) -> tuple[Column, ...]:
    columns = tuple(_column(item, where, with_null_rule) for item, where in items(value, place))
    if not columns:
        raise DocumentError(f"{place}: must not be empty")
    lowered = [column.name.lower() for column in columns]
    twice = sorted({name for name in lowered if lowered.count(name) > 1})
    if twice:
        raise DocumentError(f"{place}: {', '.join(twice)} is declared twice (case does not count)")
    return columns


def _column(value: Any, place: str, with_null_rule: bool) -> Column:
    if not with_null_rule:
        name, kind = fields(value, place, "name", "type")
        return Column(_name(name, f"{place}.name"), text(kind, f"{place}.type"))
    name, kind, on_null = fields(value, place, "name", "type", "onNull")
    default = None
    if isinstance(on_null, dict):
        (default,) = fields(on_null, f"{place}.onNull", "default")
        if not isinstance(default, _DEFAULT_KINDS):
            raise DocumentError(f"{place}.onNull.default: must be a text, a number or a boolean")
    else:
        one_of(on_null, f"{place}.onNull", ("reject", "keep"))
    return Column(
        name=_name(name, f"{place}.name"),
        type=text(kind, f"{place}.type"),
        rejects_null=on_null == "reject",
        default=default,
    )


def _reference(value: Any, place: str, known: set[str]) -> Reference:
    column, dataset = fields(value, place, "column", "dataset")
    return Reference(_known(column, f"{place}.column", known), text(dataset, f"{place}.dataset"))


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
