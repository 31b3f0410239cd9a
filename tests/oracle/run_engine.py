"""Runs the plan runner as the job does, once for each manifest named, all in one Spark, whose start takes longer than a
small run. A run that fails for its data has left a report that says so."""

import hashlib
import os
import sys
from pathlib import Path

from pyspark.sql import SparkSession

from plan_runner.entry import EngineError, start


def main(manifests: list[str]) -> None:
    settings = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.extraJavaOptions": os.environ["ORACLE_JAVA_OPTIONS"],
        "spark.driver.memory": os.environ["ORACLE_DRIVER_MEMORY"],
        "spark.local.dir": os.environ["ORACLE_SPARK_FOLDER"],
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder.master("local[*]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    for manifest in manifests:
        content = Path(manifest).read_bytes()
        try:
            start(spark, content, manifest, hashlib.sha256(content).hexdigest(), "jr_1")
        except EngineError as error:
            print(f"{manifest}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
