"""Spark's answers to queries, with the settings of a run. Reads `{views, cases}` from a file and writes the answers to
each case's expressions. What fails as a whole is asked in its parts, of which some may fail."""

import json
import re
import struct
import sys
from decimal import Decimal
from pathlib import Path

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql.types import DateType, TimestampType

from plan_runner.session import session_for

# Days and microseconds as they are: Python's dates and times end where Spark's go on.
DateType.fromInternal = lambda self, days: days
TimestampType.fromInternal = lambda self, micros: micros


def text(value):
    """A value as the answers spell it: exact, and alike for both engines."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "NaN" if value != value else struct.pack(">d", value).hex()
    if isinstance(value, Decimal):
        digits = format(value, "f")
        return digits.rstrip("0").rstrip(".") if "." in digits else digits
    if isinstance(value, list | tuple):
        return [text(each) for each in value]
    return str(value)


def asked(spark, sql: str):
    found = spark.sql(sql)
    return [field.dataType.simpleString() for field in found.schema], [text(list(row)) for row in found.collect()]


def query(expressions, case, where: str) -> str:
    items = ", ".join([*case["keys"], *(f"{each} as r{index}" for index, each in enumerate(expressions))])
    return f"select {items} {case['source']} where {where}{case['groupBy']}"


def answers(spark, case, expressions):
    """An answer for each expression: its type, and its value for each row or why it fails."""
    keys = len(case["keys"])
    try:
        failing = [case["parts"][index] for index in case["failing"]]
        where = f"({case['where']}){''.join(f' and not ({part})' for part in failing)}"
        types, rows = asked(spark, query(expressions, case, where))
        rows.sort(key=lambda row: [int(key) for key in row[:keys]])
        if failing:
            values = [row[keys] for row in rows]
            for index, part in zip(case["failing"], failing, strict=True):
                values[index:index] = asked_part(spark, case, expressions, part)
            return [{"type": types[keys], "values": values}]
        return [{"type": types[keys + i], "values": [row[keys + i] for row in rows]} for i in range(len(expressions))]
    except Exception:
        if len(expressions) > 1:
            middle = len(expressions) // 2
            return answers(spark, case, expressions[:middle]) + answers(spark, case, expressions[middle:])
        if not case["parts"]:
            raise
    values = []
    for part in case["parts"]:
        values += asked_part(spark, case, expressions, part)
    return [
        {
            "type": spark.sql(query(expressions, case, case["where"])).schema[keys].dataType.simpleString(),
            "values": values,
        }
    ]


def asked_part(spark, case, expressions, part: str):
    try:
        _, rows = asked(spark, query(expressions, case, part))
        return [row[len(case["keys"])] for row in rows]
    except (PySparkException, Py4JJavaError) as error:
        condition = re.search(r"\[([A-Z_]+)[.\]]", str(error))
        return [{"fails": condition[1] if condition else "ArithmeticException"}]


def main(source: str, target: str) -> None:
    asked_for = json.loads(Path(source).read_text())
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    for name, value in {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m",
        "spark.ui.showConsoleProgress": "false",
    }.items():
        builder = builder.config(name, value)
    launched = builder.getOrCreate()
    launched.sparkContext.setLogLevel("OFF")
    spark = session_for(launched, 0)
    for view in asked_for["views"]:
        spark.sql(view)
    Path(target).write_text(json.dumps([answers(spark, case, case["expressions"]) for case in asked_for["cases"]]))


if __name__ == "__main__":
    main(*sys.argv[1:])
