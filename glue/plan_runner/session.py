"""The Spark session of one run. The runner sets its settings, whatever the launcher had set."""

from pyspark.sql import SparkSession

_SETTINGS = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # Dates before 1582 are read and written as they are.
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    # `${...}` in a statement is text, never a setting's value.
    "spark.sql.variable.substitute": "false",
    # Tables that are kept by the driver are computed at once, not partition by partition.
    "spark.sql.limit.initialNumPartitions": "1000000",
    # Of tables that were computed for the run, which then are small enough for a broadcast.
    "spark.sql.defaultSizeInBytes": str(4 * 1024 * 1024),
    # Prefers hash joins: no later step needs the joined rows sorted.
    "spark.sql.join.preferSortMergeJoin": "false",
    # A partition becomes a file of Gold, which should not be small because the cores are many.
    "spark.sql.adaptive.coalescePartitions.minPartitionSize": str(16 * 1024 * 1024),
    # The keys that are grouped hardly ever come twice.
    "spark.sql.codegen.aggregate.map.twolevel.enabled": "false",
    # The kept tables are small and read once or twice.
    "spark.sql.inMemoryColumnarStorage.compressed": "false",
}
# Compiling code and adapting the partitions take longer than reading a few rows without.
_FOR_LITTLE_INPUT = {
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.leafNodeDefaultParallelism": "1",
    "spark.sql.shuffle.partitions": "1",
}
_LITTLE_BYTES = 2 * 1024 * 1024
# These loggers write the message of a task's exception, which may quote a row.
_QUOTING = (
    "org.apache.spark.executor",
    "org.apache.spark.internal.io",
    "org.apache.spark.scheduler.DAGScheduler",
    "org.apache.spark.scheduler.TaskResultGetter",
    "org.apache.spark.scheduler.TaskSetManager",
    "org.apache.spark.sql.execution.datasources",
    "org.apache.spark.storage.BlockManager",
    "org.apache.spark.util.Utils",
)
# PySpark 4 has loggers of its own, which write each exception of a query.
_QUOTING_OF_PYSPARK = ("DataFrameQueryContextLogger", "SQLQueryContextLogger")
# This one also logs lost executors, so its warnings stay.
_QUOTING_BELOW_WARNINGS = "org.apache.spark.scheduler.TaskSchedulerImpl"
_PARTITION_BYTES = 8 * 1024 * 1024


def session_for(spark: SparkSession, input_bytes: int) -> SparkSession:
    """A second session beside the launcher's: same cluster, but its own settings and view names.

    `input_bytes`: of the Parquet files. There are enough partitions for every core, and each fits into memory. Spark
    merges those that turn out small.
    """
    session = spark.newSession()
    log4j = spark.sparkContext._jvm.org.apache.logging.log4j
    for name in _QUOTING:
        log4j.core.config.Configurator.setLevel(name, log4j.Level.OFF)
    log4j.core.config.Configurator.setLevel(_QUOTING_BELOW_WARNINGS, log4j.Level.WARN)
    _silence_pyspark()
    partitions = max(2 * spark.sparkContext.defaultParallelism, -(-input_bytes // _PARTITION_BYTES))
    little = _FOR_LITTLE_INPUT if input_bytes <= _LITTLE_BYTES else {}
    for name, value in {**_SETTINGS, "spark.sql.shuffle.partitions": str(partitions), **little}.items():
        session.conf.set(name, value)
    return session


def _silence_pyspark() -> None:
    try:
        from pyspark.logger import PySparkLogger
    except ImportError:  # Spark 3 has none
        return
    for name in _QUOTING_OF_PYSPARK:
        PySparkLogger.getLogger(name).disabled = True
