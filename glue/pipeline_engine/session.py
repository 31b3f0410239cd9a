"""The Spark session of one run. The engine sets its settings, whatever the launcher had set."""

from pyspark.sql import SparkSession

_SETTINGS = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # Dates before 1582 are written as they are instead of failing the run.
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    # `${...}` in a statement is text, never a setting's value.
    "spark.sql.variable.substitute": "false",
    # Keys are nearly unique, so choosing the best row of each key before the shuffle saves nothing.
    "spark.sql.optimizer.windowGroupLimitThreshold": "-1",
    # Prefers hash joins: no later step needs the joined rows sorted.
    "spark.sql.join.preferSortMergeJoin": "false",
    # Cached rows are read once or twice, so finding the best encoding of each column costs more than it saves.
    "spark.sql.inMemoryColumnarStorage.compressed": "false",
}
# These loggers write the message of a task's exception, which may quote a row.
_QUOTING = (
    "org.apache.spark.api.python",
    "org.apache.spark.executor",
    "org.apache.spark.internal.io",
    "org.apache.spark.scheduler.DAGScheduler",
    "org.apache.spark.scheduler.TaskResultGetter",
    "org.apache.spark.scheduler.TaskSetManager",
    "org.apache.spark.sql.execution.datasources",
    "org.apache.spark.storage.BlockManager",
    "org.apache.spark.util.Utils",
)
# This one also logs lost executors, so its warnings stay.
_QUOTING_BELOW_WARNINGS = "org.apache.spark.scheduler.TaskSchedulerImpl"
_PARTITION_BYTES = 32 * 1024 * 1024


def session_for(spark: SparkSession, input_bytes: int) -> SparkSession:
    """A second session beside the launcher's: same cluster, but its own settings and view names."""
    session = spark.newSession()
    _quieten(spark)
    for name, value in _SETTINGS.items():
        session.conf.set(name, value)
    session.conf.set("spark.sql.shuffle.partitions", shuffle_partitions(input_bytes, _cores(spark)))
    return session


def shuffle_partitions(input_bytes: int, cores: int) -> int:
    """Enough partitions for every core, and each fits into memory. Spark merges those that turn out small."""
    return max(2 * cores, -(-input_bytes // _PARTITION_BYTES))


def _cores(spark: SparkSession) -> int:
    return spark.sparkContext.defaultParallelism


def _quieten(spark: SparkSession) -> None:
    log4j = spark.sparkContext._jvm.org.apache.logging.log4j
    for name in _QUOTING:
        log4j.core.config.Configurator.setLevel(name, log4j.Level.OFF)
    log4j.core.config.Configurator.setLevel(_QUOTING_BELOW_WARNINGS, log4j.Level.WARN)
