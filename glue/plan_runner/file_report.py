"""The report on a promoted file: where its rows lie in Silver, and how many lines they come from."""

from dataclasses import dataclass
from typing import Any

from . import documents
from .documents import DocumentError, fields, items, mapping, one_of, text, whole
from .errors import EngineError
from .manifest import Upload

NO_DRIFT: dict[str, Any] = {"undeclared": [], "absent": [], "changed": []}


@dataclass(frozen=True)
class Part:
    uri: str
    rows: int
    lines: int
    bytes: int


@dataclass(frozen=True)
class Input:
    key: str
    """The upload's key in the Bronze bucket."""
    malformed: int
    drift: dict[str, Any]
    """For the run report, as the file report has it."""
    parts: tuple[Part, ...]
    """In the order of the file. A row's `_part` is its part's place here, from 0."""

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts)

    @property
    def lines(self) -> int:
        return sum(part.lines for part in self.parts)

    @property
    def bytes(self) -> int:
        return sum(part.bytes for part in self.parts)


def parse_file_report(content: bytes, dataset: str, upload: Upload) -> Input:
    place = upload.report.uri
    try:
        return _input(documents.load(upload.report.verified(content), place), place, dataset, upload)
    except DocumentError as error:
        raise EngineError("file_report_invalid", str(error)) from error


def _input(document: dict[str, Any], place: str, dataset: str, upload: Upload) -> Input:
    keys = "format dataset batch source shape silver fault rows malformed faults drift parts"
    version, of, _, source, _, silver, fault, rows, malformed, _, drift, parts = fields(document, place, *keys.split())
    one_of(version, f"{place}.format", (1,))
    mapping(source, f"{place}.source")
    told = (of, source.get("key"), source.get("version"))
    if told != (dataset, upload.key, upload.version):
        raise DocumentError(f"{place}: is about {told}, not about {(dataset, upload.key, upload.version)}")
    if fault is not None:
        raise DocumentError(f"{place}: the file was not promoted")
    text(silver, f"{place}.silver")
    parsed = Input(
        key=upload.key,
        malformed=whole(malformed, f"{place}.malformed"),
        drift=mapping(drift, f"{place}.drift"),
        parts=tuple(
            _part(item, where, f"{silver}part-{number}.parquet")
            for number, (item, where) in enumerate(items(parts, f"{place}.parts"))
        ),
    )
    if parsed.rows != rows:
        raise DocumentError(f"{place}.rows: is {rows}, but the parts have {parsed.rows}")
    if parsed.rows + parsed.malformed > parsed.lines:
        raise DocumentError(f"{place}: has more rows and malformed lines than lines")
    return parsed


def _part(value: Any, place: str, uri: str) -> Part:
    lines, rows, size = fields(value, place, "lines", "rows", "bytes")
    return Part(
        uri=uri,
        rows=whole(rows, f"{place}.rows"),
        lines=whole(lines, f"{place}.lines"),
        bytes=whole(size, f"{place}.bytes"),
    )
