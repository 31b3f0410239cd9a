"""Starts Spark for both jobs of the benchmark, with the same JVM options, settings and jars.

BENCH_DRIVER_MEMORY, BENCH_JAVA_OPTIONS and BENCH_SPARK_FOLDER have the values that the benchmark gives to both.
"""

import os
import sys
import tempfile
from pathlib import Path

from pyspark.sql import SparkSession

sys.path.insert(0, str(Path(__file__).parents[2] / "glue"))


def start(name: str) -> SparkSession:
    settings = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.extraJavaOptions": os.environ.get("BENCH_JAVA_OPTIONS", "-XX:+UseParallelGC"),
        "spark.driver.memory": os.environ.get("BENCH_DRIVER_MEMORY", "3g"),
        "spark.local.dir": os.environ.get("BENCH_SPARK_FOLDER", tempfile.gettempdir()),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder.master("local[*]").appName(name)
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()
