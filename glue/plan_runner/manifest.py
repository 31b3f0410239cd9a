"""The manifest: which parts of Silver a run reads, which release it runs, and where its results go."""

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from . import documents
from .documents import DocumentError, fields, items, mapping, one_of, text, whole
from .errors import EngineError


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
    lines: int
    rows: int
    malformed: int
    bytes: int
    parts: tuple[Part, ...]
    """In the order of the file. A row's `_part` is its part's place here, from 0."""


@dataclass(frozen=True)
class Artifact:
    uri: str
    sha256: str
    """The hash of its content."""

    def verified(self, content: bytes) -> bytes:
        """The content, which must be the one that the run was claimed with."""
        check_digest(self.uri, content, self.sha256, "the run was claimed with")
        return content


@dataclass(frozen=True)
class Destination:
    gold: str
    rejected: str
    report: str


@dataclass(frozen=True)
class Manifest:
    uri: str
    sha256: str
    pipeline: str
    environment: str
    batch: str
    run: int
    inputs: dict[str, Input | None]
    """None: the dataset is optional and absent."""
    plan: Artifact
    destination: Destination


def parse_manifest(content: bytes, uri: str, sha256: str) -> Manifest:
    """Parses the manifest. The bytes must be the ones that the run was started for."""
    check_digest(uri, content, sha256.lower(), "the run was started for")
    try:
        return _manifest(documents.load(content, "manifest"), uri, sha256.lower())
    except DocumentError as error:
        raise EngineError("manifest_invalid", str(error)) from error


def check_digest(uri: str, content: bytes, expected: str, why: str) -> None:
    actual = hashlib.sha256(content).hexdigest()
    if actual != expected:
        raise EngineError("checksum_mismatch", f"{uri} has sha256 {actual}, but {why} {expected}")


def _manifest(document: dict[str, Any], uri: str, sha256: str) -> Manifest:
    keys = ("format", "pipeline", "environment", "batch", "run", "inputs", "release", "destination")
    version, pipeline, environment, batch, run, inputs, release, destination = fields(document, "manifest", *keys)
    one_of(version, "manifest.format", (1,))
    engine, contract, plan = fields(release, "manifest.release", "engine", "contract", "plan")
    _artifact(engine, "manifest.release.engine")
    _artifact(contract, "manifest.release.contract")
    places = fields(destination, "manifest.destination", "gold", "rejected", "report")
    return Manifest(
        uri=uri,
        sha256=sha256,
        pipeline=text(pipeline, "manifest.pipeline"),
        environment=text(environment, "manifest.environment"),
        batch=text(batch, "manifest.batch"),
        run=whole(run, "manifest.run"),
        inputs={
            name: None if value is None else _input(value, f"manifest.inputs.{name}")
            for name, value in mapping(inputs, "manifest.inputs").items()
        },
        plan=_artifact(plan, "manifest.release.plan"),
        destination=Destination(*(text(place, "manifest.destination").rstrip("/") for place in places)),
    )


def _artifact(value: Any, place: str) -> Artifact:
    uri, sha256 = fields(value, place, "uri", "sha256")
    if not re.fullmatch("[0-9a-f]{64}", text(sha256, f"{place}.sha256")):
        raise DocumentError(f"{place}.sha256: must be 64 hexadecimal digits")
    return Artifact(uri=text(uri, f"{place}.uri"), sha256=sha256)


def _input(value: Any, place: str) -> Input:
    source, lines, rows, malformed, size, parts = fields(
        value, place, "source", "lines", "rows", "malformed", "bytes", "parts"
    )
    key, _ = fields(source, f"{place}.source", "key", "version")
    parsed = Input(
        key=text(key, f"{place}.source.key"),
        lines=whole(lines, f"{place}.lines"),
        rows=whole(rows, f"{place}.rows"),
        malformed=whole(malformed, f"{place}.malformed"),
        bytes=whole(size, f"{place}.bytes"),
        parts=tuple(_part(item, where) for item, where in items(parts, f"{place}.parts")),
    )
    for what in ("lines", "rows", "bytes"):
        total = sum(getattr(part, what) for part in parsed.parts)
        if total != getattr(parsed, what):
            raise DocumentError(f"{place}.{what}: is {getattr(parsed, what)}, but the parts have {total}")
    if parsed.rows + parsed.malformed > parsed.lines:
        raise DocumentError(f"{place}: has more rows and malformed lines than lines")
    return parsed


def _part(value: Any, place: str) -> Part:
    uri, rows, lines, size = fields(value, place, "uri", "rows", "lines", "bytes")
    return Part(
        uri=text(uri, f"{place}.uri"),
        rows=whole(rows, f"{place}.rows"),
        lines=whole(lines, f"{place}.lines"),
        bytes=whole(size, f"{place}.bytes"),
    )
