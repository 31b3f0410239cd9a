"""Files, contract and manifest of a run, in one folder."""

import gzip
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from pipeline_engine.manifest import parse_manifest
from pipeline_engine.report import Report
from pipeline_engine.run import run

REPOSITORY = Path(__file__).parents[2]
USER_ACTIVITY = REPOSITORY / "glue" / "sql" / "user_activity.sql"
NO_DRIFT = {"undeclared": [], "absent": [], "changed": []}


def column(name: str, kind: str, on_null: Any = "keep", *rules: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "type": kind, "onNull": on_null, "rules": list(rules)}


def dataset(columns, primary_key, latest_by, references=(), required=True, max_rejected=100) -> dict[str, Any]:
    """A reference is a pair of column and dataset, whose orphans are kept, or a triple with the action for orphans."""
    return {
        "required": required,
        "file": "any",
        "formats": ["json", "json.gz"],
        "columns": columns,
        "primaryKey": primary_key,
        "latestBy": latest_by,
        "references": [
            {"column": name, "dataset": target, "orphans": next(iter(orphans), "keep")}
            for name, target, *orphans in references
        ],
        "maxRejected": max_rejected,
    }


def output(grain: list[str], **columns: str) -> dict[str, Any]:
    return {
        "grain": grain,
        "columns": [{"name": name, "type": kind} for name, kind in columns.items()],
        "clusterBy": [],
        "balances": [],
    }


def contract(datasets: dict[str, Any], outputs: dict[str, Any], evolution: str = "additive") -> dict[str, Any]:
    return {
        "format": 1,
        "pipeline": "commerce",
        "batching": {"keyPattern": ".*", "maxSpread": 3600, "deadline": 86400},
        "schemaEvolution": evolution,
        "datasets": datasets,
        "outputs": outputs,
    }


def commerce_contract() -> dict[str, Any]:
    """As the deployment makes it from pipeline_config.yaml, but for the share of rejected rows: a few rows with one of
    each kind are mostly rejected."""
    document = json.loads((REPOSITORY / "tests" / "glue" / "commerce_contract.json").read_text())
    for each in document["datasets"].values():
        each["maxRejected"] = 100
    return document


def artifact(path: Path, content: str) -> dict[str, str]:
    """A part of a release, written to the path, as a manifest pins it."""
    path.write_text(content)
    return {"uri": str(path), "sha256": hashlib.sha256(content.encode()).hexdigest()}


@dataclass
class Pipeline:
    spark: SparkSession
    folder: Path
    contract: dict[str, Any]
    sql: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    job_runs: int = 0

    def __post_init__(self) -> None:
        self.inputs = dict.fromkeys(self.contract["datasets"])
        if "user_activity" in self.contract["outputs"]:
            self.sql["user_activity"] = USER_ACTIVITY.read_text()

    def put(self, name: str, content: str | bytes, layout: str = "jsonl", compressed: bool = False) -> Path:
        """A promoted file; text is written as UTF-8."""
        raw = content.encode() if isinstance(content, str) else content
        path = self.folder / "silver" / name / "batch=current" / f"v-0.json{'.gz' if compressed else ''}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(raw) if compressed else raw)
        self.inputs[name] = {
            "uri": str(path),
            "format": layout,
            "compression": "gzip" if compressed else "none",
            "bytes": path.stat().st_size,
            "source": {"key": path.name, "version": "1"},
        }
        return path

    def put_rows(self, name: str, rows: list[dict[str, Any]], **how: Any) -> Path:
        return self.put(name, lines(*rows), **how)

    def manifest(self, **changes: Any) -> dict[str, Any]:
        release = {
            "engine": artifact(self.folder / "engine.zip", "run from the source"),
            "contract": artifact(self.folder / "contract.json", json.dumps(self.contract)),
            "sql": {name: artifact(self.folder / f"{name}.sql", text) for name, text in self.sql.items()},
        }
        return {
            "format": 1,
            "pipeline": "commerce",
            "environment": "test",
            "batch": "current",
            "run": 1,
            "inputs": self.inputs,
            "release": release,
            "destination": {
                "gold": str(self.folder / "gold"),
                "rejected": str(self.folder / "rejected"),
                "report": str(self.folder / "reports" / "current" / "1"),
            },
        } | changes

    def run(self, **changes: Any) -> Report:
        self.job_runs += 1
        content = json.dumps(self.manifest(**changes)).encode()
        manifest = parse_manifest(content, "manifest.json", hashlib.sha256(content).hexdigest())
        return run(self.spark, manifest, self.job_run)

    @property
    def job_run(self) -> str:
        return f"jr_{self.job_runs}"

    def report(self) -> dict[str, Any]:
        return json.loads((self.folder / "reports" / "current" / "1" / f"{self.job_run}.json").read_text())

    def output_folder(self, name: str = "user_activity") -> Path:
        return self.folder / "gold" / name / "batch=current" / "run=1" / self.job_run

    def rows(self, name: str = "user_activity") -> list[dict[str, Any]]:
        """What was written, by the first column, read in UTC."""
        session = self.spark.newSession()
        session.conf.set("spark.sql.session.timeZone", "UTC")
        frame = session.read.parquet(str(self.output_folder(name)))
        kinds = dict(frame.dtypes)
        texts = [f"cast(`{c}` as string) as `{c}`" if k == "timestamp" else f"`{c}`" for c, k in kinds.items()]
        return sorted((row.asDict(recursive=True) for row in frame.selectExpr(*texts).collect()), key=_by_first)

    def rejected(self, name: str) -> list[tuple[str, str, str]]:
        folder = self.folder / "rejected" / "rows" / name / "batch=current" / "run=1" / self.job_run
        frame = self.spark.read.parquet(str(folder))
        assert frame.columns == ["rule", "text", "source"]
        return sorted(tuple(row) for row in frame.collect())


def _by_first(row: dict[str, Any]) -> str:
    return str(next(iter(row.values())))


def lines(*rows: Any) -> str:
    return "".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows)


def data_files(folder: Path) -> list[str]:
    """Every file below the folder, without the checksums that only a local file system keeps."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and not path.name.endswith(".crc"))
