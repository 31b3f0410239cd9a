"""Tells faults of the SQL or the data from faults of the infrastructure, and decides what a message may show.

An exception that Spark raises while it executes a statement is a fault of the SQL or the data. A retry would raise it
again, so it fails the run with a report. Only these are faults of the infrastructure, which leave no report:

- reading and writing: a Java IOException, or an exception of Hadoop, of an HTTP client or of AWS, somewhere in the
  chain of causes; except those about a value that is not JSON or has bytes that are not characters;
- memory: an OutOfMemoryError;
- the cluster: a lost executor, a killed task, a shuffle or a block that can't be fetched, an interruption, a timeout;
- a job that Spark itself ended, such as a cancelled job or a stopped context: the last cause in the chain is a
  SparkException without an error class;
- a folder of this job run that exists already;
- anything that is not a Java exception, such as a broken connection to the JVM.

An exception's message may quote a row, and it would go to logs, mail and the ledger. So for a Spark exception with an
error class, the message shows only the sentence of that class with its types, settings and names. For any other
exception it shows only the class.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from py4j.protocol import Py4JError, Py4JJavaError
from pyspark import SparkContext
from pyspark.errors import AnalysisException, PySparkException

from .errors import EngineError, Infrastructure

_INFRASTRUCTURE = (
    "java.io.IOException",
    "java.io.UncheckedIOException",
    "java.lang.InterruptedException",
    "java.lang.OutOfMemoryError",
    "java.util.concurrent.CancellationException",
    "java.util.concurrent.RejectedExecutionException",
    "java.util.concurrent.TimeoutException",
    "com.amazon.",
    "com.amazonaws.",
    "software.amazon.",
    "org.apache.hadoop.",
    "org.apache.http.",
    "org.apache.spark.ExecutorDeadException",
    "org.apache.spark.TaskKilledException",
    "org.apache.spark.network.",
    "org.apache.spark.rpc.",
    "org.apache.spark.shuffle.",
    "org.apache.spark.storage.",
)
# These are IOExceptions too, but they are about a value.
_OF_VALUES = ("com.fasterxml.jackson.", "java.nio.charset.CharacterCodingException")
_SPARK = "org.apache.spark.SparkException"
_WRAPPERS = ("TASK_WRITE_FAILED", "_LEGACY_ERROR_TEMP_2054", "FAILED_READ_FILE")
_WORDS_OF_SPARK = re.compile(
    r"(?:ExecutorLostFailure|FetchFailed|TaskKilled|TaskResultLost|Job \d+ cancelled|Job aborted)\b"
    r"(?: \(executor [\w-]+ exited [a-z ]+\)(?: Reason: [^\n]*)?)?"
)

_TYPE = re.compile(r'"[A-Z][A-Z0-9_<>(), :]*"')
_TYPES = {
    *("BIGINT", "BINARY", "BOOLEAN", "DATE", "DECIMAL", "DOUBLE", "FLOAT", "INT", "SMALLINT", "STRING", "TIMESTAMP"),
    *("TIMESTAMP_NTZ", "TINYINT", "VOID", "ARRAY", "MAP", "STRUCT"),
    *("INTERVAL", "YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "TO"),
}
_SETTING = re.compile(r'"?spark\.[A-Za-z0-9.]+"?')
_NAME = re.compile(r"`\w+`(?:\.`\w+`)*")
_MASK = "…"


@contextmanager
def executing(what: str, code: str, statement: str) -> Iterator[None]:
    """Raises a fault of the SQL or the data as an EngineError with this code, whose message begins with `what`.

    `statement`: the message may quote it. An exception that cannot quote a row, such as one of the analysis, keeps its
    own message.
    """
    try:
        yield
    except (PySparkException, Py4JJavaError) as error:
        if is_infrastructure(error):
            raise
        told = str(error) if isinstance(error, AnalysisException) else _sentence(error, statement)
        raise EngineError(code, f"{what}: {told}") from None


def is_infrastructure(error: Exception) -> bool:
    if isinstance(error, AnalysisException):
        return error.getErrorClass() == "PATH_ALREADY_EXISTS"
    causes = list(_causes(error))
    return not causes or any(map(_is_infrastructure, causes)) or _is_bare(causes[-1])


def infrastructure(error: Exception) -> Infrastructure:
    """The fault with a message that has no value of a row. Files, codes and hosts are not values of rows."""
    causes = list(_causes(error))
    if not causes or isinstance(error, AnalysisException):
        return Infrastructure(f"{type(error).__name__}: {_first_line(str(error))}")
    cause = next(filter(_is_infrastructure, reversed(causes)), causes[-1])
    name, text = cause.getClass().getName(), str(cause.getMessage() or "")
    if any(map(_is_infrastructure, causes)):
        told = _quoted_masked(_first_line(text))
    else:
        told = ", ".join(dict.fromkeys(_WORDS_OF_SPARK.findall(text))) or _MASK
    return Infrastructure(f"{name}: {told}")


def _causes(error: Exception) -> Iterator[Any]:
    """The chain of Java exceptions behind the error. The failure of a job wraps an exception that a task raised."""
    cause = getattr(error, "_origin", None) or getattr(error, "java_exception", None)
    while cause is not None:
        yield cause
        cause = cause.getCause()


def _is_infrastructure(cause: Any) -> bool:
    names = _classes(cause)
    if any(name.startswith(_OF_VALUES) for name in names):
        return False
    return any(name.startswith(_INFRASTRUCTURE) for name in names)


def _is_bare(cause: Any) -> bool:
    """Whether it is Spark's own exception without another cause, or Spark's error that its context was stopped."""
    name = cause.getClass().getName()
    if name == "java.lang.IllegalStateException":
        return "SparkContext" in str(cause.getMessage())
    return name == _SPARK and not _error_class(cause)


def _classes(cause: Any) -> list[str]:
    """Its class and all superclasses."""
    names, of = [], cause.getClass()
    while of is not None:
        names.append(of.getName())
        of = of.getSuperclass()
    return names


def _sentence(error: Exception, statement: str) -> str:
    causes = list(_causes(error))
    of_spark = [cause for cause in causes if _error_class(cause) not in (None, *_WRAPPERS)]
    if of_spark:
        return _masked(of_spark[-1], statement)
    return (
        f"{causes[-1].getClass().getName()}; its message may quote a row, so it is left out. Look at what the SQL does"
        " to values: raise_error, assert_true, patterns, dates, functions whose arguments come from rows"
    )


def _error_class(cause: Any) -> str | None:
    try:
        return cause.getErrorClass()
    except Py4JError:  # not an exception of Spark's own
        return None


def _masked(cause: Any, statement: str) -> str:
    """The error class's sentence, and the part of the statement that it is about."""
    error_class = cause.getErrorClass()
    jvm = SparkContext._active_spark_context._jvm
    parameters = jvm.java.util.HashMap()
    for name, value in dict(cause.getMessageParameters()).items():
        parameters[name] = value if _may_be_told(value, statement) else _MASK
    try:
        sentence = str(jvm.org.apache.spark.SparkThrowableHelper.getMessage(error_class, parameters))
    except Py4JError:
        sentence = f"[{error_class}]"
    if error_class.startswith("_LEGACY"):  # has no name of its own
        sentence = f"{cause.getClass().getName()}: {sentence}"
    fragments = [context.fragment() for context in cause.getQueryContext()]
    shown = [" ".join(text.split()) for text in fragments if text and text in statement]
    return f"{sentence.strip()}{''.join(f' It is raised by: {text}' for text in shown[:1])}"


def _may_be_told(value: str, statement: str) -> bool:
    """Whether it is a type, a setting, or a name or another part of the statement. A row's value is none of these."""
    if _TYPE.fullmatch(value):
        return set(re.findall(r"[A-Z_]+", value)) <= _TYPES
    if _NAME.fullmatch(value):
        return all(re.search(rf"\b{name}\b", statement, re.IGNORECASE) for name in re.findall(r"\w+", value))
    if value.startswith('"') and value.endswith('"') and len(value) > 2 and value[1:-1] in statement:
        return True
    return _SETTING.fullmatch(value) is not None


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _quoted_masked(text: str) -> str:
    """The text with everything in quotes masked, except files and resources."""
    return re.sub(r"""(["'])(?!arn:|s3a?:|file:|/)[^"']*\1""", rf"\1{_MASK}\1", text)
