"""Contracts of tests, and what lies in a folder."""

import hashlib
import json
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
USER_ACTIVITY = REPOSITORY / "glue" / "sql" / "user_activity.sql"


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


def data_files(folder: Path) -> list[str]:
    """Every file below the folder, without the checksums that only a local file system keeps."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and not path.name.endswith(".crc"))
