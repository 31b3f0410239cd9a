"""Tells a fault of the data or the SQL from one of the cluster, by what Spark says of it."""

from collections.abc import Iterator
from typing import Any

from py4j.protocol import Py4JError

from .errors import SqlFailed

# The SQLSTATE classes "cardinality violation", such as two rows where one value is meant, and "data exception":
# overflow, division by zero, a value that cannot be cast.
_FAULTS_OF_THE_DATA = ("21", "22")


def fault_of_the_data(error: Exception) -> SqlFailed | None:
    """The failure to report when the rows themselves made a statement fail; None for any other fault."""
    for cause in _causes(error):
        if _sql_state(cause).startswith(_FAULTS_OF_THE_DATA):
            return SqlFailed(str(cause.getMessage()))
    return None


def _causes(error: Exception) -> Iterator[Any]:
    """The Java exceptions behind the error; one raised in a task is wrapped in the failure of its job."""
    cause = getattr(error, "_origin", None) or getattr(error, "java_exception", None)
    while cause is not None:
        yield cause
        cause = cause.getCause()


def _sql_state(cause: Any) -> str:
    try:
        return cause.getSqlState() or ""
    except Py4JError:  # not an exception of Spark's own
        return ""
