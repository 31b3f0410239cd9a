"""Reads a pinned object as rows of JSON text. Uses its exact URI, lists nothing and infers no schema."""

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f
from pyspark.sql.types import ArrayType, StringType

from .cleaning import TEXT
from .errors import InputMissing
from .manifest import Input


def read_texts(spark: SparkSession, dataset: str, source: Input | None) -> DataFrame:
    """One JSON text per row, in one column. No rows when an optional dataset is absent."""
    if source is None:
        return spark.createDataFrame([], f"`{TEXT}` string")
    try:
        lines = spark.read.text(source.uri, wholetext=source.format == "array")
    except AnalysisException as error:
        if error.getErrorClass() == "PATH_NOT_FOUND":
            raise InputMissing(f'dataset "{dataset}": {source.uri} does not exist') from error
        raise
    if source.format == "array":
        return lines.select(f.explode(_elements()("value")).alias(TEXT))
    return lines.select(f.col("value").alias(TEXT))


def _elements():
    """Splits the text of a JSON array into the texts of its elements.

    Spark's own reader drops a whole array because of one bad element, and reading elements as strings loses digits of
    decimals. A nested function is sent to the workers by value, so they need not be able to import this module.
    """

    def elements(text: str) -> list[str]:
        import json

        # The values do not matter here, and Python refuses to parse an integer with very many digits.
        decode = json.JSONDecoder(parse_int=str).raw_decode
        blank = " \t\r\n\ufeff"

        def skip(position: int) -> int:
            while position < len(text) and text[position] in blank:
                position += 1
            return position

        found: list[str] = []
        start = skip(0)
        try:
            if text[start : start + 1] != "[":
                raise ValueError
            position = skip(start + 1)
            separator = "]" if text[position : position + 1] == "]" else ","
            while separator == ",":
                start = position
                _, end = decode(text, start)
                found.append(text[start:end])
                start = end
                position = skip(end)
                separator = text[position : position + 1]
                position = skip(position + 1) if separator == "," else position
            if separator != "]" or skip(position + 1) != len(text):
                raise ValueError
        except (ValueError, RecursionError):
            # The rest that cannot be split becomes one row, which the contract then finds malformed.
            found.append(text[start:])
        return found

    return f.udf(elements, ArrayType(StringType(), containsNull=False))
