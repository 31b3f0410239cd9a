"""The manifest: which pinned objects a run reads, which code it runs, and where its results go."""

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from . import documents
from .contract import Contract
from .documents import DocumentError, fields, mapping, one_of, text, whole
from .errors import ChecksumMismatch, ManifestInvalid


@dataclass(frozen=True)
class Input:
    uri: str
    format: str
    """`jsonl`: one object per line. `array`: the file is one JSON array."""
    bytes: int
    key: str
    """The upload's key in the Bronze bucket."""


@dataclass(frozen=True)
class Artifact:
    uri: str
    sha256: str
    """The hash of its content."""


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
    contract: Artifact
    sql: dict[str, Artifact]
    destination: Destination


def parse_manifest(content: bytes, uri: str, sha256: str) -> Manifest:
    """Parses the manifest. The bytes must be the ones that the run was claimed with."""
    actual = hashlib.sha256(content).hexdigest()
    if actual != sha256.lower():
        raise ChecksumMismatch(f"{uri} has sha256 {actual}, but the run was started for {sha256}")
    try:
        return _manifest(documents.load(content, "manifest"), uri, actual)
    except DocumentError as error:
        raise ManifestInvalid(str(error)) from error


def check_against(manifest: Manifest, contract: Contract) -> None:
    """Checks that the manifest and its contract have the same pipeline, datasets and outputs."""
    if manifest.pipeline != contract.pipeline:
        raise ManifestInvalid(f"manifest.pipeline: is {manifest.pipeline!r}, the contract is for {contract.pipeline!r}")
    _same_names("manifest.inputs", set(manifest.inputs), "datasets", set(contract.datasets))
    _same_names("manifest.release.sql", set(manifest.sql), "outputs", set(contract.outputs))
    for name, dataset in contract.datasets.items():
        if dataset.required and manifest.inputs[name] is None:
            raise ManifestInvalid(f"manifest.inputs.{name}: is null, but {name} is required")


def _same_names(place: str, given: set[str], what: str, declared: set[str]) -> None:
    if declared - given:
        raise ManifestInvalid(f"{place}: missing {', '.join(sorted(declared - given))}")
    if given - declared:
        raise ManifestInvalid(f"{place}: {', '.join(sorted(given - declared))} not among the contract's {what}")


def _manifest(document: dict[str, Any], uri: str, sha256: str) -> Manifest:
    version, pipeline, environment, batch, run, inputs, release, destination = fields(
        document,
        "manifest",
        "format",
        "pipeline",
        "environment",
        "batch",
        "run",
        "inputs",
        "release",
        "destination",
    )
    one_of(version, "manifest.format", (1,))
    engine, contract, sql = fields(release, "manifest.release", "engine", "contract", "sql")
    _artifact(engine, "manifest.release.engine")
    gold, rejected, report = fields(destination, "manifest.destination", "gold", "rejected", "report")
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
        contract=_artifact(contract, "manifest.release.contract"),
        sql={
            name: _artifact(value, f"manifest.release.sql.{name}")
            for name, value in mapping(sql, "manifest.release.sql").items()
        },
        destination=Destination(
            gold=text(gold, "manifest.destination.gold").rstrip("/"),
            rejected=text(rejected, "manifest.destination.rejected").rstrip("/"),
            report=text(report, "manifest.destination.report").rstrip("/"),
        ),
    )


def _artifact(value: Any, place: str) -> Artifact:
    uri, sha256 = fields(value, place, "uri", "sha256")
    if not re.fullmatch("[0-9a-f]{64}", text(sha256, f"{place}.sha256")):
        raise DocumentError(f"{place}.sha256: must be 64 hexadecimal digits")
    return Artifact(uri=text(uri, f"{place}.uri"), sha256=sha256)


def _input(value: Any, place: str) -> Input:
    uri, layout, compression, size, source = fields(value, place, "uri", "format", "compression", "bytes", "source")
    uri = text(uri, f"{place}.uri")
    compressed = one_of(compression, f"{place}.compression", ("none", "gzip")) == "gzip"
    # Spark decides by the extension alone: it would read a gzip named .json as garbage.
    if compressed != uri.endswith(".gz"):
        raise DocumentError(f"{place}: compression is {compression}, which does not fit the ending of {uri}")
    return Input(
        uri=uri,
        format=one_of(layout, f"{place}.format", ("jsonl", "array")),
        bytes=whole(size, f"{place}.bytes"),
        key=text(fields(source, f"{place}.source", "key", "version")[0], f"{place}.source.key"),
    )
