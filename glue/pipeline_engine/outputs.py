"""One output: its rows held against the contract, then written as Parquet."""

from dataclasses import dataclass

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession

from .contract import Output
from .errors import CheckFailed, SchemaMismatch, SqlFailed
from .report import Report
from .sql_text import identifier, identifiers

# A row of a wide table takes some 50 to 100 bytes in Parquet, so a file has between 100 and 200 MB.
ROWS_PER_FILE = 2_000_000


def file_count(rows: int) -> int:
    """How many files hold the rows: one while it stays small, then of even size."""
    return max(1, -(-rows // ROWS_PER_FILE))


def write_parquet(rows: DataFrame, uri: str, row_count: int) -> int:
    """Writes data files only; returns how many. The folder is of this job run alone, so one that exists is an error."""
    files = file_count(row_count)
    rows.coalesce(files).write.option("mapreduce.fileoutputcommitter.marksuccessfuljobs", "false").mode(
        "errorifexists"
    ).parquet(uri)
    return files


@dataclass(frozen=True)
class OutputWriter:
    spark: SparkSession
    report: Report

    def write(self, output: Output, sql: str, uri: str) -> None:
        """Runs the statement and writes its rows below the URI; a failed check writes nothing."""
        rows = self._query(output, sql)
        self._check_schema(output, rows)
        count = self._check_rows(output, rows)
        files = write_parquet(rows, uri, count)
        self.report.outputs[output.name] = {
            "rows": count,
            "files": files,
            "uri": uri,
            "columns": [{"name": column.name, "type": column.type} for column in output.columns],
        }

    def _query(self, output: Output, sql: str) -> DataFrame:
        try:
            return self.spark.sql(sql)
        except AnalysisException as error:
            raise SqlFailed(f'output "{output.name}": {error}') from error

    def _check_schema(self, output: Output, rows: DataFrame) -> None:
        written = [(field.name, field.dataType.simpleString()) for field in rows.schema.fields]
        declared = [(column.name, column.type) for column in output.columns]
        differences = schema_differences(written, declared)
        detail = "; ".join(differences) or f"{len(declared)} columns as declared"
        if not self.report.check(f"{output.name}.schema", not differences, detail):
            raise SchemaMismatch(f'output "{output.name}": {detail}')

    def _check_rows(self, output: Output, rows: DataFrame) -> int:
        """Counts the rows and holds them against the grain, before any is written.

        The grain alone is computed for it, which Spark does without the columns and joins that only add to a row.
        """
        grain = "_".join(output.grain)
        some_null = " or ".join(f"{identifier(name)} is null" for name in output.grain)
        counted = self.spark.sql(
            f"""with groups as (
    select {some_null} as is_null, count(*) as row_count
    from {{rows}}
    group by {identifiers(output.grain)}
)

select
    coalesce(sum(row_count), 0) as row_count,
    count_if(row_count > 1) as repeated,
    coalesce(sum(case when is_null then row_count end), 0) as nulls
from groups""",
            rows=rows,
        ).first()
        count, repeated, nulls = counted["row_count"], counted["repeated"], counted["nulls"]
        failed = [
            name
            for name, passed, detail in (
                (f"{output.name}.one_row_per_{grain}", repeated == 0, f"{repeated} values occur more than once"),
                (f"{output.name}.no_null_in_{grain}", nulls == 0, f"{nulls} rows"),
            )
            if not self.report.check(name, passed, detail)
        ]
        if failed:
            raise CheckFailed(f'output "{output.name}": {", ".join(failed)} failed over {count} rows')
        return count


def schema_differences(written: list[tuple[str, str]], declared: list[tuple[str, str]]) -> list[str]:
    """In words and by column; empty when names, order and types are equal."""
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
