"""The manifest: which promoted files a run reads, which release it runs, and where its results go."""

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from . import documents
from .documents import DocumentError, fields, mapping, one_of, text, whole
from .errors import EngineError


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
class Upload:
    """A version of an upload, and the report on the file that promotion made of it."""

    key: str
    """In the Bronze bucket."""
    version: str
    report: Artifact


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
    inputs: dict[str, Upload | None]
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
    names = ("engine", "contract", "plan", "reader", "embedded")
    engine, contract, plan, *_ = fields(release, "manifest.release", *names)
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
            name: None if value is None else _upload(value, f"manifest.inputs.{name}")
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


def _upload(value: Any, place: str) -> Upload:
    source, report = fields(value, place, "source", "report")
    key, version = fields(source, f"{place}.source", "key", "version")
    return Upload(
        key=text(key, f"{place}.source.key"),
        version=text(version, f"{place}.source.version"),
        report=_artifact(report, f"{place}.report"),
    )
