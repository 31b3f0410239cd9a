"""How a fault is told: its kind, its place, and nothing of a row. What a run makes of it is in test_plan_runner.py."""

from functools import reduce

import pytest
from py4j.protocol import Py4JJavaError
from pyspark import SparkContext

from plan_runner.errors import EngineError, Infrastructure
from plan_runner.faults import executing, infrastructure, is_infrastructure
from plan_runner.session import session_for

OF_SQL_OR_DATA = {
    "to_date(note, 'dd/MM/yyyy')": "Fail to parse … in the new parser",
    "raise_error(note)": "java.lang.RuntimeException; its message may quote a row",
    "assert_true(note is null)": "java.lang.RuntimeException",
    "map(note, 1, '1/2/2026', 2)": "[DUPLICATED_MAP_KEY] Duplicate map key … was found",
    "sequence(length(note), 1, 1)": "java.lang.IllegalArgumentException; its message may quote a row",
    "note rlike concat('(', note)": "[INVALID_PARAMETER_VALUE.PATTERN]",
    "regexp_replace(note, concat('(', note), '')": "[INVALID_PARAMETER_VALUE.PATTERN]",
    "split(note, concat('(', note))": "java.util.regex.PatternSyntaxException",
    "make_date(2026, length(note) + 20, 1)": "org.apache.spark.SparkDateTimeException: …",
    "parse_url(concat('http://', note, ' x'), 'HOST')": "[INVALID_URL]",
    "to_number(note, '999')": "[INVALID_FORMAT.MISMATCH_INPUT]",
    "array_repeat(note, 2147483647)": "Unsuccessful try to create array with … elements",
    "date_format(current_timestamp(), concat('YYYY', left(note, 0)))": "Fail to recognize … pattern",
    "cast(note as bigint)": '[CAST_INVALID_INPUT] The value … of the type "STRING" cannot be cast to "BIGINT"',
    "9223372036854775807L + length(note)": "[ARITHMETIC_OVERFLOW]",
    "element_at(array(1), length(note))": "[INVALID_ARRAY_INDEX_IN_ELEMENT_AT]",
    "from_json(concat('{', note), 'a int', map('mode', 'FAILFAST'))": "[MALFORMED_RECORD_IN_PARSING",
}


def test_whatever_a_statement_makes_of_its_rows_is_told_once_by_name_and_without_a_value(spark, tmp_path):
    session = session_for(spark, 0)
    session.sql("select '1/2/2026' as note").write.parquet(str(tmp_path / "notes"))
    session.read.parquet(str(tmp_path / "notes")).createOrReplaceTempView("notes")
    told = {}
    for number, expression in enumerate(OF_SQL_OR_DATA):
        sql = f"select to_json(struct({expression} as made)) as made from notes"
        with pytest.raises(EngineError) as raised, executing('output "notes"', "sql_failed", sql):
            session.sql(sql).write.parquet(str(tmp_path / f"{number}"))
        assert raised.value.code == "sql_failed"
        told[expression] = str(raised.value)

    assert {message.startswith('output "notes": ') for message in told.values()} == {True}
    assert {expression for expression, message in told.items() if "1/2/2026" in message} == set()
    assert {expression: words for expression, words in OF_SQL_OR_DATA.items() if words not in told[expression]} == {}


# Chains of Java exceptions, the outermost first, and what an Infrastructure says of them; None for SQL or data.
CHAINS = {
    "java.lang.RuntimeException: Anna": None,
    "org.apache.spark.SparkException: job / java.lang.RuntimeException: Anna": None,
    "org.apache.spark.SparkException: job / java.nio.charset.MalformedInputException: 3": None,
    "org.apache.spark.SparkException: job / com.fasterxml.jackson.core.JsonParseException: Anna": None,
    "java.lang.IllegalStateException: Anna": None,
    "java.io.IOException: no space for 'Anna' in '/tmp/x'": "java.io.IOException: no space for '…' in '/tmp/x'",
    "org.apache.spark.SparkException: job / java.io.FileNotFoundException: s3://b/k\nAnna":
        "java.io.FileNotFoundException: s3://b/k",
    "java.lang.RuntimeException: Anna / java.net.ConnectException: refused / java.lang.RuntimeException: Anna":
        "java.net.ConnectException: refused",
    "java.lang.OutOfMemoryError: Java heap space": "java.lang.OutOfMemoryError: Java heap space",
    "org.apache.hadoop.fs.FileAlreadyExistsException: /gold": "org.apache.hadoop.fs.FileAlreadyExistsException: /gold",
    "org.apache.spark.SparkException: Job 3 cancelled because Anna":
        "org.apache.spark.SparkException: Job 3 cancelled",
    "org.apache.spark.SparkException: ExecutorLostFailure (executor 1 exited unrelated to the running tasks) "
    "Reason: lost\nrow Anna": "org.apache.spark.SparkException: ExecutorLostFailure "
        "(executor 1 exited unrelated to the running tasks) Reason: lost",
    "org.apache.spark.SparkException: Anna": "org.apache.spark.SparkException: …",
    "java.lang.IllegalStateException: SparkContext was shut down": "java.lang.IllegalStateException: …",
}  # fmt: skip


def thrown(chain: str) -> Py4JJavaError:
    jvm, cause = SparkContext._active_spark_context._jvm, None
    for link in reversed(chain.split(" / ")):
        name, _, text = link.partition(": ")
        if name == "org.apache.spark.SparkException":
            cause = jvm.org.apache.spark.SparkException(text, cause)
            continue
        of = reduce(getattr, name.split("."), jvm)
        if name.endswith("JsonParseException"):
            made = of(None, text)
        else:
            made = of(int(text)) if name.endswith("MalformedInputException") else of(text)
        if cause is not None:
            made.initCause(cause)
        cause = made
    return Py4JJavaError("the message of Python's exception, with Anna", cause)


def test_a_fault_of_the_infrastructure_is_known_by_its_causes_and_told_without_a_value(spark):
    errors = {chain: thrown(chain) for chain in CHAINS}
    told = {chain: str(infrastructure(error)) if is_infrastructure(error) else None for chain, error in errors.items()}
    assert told == CHAINS


def test_what_is_no_fault_of_java_is_one_of_the_infrastructure():
    error = ConnectionError("refused\nby Anna")
    assert is_infrastructure(error)
    assert str(infrastructure(error)) == "ConnectionError: refused"


def test_a_message_is_cut_to_what_notices_and_ledger_hold():
    for error in (EngineError("x", "é" * 3000), Infrastructure("aé" * 3000)):
        assert len(str(error).encode()) in (2047, 2048)
        assert str(error).endswith(("é…", "a…"))
    assert str(Infrastructure("é" * 1024)) == "é" * 1024
