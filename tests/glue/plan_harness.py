"""A run of a plan in one folder: contract, SQL, Silver's Parquet and the manifest."""

import hashlib
import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from harness import REPOSITORY, artifact
from plan_runner.manifest import parse_manifest
from plan_runner.report import Report
from plan_runner.run import run


class TypeScript:
    """Functions of the pipeline's TypeScript, in one process for all tests."""

    def __init__(self) -> None:
        command = ["node", "--import", "tsx", "tests/glue/inTypeScript.ts"]
        self._process = subprocess.Popen(  # noqa: S603
            command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def plan(self, contract: dict[str, Any], sql: dict[str, str]) -> str:
        return self._call("plan", contract, sql)

    def everything(self) -> dict[str, Any]:
        return self._call("everything")

    def type(self, columns: list[dict[str, Any]], text: str, bytes_of_part: int, folder: Path) -> list[dict[str, int]]:
        return self._call("type", columns, text, bytes_of_part, str(folder))

    def embedded(self, manifest: Path, sha256: str, job_run: str) -> dict[str, Any] | None:
        return self._call("embedded", str(manifest), sha256, job_run, str(manifest.parent))

    def _call(self, *name_and_arguments: Any) -> Any:
        self._process.stdin.write(f"{json.dumps(name_and_arguments)}\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()


@dataclass
class PlanRun:
    spark: SparkSession
    typescript: TypeScript
    folder: Path
    contract: dict[str, Any]
    sql: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    file_reports: dict[str, Any] = field(default_factory=dict)
    edits: tuple[tuple[str, str], ...] = ()
    """Of the compiled plan's SQL: what is replaced by what."""
    job_runs: int = 0

    def __post_init__(self) -> None:
        self.inputs = dict.fromkeys(self.contract["datasets"])

    def put(self, name: str, *parts: list[dict[str, Any] | str]) -> None:
        """A promoted file, part by part: rows, or lines as they are. The reader types them into Silver."""
        lines = [[row if isinstance(row, str) else json.dumps(row) for row in rows] for rows in parts]
        texts = ["\n".join(part) for part in lines]
        # All parts have as many bytes; the spaces at the end of a line are no fault of it.
        size = max(len(text.encode()) for text in texts) + 1
        text = "\n".join(text + " " * (size - 1 - len(text.encode())) for text in texts)
        silver = self.folder / "silver" / name
        silver.mkdir(parents=True, exist_ok=True)
        typed = self.typescript.type(self.contract["datasets"][name]["columns"], text, size, silver)
        assert len(typed) == len(parts)
        malformed = sum(part.pop("malformed") for part in typed)
        self.pin(name, parts=typed, rows=sum(part["rows"] for part in typed), malformed=malformed)

    def pin(self, name: str, **changes: Any) -> None:
        """A file report with these changes to the one that is there."""
        source = {"key": f"{name}.json", "version": "1"}
        report = {
            "format": 1,
            "dataset": name,
            "batch": "current",
            "source": {**source, "bytes": 1},
            "shape": "0" * 32,
            "silver": f"{self.folder / 'silver' / name}/",
            "fault": None,
            "rows": 0,
            "malformed": 0,
            "faults": [],
            "drift": {"undeclared": [], "absent": [], "changed": []},
            "parts": [],
        }
        self.file_reports[name] = self.file_reports.get(name, report) | changes
        content = json.dumps(self.file_reports[name])
        self.inputs[name] = {"source": source, "report": artifact(self.folder / f"{name}.report.json", content)}

    def manifest(self, **changes: Any) -> dict[str, Any]:
        return {
            "format": 1,
            "pipeline": "commerce",
            "environment": "test",
            "batch": "current",
            "run": 1,
            "inputs": self.inputs,
            "release": {
                "engine": artifact(self.folder / "engine.zip", "run from the source"),
                "contract": artifact(self.folder / "contract.json", json.dumps(self.contract)),
                "plan": artifact(self.folder / "plan.json", self._plan()),
                "reader": 1,
                "embedded": None,
            },
            "destination": {
                "gold": str(self.folder / "gold"),
                "rejected": str(self.folder / "rejected"),
                "report": str(self.folder / "reports"),
            },
        } | changes

    def _plan(self) -> str:
        text = self.typescript.plan(self.contract, self.sql)
        if not self.edits:
            return text
        plan = json.loads(text)
        for old, new in self.edits:
            edited = [each["sql"] for each in plan["statements"] if "sql" in each and old in each["sql"]["spark"]]
            assert edited
            for sql in edited:
                sql["spark"] = sql["spark"].replace(old, new)
        return json.dumps(plan)

    def run(self, **changes: Any) -> Report:
        """Runs in Spark. Where the plan is in DuckDB's dialect too, the embedded engine must come to the same."""
        self.job_runs += 1
        content = json.dumps(self.manifest(**changes)).encode()
        sha256 = hashlib.sha256(content).hexdigest()
        try:
            return run(self.spark, parse_manifest(content, "m.json", sha256), self.job_run)
        finally:
            self._run_embedded(content, sha256)

    def _run_embedded(self, content: bytes, sha256: str) -> None:
        job_run = f"em_{self.job_runs}"
        own = self.folder / "reports" / f"{self.job_run}.json"
        plan = json.loads((self.folder / "plan.json").read_text())
        if self.edits or any("duckdb" not in each["sql"] for each in plan["statements"] if "sql" in each):
            return
        manifest = self.folder / "manifest.json"
        manifest.write_bytes(content)
        report = self.typescript.embedded(manifest, sha256, job_run)
        assert (report is None) == (not own.exists())
        if report is None:
            return
        expected = json.loads(own.read_text().replace(f"/{self.job_run}/", f"/{job_run}/"))
        # The embedded engine takes a document as its own code has written it.
        if expected["failure"] and expected["failure"]["code"] == "file_report_invalid":
            return
        # How an engine says what is wrong with a statement is its own.
        for each in (report, expected):
            if each["failure"] and each["failure"]["code"] in (
                "sql_failed",
                "contract_invalid",
                "input_missing",
                "manifest_invalid",
            ):
                del each["failure"]["message"]
        for what in ("state", "failure", "datasets", "checks"):
            assert report[what] == expected[what], what
        assert report["outputs"].keys() == expected["outputs"].keys()
        for name, output in report["outputs"].items():
            assert output["rows"] == expected["outputs"][name]["rows"]
            assert self._read(output["uri"]) == self.rows(name)
        for name in self.inputs:
            uri = self.rejected_uri(name)
            if Path(uri).exists():
                columns = ("rule", "file", "line", "row.*")
                assert self._read(uri.replace(f"/{self.job_run}/", f"/{job_run}/"), *columns) == self.rejected(name)

    @property
    def job_run(self) -> str:
        return f"jr_{self.job_runs}"

    def report(self) -> dict[str, Any]:
        return json.loads((self.folder / "reports" / f"{self.job_run}.json").read_text())

    def failed_checks(self) -> dict[str, str]:
        return {check["name"]: check["detail"] for check in self.report()["checks"] if not check["passed"]}

    def output_folder(self, name: str) -> Path:
        return self.folder / "gold" / name / "batch=current" / "run=1" / self.job_run

    def rejected_uri(self, name: str) -> str:
        return f"{self.folder}/rejected/rows/{name}/batch=current/run=1/{self.job_run}/"

    def rows(self, name: str) -> list[tuple[Any, ...]]:
        """What was written, in order; times as texts in UTC."""
        return self._read(str(self.output_folder(name)))

    def rejected(self, name: str) -> list[tuple[Any, ...]]:
        return self._read(self.rejected_uri(name), "rule", "file", "line", "row.*")

    def _read(self, uri: str, *columns: str) -> list[tuple[Any, ...]]:
        session = self.spark.newSession()
        session.conf.set("spark.sql.session.timeZone", "UTC")
        frame = session.read.parquet(uri).select(*columns or "*")
        # A row may have a column of the same name as what lies beside it.
        frame = frame.toDF(*map(str, range(len(frame.columns))))
        texts = [f"cast(`{c}` as string) as `{c}`" if kind == "timestamp" else f"`{c}`" for c, kind in frame.dtypes]
        return sorted((tuple(row) for row in frame.selectExpr(*texts).collect()), key=str)
