"""Datasets from their pinned inputs to the views that the business SQL reads."""

from dataclasses import dataclass, field

from pyspark import StorageLevel
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession

from . import cleaning
from .contract import Contract, Dataset
from .errors import ContractInvalid, NoRowsRead
from .inputs import read_texts
from .manifest import Input
from .report import DatasetCounts
from .sql_text import identifier


@dataclass
class Datasets:
    """Each input is scanned once: its cleaned rows are kept for the counts, the orphans and the business SQL.

    The counts are aggregates over these rows, not accumulators, so a task that is tried again changes none of them.
    """

    spark: SparkSession
    contract: Contract
    statements: list[str]
    """The business SQL, which tells the columns that are worth keeping."""
    _cached: list[DataFrame] = field(default_factory=list)

    def check_defaults(self) -> None:
        sql = cleaning.unfit_defaults_sql(list(self.contract.datasets.values()))
        tests = self._statement(sql).first().asDict() if sql else {}
        unfit = [name for name, is_unfit in tests.items() if is_unfit]
        if unfit:
            raise ContractInvalid(f"the default of {', '.join(unfit)} is no value of the column's type")

    def clean(self, dataset: Dataset, source: Input | None) -> DatasetCounts:
        """Makes the dataset's view and counts its rows."""
        columns = self._columns(dataset)
        read_texts(self.spark, dataset.name, source).createOrReplaceTempView(identifier(cleaning.text_view(dataset)))
        self._statement(cleaning.judge_sql(dataset)).createOrReplaceTempView(identifier(cleaning.judged_view(dataset)))
        ranked = self._statement(cleaning.rank_sql(dataset, columns)).persist(StorageLevel.MEMORY_AND_DISK)
        self._cached.append(ranked)
        ranked.createOrReplaceTempView(identifier(cleaning.ranked_view(dataset)))
        self._statement(cleaning.kept_sql(dataset, columns)).createOrReplaceTempView(identifier(dataset.name))

        read, kept, deduplicated, *rejected = self._statement(cleaning.counts_sql(dataset)).first()
        if source is not None and source.bytes > 0 and read == 0:
            raise NoRowsRead(f'dataset "{dataset.name}": no rows were read from {source.uri} ({source.bytes} bytes)')
        return DatasetCounts(read, kept, dict(zip(cleaning.rules(dataset), rejected, strict=True)), deduplicated)

    def rejected(self, dataset: Dataset, source: Input) -> DataFrame:
        return self._statement(cleaning.rejected_sql(dataset, source.uri))

    def orphans(self) -> dict[str, dict[str, int]]:
        datasets = list(self.contract.datasets.values())
        keys = {dataset.name: dataset.primary_key[0] for dataset in datasets}
        sql = cleaning.orphans_sql(datasets, keys)
        rows = self._statement(sql).collect() if sql else []
        counted = {(row["dataset"], row["reference"]): row["orphan_rows"] for row in rows}
        return {
            dataset.name: {
                reference.column: counted[dataset.name, reference.column] for reference in dataset.references
            }
            for dataset in datasets
        }

    def release(self) -> None:
        while self._cached:
            self._cached.pop().unpersist()

    def _columns(self, dataset: Dataset) -> list[str]:
        keys = {*dataset.primary_key, *(reference.column for reference in dataset.references)}
        return cleaning.columns_used(dataset, keys, self.statements)

    def _statement(self, sql: str) -> DataFrame:
        print(sql, end="\n\n", flush=True)
        try:
            return self.spark.sql(sql)
        except AnalysisException as error:
            raise ContractInvalid(f"no statement can be made of the contract: {error}") from error
