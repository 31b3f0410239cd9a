"""One run, from the manifest to the report."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from . import storage, tables
from .errors import EngineError, Infrastructure
from .faults import executing, infrastructure
from .file_report import NO_DRIFT, Input, parse_file_report
from .manifest import Manifest
from .plan import Plan, Statement, parse_plan, resolved, value_of
from .report import Report
from .session import session_for

_FEW_ROWS = 200_000
"""With more rows read, even a small share of them would be much for a plan."""


def run(spark: SparkSession, manifest: Manifest, job_run: str) -> Report:
    """Writes the outputs and the report, and returns the report.

    A failed run leaves its rejected rows and its report, and no output. If the process ends before it could remove an
    output, the output's folder stays: nothing publishes it, and old runs' output is removed.

    @raises EngineError after the report of the failure was written. Infrastructure without a report, so that the caller
    may start the run again. Both drop the original exception, because its message may quote a row.
    """
    report = Report(
        pipeline=manifest.pipeline,
        batch=manifest.batch,
        run=manifest.run,
        job_run=job_run,
        manifest={"uri": manifest.uri, "sha256": manifest.sha256},
        plan_sha256=manifest.plan.sha256,
        spark_version=spark.version,
    )
    started = time.monotonic()
    failure: EngineError | Infrastructure | None = None
    try:
        plan = parse_plan(manifest.plan.verified(storage.read_bytes(manifest.plan.uri)))
        _check_against(manifest, plan)
        _Execution(spark, manifest, _read_inputs(manifest), plan, report).run()
    except (EngineError, Infrastructure) as error:
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


def _check_against(manifest: Manifest, plan: Plan) -> None:
    """Checks that the manifest and its plan have the same pipeline and datasets."""
    declared = {each.dataset: each for each in plan.inputs}
    problems = []
    if manifest.pipeline != plan.pipeline:
        problems.append(f"manifest.pipeline: is {manifest.pipeline!r}, the plan is for {plan.pipeline!r}")
    if missing := sorted(set(declared) - set(manifest.inputs)):
        problems.append(f"manifest.inputs: missing {', '.join(missing)}")
    if unknown := sorted(set(manifest.inputs) - set(declared)):
        problems.append(f"manifest.inputs: {', '.join(unknown)} not among the plan's datasets")
    problems += [
        f"manifest.inputs.{name}: is null, but {name} is required"
        for name, each in declared.items()
        if each.required and name in manifest.inputs and manifest.inputs[name] is None
    ]
    if problems:
        raise EngineError("manifest_invalid", "; ".join(problems))


def _read_inputs(manifest: Manifest) -> dict[str, Input | None]:
    return {
        dataset: upload and parse_file_report(storage.read_bytes(upload.report.uri), dataset, upload)
        for dataset, upload in manifest.inputs.items()
    }


class _Execution:
    def __init__(
        self, spark: SparkSession, manifest: Manifest, inputs: dict[str, Input | None], plan: Plan, report: Report
    ) -> None:
        present = [source for source in inputs.values() if source]
        self._rows, self._bytes = sum(source.rows for source in present), sum(source.bytes for source in present)
        self._session = session_for(spark, self._bytes)
        self._manifest = manifest
        self._inputs = inputs
        self._plan = plan
        self._report = report
        self._folder = f"batch={manifest.batch}/run={manifest.run}/{report.job_run}/"
        self._numbers: dict[str, Any] = {}
        self._kept: list[DataFrame] = []
        self._written: list[str] = []

    def run(self) -> None:
        succeeded = False
        try:
            with self._timed("analysis"):
                self._open()
                self._analyse()
            for statement in self._plan.statements:
                self._execute(statement)
                self._tell_counts()
            succeeded = True
        finally:
            while self._kept:
                self._kept.pop().unpersist()
            if not succeeded:
                for uri in self._written:
                    # What fails here must not hide why the run failed.
                    with suppress(Exception):
                        tables.remove(self._session, uri)
                self._report.outputs.clear()

    def _open(self) -> None:
        for declared in self._plan.inputs:
            name, source = declared.dataset, self._inputs[declared.dataset]
            tables.open_input(self._session, declared, source)
            for what in ("lines", "rows", "malformed"):
                self._numbers[f"{name}.{what}"] = 0 if source is None else getattr(source, what)
            self._numbers[f"{name}.file"] = f"{name}, which is absent" if source is None else source.key
            self._numbers[f"{name}.rejected_uri"] = self._rejected_uri(name)

    def _rejected_uri(self, dataset: str) -> str:
        return f"{self._manifest.destination.rejected}/rows/{dataset}/{self._folder}"

    def _analyse(self) -> None:
        """Resolves the SQL of outputs and balances on empty tables, so its faults are told before a row is read."""
        for table in self._plan.tables:
            self._name(tables.empty(self._session, table.columns), table.name)
        first = next((n for n, each in enumerate(self._plan.statements) if each.kind == "output"), None)
        results = []
        for statement in self._plan.statements[first:]:
            if statement.kind == "check":
                continue
            rows = self._sql(statement)
            if statement.kind == "output":
                differences = tables.schema_differences(rows, statement.columns)
                detail = "; ".join(differences) or f"{len(statement.columns)} columns as declared"
                results.append((statement.checks[0], not differences, detail))
                self._name(tables.empty(self._session, statement.columns), statement.name)
        self._report.enter(results)

    def _name(self, rows: DataFrame, name: str) -> None:
        rows.createOrReplaceTempView(tables.identifier(name))

    def _execute(self, statement: Statement) -> None:
        if statement.kind == "check":
            self._report.judge(statement.checks, self._numbers)
            return
        if not value_of(statement.when, self._numbers):
            return
        print(f"-- {statement.name}: {statement.purpose}\n{statement.sql}", end="\n\n", flush=True)
        if statement.kind == "view":
            self._name(self._sql(statement), statement.name)
            return
        how = {
            "table": self._keep,
            "count": self._count,
            "rejected": self._write_rejected,
            "output": self._write_output,
        }
        with self._timed(statement.name), executing(statement.subject, statement.code, statement.sql):
            how[statement.kind](statement, self._session.sql(statement.sql))

    def _keep(self, statement: Statement, rows: DataFrame) -> None:
        table, cached = tables.kept(rows, is_small=self._rows <= _FEW_ROWS)
        if cached is not None:
            self._kept.append(cached)
        self._name(table, statement.name)

    def _sql(self, statement: Statement) -> DataFrame:
        with executing(statement.subject, statement.code, statement.sql):
            return self._session.sql(statement.sql)

    def _count(self, _: Statement, rows: DataFrame) -> None:
        self._numbers.update(rows.first().asDict())

    def _write_rejected(self, statement: Statement, rows: DataFrame) -> None:
        source = self._inputs[statement.dataset]
        tables.write_rejected(rows, self._rejected_uri(statement.dataset), source)

    def _write_output(self, statement: Statement, rows: DataFrame) -> None:
        uri = f"{self._manifest.destination.gold}/{statement.name}/{self._folder}"
        if tables.exists(self._session, uri):
            raise Infrastructure(f"{uri} exists already")
        self._written.append(uri)
        files = tables.files_for(self._bytes)
        written, files = tables.write_output(rows, uri, statement.columns, statement.cluster_by, files)
        self._name(written, statement.name)
        columns = [{"name": column.name, "type": column.type} for column in statement.columns]
        self._report.outputs[statement.name] = {"rows": None, "files": files, "uri": uri, "columns": columns}

    def _tell_counts(self) -> None:
        """Puts the counts that are known by now into the report."""
        for name, counts in self._plan.datasets.items():
            if name not in self._report.datasets:
                try:
                    counted = resolved(counts, self._numbers)
                except KeyError:
                    continue
                source = self._inputs[name]
                self._report.datasets[name] = counted | {"drift": source.drift if source else NO_DRIFT}
        for name, output in self._report.outputs.items():
            rows = self._plan.rows[name]
            if output["rows"] is None and rows in self._numbers:
                output["rows"] = value_of(rows, self._numbers)

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            self._report.seconds[name] = round(time.monotonic() - started, 3)
