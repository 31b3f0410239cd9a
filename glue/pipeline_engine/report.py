"""The run report: what the engine counted, checked and wrote."""

import json
from dataclasses import dataclass, field
from typing import Any

from .drift import Drift


@dataclass(frozen=True)
class DatasetCounts:
    read: int
    kept: int
    rejected: dict[str, int]
    """Rows by rule. A row that breaks several rules counts for the first."""
    rejected_bytes: int
    warned: dict[str, int]
    """Kept rows, by rule."""
    deduplicated: int
    drift: Drift

    @property
    def rejected_rows(self) -> int:
        return sum(self.rejected.values())

    def balance(self) -> tuple[bool, str]:
        rejected = self.rejected_rows
        detail = f"{self.read} read = {self.kept} kept + {rejected} rejected + {self.deduplicated} deduplicated"
        return self.read == self.kept + rejected + self.deduplicated, detail


@dataclass
class Report:
    """Filled while the run goes on, so a failed run reports what was known until then."""

    pipeline: str
    batch: str
    run: int
    job_run: str
    manifest: dict[str, str]
    spark_version: str
    datasets: dict[str, DatasetCounts] = field(default_factory=dict)
    orphans: dict[str, dict[str, int]] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    checks: list[dict[str, Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    failure: dict[str, str] | None = None

    def check(self, name: str, passed: bool, detail: str) -> bool:
        self.checks.append({"name": name, "passed": passed, "detail": detail})
        return passed

    def document(self) -> dict[str, Any]:
        return {
            "format": 1,
            "pipeline": self.pipeline,
            "batch": self.batch,
            "run": self.run,
            "jobRun": self.job_run,
            "manifest": self.manifest,
            "state": "failed" if self.failure else "succeeded",
            "failure": self.failure,
            "datasets": {
                name: {
                    "read": counts.read,
                    "kept": counts.kept,
                    "rejected": counts.rejected,
                    "warned": counts.warned,
                    "deduplicated": counts.deduplicated,
                    "orphans": self.orphans.get(name, {}),
                    "drift": counts.drift.document(),
                }
                for name, counts in self.datasets.items()
            },
            "outputs": self.outputs,
            "checks": self.checks,
            "seconds": self.seconds,
            "engine": {"name": "spark", "version": self.spark_version},
        }

    def encode(self) -> bytes:
        return (json.dumps(self.document(), indent=2, ensure_ascii=False) + "\n").encode()
