"""The run report: what the run counted, checked and wrote."""

import json
from dataclasses import dataclass, field
from typing import Any

from .errors import EngineError, Infrastructure
from .plan import Check, told, value_of


@dataclass
class Report:
    """Filled while the run goes on, so a failed run reports what was known until then."""

    batch: str
    pipeline: str
    run: int
    job_run: str
    manifest: dict[str, str]
    plan_sha256: str
    spark_version: str
    datasets: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    checks: list[dict[str, Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    """By the name of the statement."""
    failure: dict[str, str] | None = None

    def judge(self, checks: tuple[Check, ...], numbers: dict[str, Any]) -> None:
        """@raises EngineError with the code of the first check that fails and the details of all that fail."""
        self.enter([(check, value_of(check.passes, numbers) is True, told(check.detail, numbers)) for check in checks])

    def enter(self, results: list[tuple[Check, bool, str]]) -> None:
        """Takes each check with whether it passed and its detail. @raises EngineError as `judge`."""
        self.checks += [{"name": check.name, "passed": passed, "detail": detail} for check, passed, detail in results]
        failed = [(check, f"{check.name} failed: {detail}") for check, passed, detail in results if not passed]
        if not failed:
            return
        message = "; ".join(text for _, text in failed)
        if any(check.code == "infrastructure" for check, _ in failed):
            raise Infrastructure(message)
        raise EngineError(failed[0][0].code, message)

    def encode(self) -> bytes:
        document = {
            "format": 1,
            "pipeline": self.pipeline,
            "batch": self.batch,
            "run": self.run,
            "jobRun": self.job_run,
            "manifest": self.manifest,
            "plan": {"sha256": self.plan_sha256},
            "state": "failed" if self.failure else "succeeded",
            "failure": self.failure,
            "datasets": self.datasets,
            "outputs": self.outputs,
            "checks": self.checks,
            "seconds": self.seconds,
            "engine": {"name": "spark", "version": self.spark_version},
        }
        return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
