"""Datasets from their pinned inputs to the views that the business SQL reads."""

from dataclasses import dataclass, field
from functools import cached_property

from pyspark import StorageLevel
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession

from . import cleaning, drift, orphans
from .columns_read import Columns, columns_read
from .contract import Contract, Dataset
from .errors import ContractInvalid, NoRowsRead
from .faults import executing
from .inputs import read_texts
from .manifest import Input
from .report import DatasetCounts
from .rules import MALFORMED, rejection_names, warning
from .sql_text import identifier


@dataclass
class Datasets:
    """Each input is scanned once. Its classified rows are cached for the counts, the orphans and the business SQL.

    The counts are aggregates over these rows, not accumulators, so a repeated task does not change them.
    """

    spark: SparkSession
    contract: Contract
    statements: dict[str, str]
    """The business SQL of each output. This SQL and the balances decide which columns are worth keeping."""
    _cached: list[DataFrame] = field(default_factory=list)

    def check_values(self) -> None:
        """Checks that each value that the contract gives for a column fits its type, and that each pattern is valid."""
        sql = cleaning.unfit_values_sql(list(self.contract.datasets.values()))
        with executing("the contract's values", ContractInvalid, reads_rows=False):
            tests = self._statement(sql).first().asDict() if sql else {}
        unfit = [what for what, is_unfit in tests.items() if is_unfit]
        if unfit:
            raise ContractInvalid(f"no value of the column's type: {', '.join(unfit)}")

    def clean(self, dataset: Dataset, source: Input | None) -> DatasetCounts:
        """Makes the dataset's view and counts its rows."""
        columns = self._columns(dataset)
        view = cleaning.ranked_view(dataset)
        read_texts(self.spark, dataset.name, source).createOrReplaceTempView(identifier(cleaning.text_view(dataset)))
        self._keep(cleaning.classify_sql(dataset, columns, self._keys), view)
        self._statement(cleaning.kept_sql(dataset, columns)).createOrReplaceTempView(identifier(dataset.name))

        counted = iter(self._statement(cleaning.counts_sql(dataset)).first())
        read, kept, deduplicated, rejected_bytes = (next(counted) for _ in range(4))
        if source is not None and source.bytes > 0 and read == 0:
            raise NoRowsRead(f'dataset "{dataset.name}": no rows were read from {source.uri} ({source.bytes} bytes)')
        rejected = {name: next(counted) for name in rejection_names(dataset)}
        warned = {rule.name: next(counted) for rule in warning(dataset)}
        sound_rows = {column.name: next(counted) for column in dataset.columns}
        return DatasetCounts(
            read=read,
            kept=kept,
            rejected=rejected,
            rejected_bytes=rejected_bytes,
            warned=warned,
            deduplicated=deduplicated,
            drift=self._drift(dataset, read, rejected[MALFORMED], sound_rows, undeclared_rows=next(counted)),
        )

    def rejected(self, dataset: Dataset, source: Input) -> DataFrame:
        return self._statement(cleaning.rejected_sql(dataset, source.uri))

    def orphans(self) -> dict[str, list[orphans.OrphanCount]]:
        """Makes the view of each dataset's orphans and counts them, by reference."""
        datasets = list(self.contract.datasets.values())
        for dataset in datasets:
            if dataset.references:
                self._keep(
                    orphans.orphans_sql(dataset, self._orphan_columns(dataset), self._keys),
                    orphans.orphans_table(dataset),
                )
        sql = orphans.orphan_counts_sql(datasets)
        rows = self._statement(sql).collect() if sql else []
        counted = {(row["dataset"], row["reference"]): orphans.OrphanCount(*row[1:]) for row in rows}
        return {
            dataset.name: [
                counted.get((dataset.name, reference.column), orphans.OrphanCount(reference.column))
                for reference in dataset.references
            ]
            for dataset in datasets
        }

    def release(self) -> None:
        while self._cached:
            self._cached.pop().unpersist()

    def _drift(
        self, dataset: Dataset, read: int, malformed: int, sound_rows: dict[str, int], undeclared_rows: int
    ) -> drift.Drift:
        view = cleaning.ranked_view(dataset)
        undeclared = self._statement(drift.undeclared_sql(view)).collect() if undeclared_rows > 0 else []
        # Malformed rows can be the majority of a column only if they outnumber the other rows that have it.
        is_suspect = any(rows < malformed for rows in sound_rows.values())
        malformed_by_column = (
            self._statement(drift.malformed_sql(dataset, view, identifier(cleaning.RULE))).collect()
            if is_suspect
            else []
        )
        return drift.drift_of(dataset, read - malformed, sound_rows, undeclared, malformed_by_column)

    @property
    def _keys(self) -> dict[str, str]:
        return {name: dataset.primary_key[0] for name, dataset in self.contract.datasets.items()}

    def _columns(self, dataset: Dataset) -> list[str]:
        keys = {*dataset.primary_key, *(reference.column for reference in dataset.references)}
        return self._worth_keeping(dataset, keys, dataset.name, orphans.orphans_table(dataset))

    def _orphan_columns(self, dataset: Dataset) -> list[str]:
        references = {reference.column for reference in dataset.references}
        return self._worth_keeping(dataset, references, orphans.orphans_table(dataset))

    def _worth_keeping(self, dataset: Dataset, needed: set[str], *tables: str) -> list[str]:
        """The columns that are needed, or that a statement reads of one of the tables, in the contract's order. All
        columns when the read ones are not known."""
        if self._read is None:
            return [column.name for column in dataset.columns]
        names = needed.union(*(self._read[table] for table in tables))
        return [column.name for column in dataset.columns if column.name in names]

    @cached_property
    def _read(self) -> Columns | None:
        return columns_read(self.spark, self.contract, self.statements)

    def _keep(self, sql: str, view: str) -> None:
        rows = self._statement(sql).persist(StorageLevel.MEMORY_AND_DISK)
        self._cached.append(rows)
        rows.createOrReplaceTempView(identifier(view))

    def _statement(self, sql: str) -> DataFrame:
        print(sql, end="\n\n", flush=True)
        try:
            return self.spark.sql(sql)
        except AnalysisException as error:
            raise ContractInvalid(f"the contract gives a statement that Spark refuses: {error}") from error
