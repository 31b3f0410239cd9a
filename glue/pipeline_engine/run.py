"""One run, from the manifest to the report."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

from . import storage
from .contract import Contract, parse_contract
from .dataset_gate import DatasetGate
from .datasets import Datasets
from .errors import ChecksumMismatch, ContractInvalid, EngineError, Infrastructure
from .faults import executing, infrastructure
from .manifest import Artifact, Manifest, check_against
from .outputs import OutputWriter, file_count, write_parquet
from .report import Report
from .session import session_for


def run(spark: SparkSession, manifest: Manifest, job_run: str) -> Report:
    """Writes the outputs and the report, and returns the report.

    @raises EngineError after the report of the failure was written. Infrastructure without a report, so that the caller
    may start the run again. Both drop the original exception, because its message may quote a row.
    """
    report = Report(
        pipeline=manifest.pipeline,
        batch=manifest.batch,
        run=manifest.run,
        job_run=job_run,
        manifest={"uri": manifest.uri, "sha256": manifest.sha256},
        spark_version=spark.version,
    )
    started = time.monotonic()
    failure: EngineError | Infrastructure | None = None
    try:
        _execute(spark, manifest, report, f"batch={manifest.batch}/run={manifest.run}/{job_run}/")
    except EngineError as error:
        failure = error
    except Exception as error:
        failure = infrastructure(error)
    report.seconds["total"] = round(time.monotonic() - started, 3)
    if isinstance(failure, EngineError):
        report.failure = {"code": failure.code, "message": str(failure)}
    if not isinstance(failure, Infrastructure):
        storage.write_bytes(f"{manifest.destination.report}/{job_run}.json", report.encode(), "application/json")
    if failure is not None:
        failure.__cause__ = failure.__context__ = None
        raise failure
    return report


def _execute(spark: SparkSession, manifest: Manifest, report: Report, folder: str) -> None:
    # The checksums of all pinned files are compared before any of them is used.
    pinned = _pinned(manifest.contract)
    statements = {name: _pinned(artifact).decode() for name, artifact in manifest.sql.items()}
    contract = parse_contract(pinned)
    check_against(manifest, contract)
    session = session_for(spark, sum(source.bytes for source in manifest.inputs.values() if source))
    datasets = Datasets(session, contract, statements)
    try:
        with _timed(report, "datasets"):
            _clean(datasets, contract, manifest, report, folder)
        with _timed(report, "outputs"):
            writer = OutputWriter(session, report)
            for name, output in contract.outputs.items():
                writer.write(output, statements[name], f"{manifest.destination.gold}/{name}/{folder}")
    finally:
        datasets.release()


def _pinned(artifact: Artifact) -> bytes:
    """The artifact's content. It must be the content that the run was claimed with."""
    content = storage.read_bytes(artifact.uri)
    actual = hashlib.sha256(content).hexdigest()
    if actual != artifact.sha256:
        raise ChecksumMismatch(f"{artifact.uri} has sha256 {actual}, but the run was claimed with {artifact.sha256}")
    return content


def _clean(datasets: Datasets, contract: Contract, manifest: Manifest, report: Report, folder: str) -> None:
    """Cleans every dataset before it raises an error, so that one report has all failures."""
    datasets.check_values()
    gate = DatasetGate(contract, report)
    for dataset in contract.in_order():
        source = manifest.inputs[dataset.name]
        uri = f"{manifest.destination.rejected}/rows/{dataset.name}/{folder}"
        with executing(f'dataset "{dataset.name}"', ContractInvalid):
            counts = report.datasets[dataset.name] = datasets.clean(dataset, source)
            if source is not None and counts.rejected_rows > 0:
                write_parquet(datasets.rejected(dataset, source), uri, file_count(counts.rejected_bytes))
        gate.check(dataset, counts, "" if source is None else source.key, uri)
    with executing("the datasets' orphans", ContractInvalid):
        orphans = datasets.orphans()
    gate.check_orphans(orphans, {name: source.key for name, source in manifest.inputs.items() if source})
    gate.close()


@contextmanager
def _timed(report: Report, name: str) -> Iterator[None]:
    started = time.monotonic()
    try:
        yield
    finally:
        report.seconds[name] = round(time.monotonic() - started, 3)
