"""Spark's tables: those of Silver, opened by exact keys with the plan's schema, and those that a run writes."""

from itertools import accumulate
from typing import Any

from pyspark import StorageLevel
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from .errors import EngineError
from .file_report import Input
from .plan import Column, PlanInput

TARGET_BYTES = 256 * 1024 * 1024
"""Of a file in Gold."""
_MOST_LOCAL_ROWS = 10_000
_MOST_BROADCAST_ROWS = 1_000_000


def identifier(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def open_input(spark: SparkSession, declared: PlanInput, source: Input | None) -> None:
    """Makes the table of a dataset's rows, each with its file and its line in the file; empty when it is absent."""
    if source is None or not source.parts:
        rows = empty(spark, declared.columns)
    else:
        try:
            rows = spark.read.schema(_ddl(declared.columns)).parquet(*(part.uri for part in source.parts))
        except AnalysisException as error:
            if error.getErrorClass() == "PATH_NOT_FOUND":
                message = f'dataset "{declared.dataset}": {str(error).strip().partition(chr(10))[0]}'
                raise EngineError("input_missing", message) from error
            raise
    before = [0, *accumulate(part.lines for part in source.parts)][:-1] if source else []
    line = f.col("_line") if len(before) <= 1 else f.col("_line") + f.array(*map(f.lit, before))[f.col("_part")]
    key = f.lit(source.key if source else "")
    rows.select("*", key.alias("#file"), line.cast("bigint").alias("#file_line")).createOrReplaceTempView(
        identifier(declared.table)
    )


def kept(rows: DataFrame, *, is_small: bool) -> tuple[DataFrame, DataFrame | None]:
    """Computes the rows once. Returns the table that later statements read, and what has to be released in the end.

    Unless the rows are many, the table does not carry the plan that they come from: Spark would resolve, optimise and
    describe that plan again in each statement, which takes longer than the few rows are worth.
    """
    spark = rows.sparkSession
    # Every later read costs a task for each partition.
    rows = rows.coalesce(spark.sparkContext.defaultParallelism)
    if is_small:
        collected = rows.limit(_MOST_LOCAL_ROWS + 1)._jdf.collectAsList()
        if collected.size() <= _MOST_LOCAL_ROWS:
            return DataFrame(spark._jsparkSession.createDataFrame(collected, rows._jdf.schema()), spark), None
    rows.persist(StorageLevel.MEMORY_AND_DISK)
    if rows.count() > _MOST_BROADCAST_ROWS:
        return rows, rows
    # Spark takes such a table to be as large as spark.sql.defaultSizeInBytes.
    return DataFrame(spark._jsparkSession.createDataFrame(rows._jdf.javaRDD(), rows._jdf.schema()), spark), rows


def empty(spark: SparkSession, columns: tuple[Column, ...]) -> DataFrame:
    """A table without rows, which Spark knows while it plans. All columns may be null, as in Parquet."""
    listed = ", ".join(f"cast(null as {column.type}) as {identifier(column.name)}" for column in columns)
    return spark.sql(f"select {listed} where false")


def write_rejected(rows: DataFrame, uri: str, source: Input) -> None:
    _write(rows.coalesce(files_for(source.bytes)), uri)


def write_output(
    rows: DataFrame, uri: str, columns: tuple[Column, ...], cluster_by: tuple[str, ...], files: int
) -> tuple[DataFrame, int]:
    """Writes an output and returns the written rows and the number of files.

    Each file is sorted by `cluster_by`, and no two share a value of it: these files are by its hash, and Spark decides
    how many. Ranges would compute the rows twice. Rows that were joined or grouped by it already lie as they must.
    """
    names = [identifier(name) for name in cluster_by]
    _write(rows.repartition(*names).sortWithinPartitions(*names) if names else rows.repartition(files), uri)
    written = rows.sparkSession.read.schema(_ddl(columns)).parquet(uri)
    return written, len(written.inputFiles())


def files_for(size: int) -> int:
    return max(1, -(-size // TARGET_BYTES))


def exists(spark: SparkSession, uri: str) -> bool:
    system, path = _hadoop(spark, uri)
    return system.exists(path)


def remove(spark: SparkSession, uri: str) -> None:
    """Removes a folder with all that is in it."""
    system, path = _hadoop(spark, uri)
    system.delete(path, True)


def _hadoop(spark: SparkSession, uri: str) -> tuple[Any, Any]:
    path = spark._jvm.org.apache.hadoop.fs.Path(uri)
    return path.getFileSystem(spark._jsc.hadoopConfiguration()), path


def schema_differences(rows: DataFrame, declared: tuple[Column, ...]) -> list[str]:
    """One message per difference; empty when names, order and types are equal."""
    written = [(column.name, column.dataType.simpleString()) for column in rows.schema.fields]
    expected = [(column.name, column.type) for column in declared]
    written_types, declared_types = dict(written), dict(expected)
    differences = [f"column {name} is missing" for name in declared_types if name not in written_types]
    differences += [f"column {name} is not declared" for name in written_types if name not in declared_types]
    differences += [
        f"column {name} is {written_types[name]}, declared {kind}"
        for name, kind in expected
        if name in written_types and written_types[name] != kind
    ]
    if not differences and written != expected:
        order = ", ".join(name for name, _ in written)
        differences.append(f"columns come as {order}, declared {', '.join(declared_types)}")
    return differences


def _write(rows: DataFrame, uri: str) -> None:
    """Writes data files only. The folder belongs to this job run alone, so it must not exist yet."""
    rows.write.option("mapreduce.fileoutputcommitter.marksuccessfuljobs", "false").mode("errorifexists").parquet(uri)


def _ddl(columns: tuple[Column, ...]) -> str:
    return ", ".join(f"{identifier(column.name)} {column.type}" for column in columns)
