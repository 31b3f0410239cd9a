"""What the datasets must hold before any output is made of them."""

from dataclasses import dataclass, field

from .contract import Contract, Dataset
from .drift import complaints
from .errors import CheckFailed, EngineError, RuleViolated, SchemaChanged, TooManyRejected
from .orphans import OrphanCount
from .report import DatasetCounts, Report
from .rules import failing, orphan_rule


@dataclass
class DatasetGate:
    """Adds each check to the report and collects the failures, which `close` raises together."""

    contract: Contract
    report: Report
    _failures: list[EngineError] = field(default_factory=list)

    def check(self, dataset: Dataset, counts: DatasetCounts, file: str, rejected_uri: str) -> None:
        """`file`: the upload that the rows come from; `rejected_uri`: where the rejected rows lie."""
        balances, detail = counts.balance()
        self._enter(dataset, "rows_balance", balances, detail, CheckFailed)

        mode = self.contract.schema_evolution
        found = complaints(counts.drift, dataset, mode)
        place = f"{file}, rejected rows in {rejected_uri}" if counts.rejected_rows > 0 else file
        detail = f"{mode}: {'; '.join(found)}; see {place}" if found else f"{mode}: nothing to object to"
        self._enter(dataset, "schema_evolution", not found, detail, SchemaChanged)

        for rule in failing(dataset):
            rows = counts.rejected[rule.name]
            place = f' by the column "{rule.column}" of {file}; see {rejected_uri}' if rows > 0 else ""
            self._enter(dataset, rule.name, rows == 0, f"expected 0 rows, actual {rows}{place}", RuleViolated)

        rejected, allowed = counts.rejected_rows, dataset.max_rejected
        percent = 100 * rejected / counts.read if counts.read > 0 else 0
        detail = f"expected at most {allowed:g}%, actual {percent:.3g}% ({rejected} of {counts.read} rows)"
        if 100 * rejected > allowed * counts.read:
            by_rule = ", ".join(f"{rule} {rows}" for rule, rows in counts.rejected.items() if rows > 0)
            self._enter(dataset, "max_rejected", False, f"{detail}: {by_rule}; see {rejected_uri}", TooManyRejected)
        else:
            self._enter(dataset, "max_rejected", True, detail, TooManyRejected)

    def check_orphans(self, orphans: dict[str, list[OrphanCount]], files: dict[str, str]) -> None:
        """`files`: the upload of each dataset that is present."""
        for name, dataset in self.contract.datasets.items():
            counted = {count.column: count for count in orphans[name]}
            self.report.orphans[name] = {column: count.rows for column, count in counted.items()}
            for reference in dataset.references:
                if reference.orphans == "fail":
                    count = counted[reference.column]
                    detail = f"expected 0 rows, actual {count.dangling}"
                    if count.dangling > 0:
                        target = files.get(reference.dataset, f"{reference.dataset}, which is absent")
                        detail += (
                            f' by the column "{reference.column}" of {files[name]}; no row of {target} has its value'
                        )
                    self._enter(dataset, orphan_rule(reference), count.dangling == 0, detail, RuleViolated)

    def close(self) -> None:
        """@raises EngineError of the first failure's class; its message has all failures."""
        if self._failures:
            raise type(self._failures[0])("; ".join(map(str, self._failures)))

    def _enter(self, dataset: Dataset, name: str, passed: bool, detail: str, failure: type[EngineError]) -> None:
        if not self.report.check(f"{dataset.name}.{name}", passed, detail):
            self._failures.append(failure(f"{dataset.name}.{name} failed: {detail}"))
