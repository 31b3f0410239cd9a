"""One output: its rows are checked against the contract and the inputs, then written as Parquet."""

from dataclasses import dataclass

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession

from .column_type import decimal_digits
from .contract import Column, Output
from .errors import CheckFailed, SchemaMismatch, SqlFailed
from .faults import executing
from .report import Report
from .sql_text import identifier, identifiers

# In Parquet, values take between a quarter of their own size and all of it, so a file has 128 to 512 MiB.
BYTES_PER_FILE = 512 * 1024 * 1024
_WIDTHS = {"boolean": 1, "int": 4, "date": 4, "bigint": 8, "double": 8, "timestamp": 8}


def file_count(row_bytes: int) -> int:
    """The number of files for rows whose values have this size: one while it is small, then files of even size."""
    return max(1, -(-row_bytes // BYTES_PER_FILE))


def row_bytes(columns: tuple[Column, ...]) -> str:
    """The size of a row's values in bytes, as SQL."""
    return " + ".join(_value_bytes(column) for column in columns)


def _value_bytes(column: Column) -> str:
    if digits := decimal_digits(column.type):
        return str(4 if digits[0] < 10 else 8 if digits[0] < 19 else 16)
    if column.type in _WIDTHS:
        return str(_WIDTHS[column.type])
    text = identifier(column.name) if column.type == "string" else f"to_json({identifier(column.name)})"
    return f"coalesce(octet_length({text}), 0)"


def write_parquet(rows: DataFrame, uri: str, files: int, cluster_by: tuple[str, ...] = ()) -> None:
    """Writes data files only. The folder belongs to this job run alone, so it must not exist yet."""
    columns = [identifier(name) for name in cluster_by]
    if files == 1:
        rows = rows.coalesce(1)
    else:
        rows = rows.repartitionByRange(files, *columns) if columns else rows.repartition(files)
    if columns:
        rows = rows.sortWithinPartitions(*columns)
    rows.write.option("mapreduce.fileoutputcommitter.marksuccessfuljobs", "false").mode("errorifexists").parquet(uri)


@dataclass(frozen=True)
class OutputWriter:
    spark: SparkSession
    report: Report

    def write(self, output: Output, sql: str, uri: str) -> None:
        """Runs the statement and writes its rows below the URI; a failed check writes nothing.

        The rows are computed once and cached, so exactly the checked rows are written.
        """
        balances = "\n".join(query for balance in output.balances for query in (balance.input, balance.output))
        with executing(f'output "{output.name}"', SqlFailed, f"{sql}\n{balances}"):
            rows = self.spark.sql(sql)
            self._check_schema(output, rows)
            rows.persist(StorageLevel.MEMORY_AND_DISK)
            try:
                rows.createOrReplaceTempView(identifier(output.name))
                count, size = self._check_rows(output)
                self._check_balances(output)
                files = file_count(size)
                write_parquet(rows, uri, files, output.cluster_by)
            finally:
                rows.unpersist()
        self.report.outputs[output.name] = {
            "rows": count,
            "files": files,
            "uri": uri,
            "columns": [{"name": column.name, "type": column.type} for column in output.columns],
        }

    def _check_schema(self, output: Output, rows: DataFrame) -> None:
        written = [(field.name, field.dataType.simpleString()) for field in rows.schema.fields]
        declared = [(column.name, column.type) for column in output.columns]
        differences = schema_differences(written, declared)
        detail = "; ".join(differences) or f"{len(declared)} columns as declared"
        if not self.report.check(f"{output.name}.schema", not differences, detail):
            raise SchemaMismatch(f'output "{output.name}": {detail}')

    def _check_rows(self, output: Output) -> tuple[int, int]:
        """Checks the rows against the grain. Returns the number of rows and the size of their values in bytes."""
        grain = "_".join(output.grain)
        some_null = " or ".join(f"{identifier(name)} is null" for name in output.grain)
        counted = self._statement(
            f"""with groups as (
    select
        {some_null} as is_null,
        count(*) as row_count,
        sum({row_bytes(output.columns)}) as row_bytes
    from {identifier(output.name)}
    group by {identifiers(output.grain)}
)

select
    coalesce(sum(row_count), 0) as row_count,
    coalesce(sum(row_bytes), 0) as row_bytes,
    count_if(row_count > 1) as repeated,
    coalesce(sum(case when is_null then row_count end), 0) as nulls
from groups""",
        ).first()
        count, repeated, nulls = counted["row_count"], counted["repeated"], counted["nulls"]
        self._require(
            output,
            {
                f"one_row_per_{grain}": (repeated == 0, f"expected 0 values of more than one row, actual {repeated}"),
                f"no_null_in_{grain}": (nulls == 0, f"expected 0 rows, actual {nulls}"),
            },
        )
        return count, counted["row_bytes"]

    def _check_balances(self, output: Output) -> None:
        """Checks that the two queries of each balance return the same value."""
        if not output.balances:
            return
        row = self._statement(balances_sql(output)).first()
        checks = {}
        for index, balance in enumerate(output.balances):
            expected, actual, equal = row[3 * index : 3 * index + 3]
            checks[f"balance_{balance.name}"] = (equal, f"expected {_shown(expected)}, actual {_shown(actual)}")
        self._require(output, checks)

    def _require(self, output: Output, checks: dict[str, tuple[bool, str]]) -> None:
        """Adds the checks to the report, each with its name and detail. Raises an error when one has failed."""
        failed = [
            f"{output.name}.{name} failed: {detail}"
            for name, (passed, detail) in checks.items()
            if not self.report.check(f"{output.name}.{name}", passed, detail)
        ]
        if failed:
            raise CheckFailed("; ".join(failed))

    def _statement(self, sql: str) -> DataFrame:
        print(sql, end="\n\n", flush=True)
        return self.spark.sql(sql)


def balances_sql(output: Output) -> str:
    """One row: for each balance the results of its two queries as text, and whether they are equal. Null equals
    nothing. A result that is not a number, boolean or time is not shown, because it may be a row's value."""
    values, results = [], []
    for balance in output.balances:
        left, right = (identifier(f"{balance.name} {side}") for side in ("input", "output"))
        # The query stands on its own lines, because it may end with a comment.
        values += [f"(\n{balance.input}\n    ) as {left}", f"(\n{balance.output}\n    ) as {right}"]
        results += [_shown_sql(left), _shown_sql(right), f"coalesce({left} = {right}, false)"]
    separator = ",\n    "
    return f"select\n    {separator.join(results)}\nfrom (select\n    {separator.join(values)}\n)"


def _shown_sql(value: str) -> str:
    kept = f"typeof({value}) rlike '^(tinyint|smallint|int|bigint|float|double|decimal|boolean|date|timestamp|void)'"
    return f"case when {value} is null then null when {kept} then cast({value} as string) else '…' end"


def _shown(value: str | None) -> str:
    return "null" if value is None else value


def schema_differences(written: list[tuple[str, str]], declared: list[tuple[str, str]]) -> list[str]:
    """One message per difference; empty when names, order and types are equal."""
    written_types, declared_types = dict(written), dict(declared)
    differences = [f"column {name} is missing" for name in declared_types if name not in written_types]
    differences += [f"column {name} is not declared" for name in written_types if name not in declared_types]
    differences += [
        f"column {name} is {written_types[name]}, declared {kind}"
        for name, kind in declared
        if name in written_types and written_types[name] != kind
    ]
    if not differences and written != declared:
        order = ", ".join(name for name, _ in written)
        differences.append(f"columns come as {order}, declared {', '.join(declared_types)}")
    return differences
