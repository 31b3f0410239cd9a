"""Real Spark, real files, the real SQL. What this does not prove: S3, Glue's own Spark build and its sizing."""

import os
import sys
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from plan_harness import PlanRun, TypeScript


@pytest.fixture(scope="session")
def spark():
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = (
        SparkSession.builder.master("local[2]")
        .appName("engine tests")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.memory", "1g")
        # Many runs in one JVM compile more code than this compiler alone is given room for.
        .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        # What a launcher might have set: the engine's own settings have to win.
        .config("spark.sql.ansi.enabled", "false")
        .config("spark.sql.session.timeZone", "America/New_York")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


@pytest.fixture(scope="session")
def typescript():
    made = TypeScript()
    yield made
    made.close()


@pytest.fixture
def planned(spark, typescript, tmp_path: Path):
    """A run of the plan of a contract."""
    return lambda contract, **sql: PlanRun(spark, typescript, tmp_path, contract, sql)
