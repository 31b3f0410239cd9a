"""Which columns of the cleaned datasets the business SQL reads, as Spark itself sees it.

A statement may read a column without naming it: by `*`, NATURAL JOIN, TABLE, PIVOT, a list of aliases. So Spark
analyses and optimises each statement over empty tables that have every column of the contract. No result depends on a
column that the optimiser drops. The views that the statements later run on still have every column, because leaving
one out would change what such a statement means; columns that nothing reads are null.
"""

import re
from collections.abc import Iterator
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StringType, StructField, StructType

from .contract import Column, Contract
from .orphans import ORPHAN_COLUMN, orphans_table
from .outputs import balances_sql
from .sql_text import identifier

Columns = dict[str, set[str]]
"""The columns of each table."""


def columns_read(spark: SparkSession, contract: Contract, statements: dict[str, str]) -> Columns | None:
    """The columns that the outputs and their balances read of each dataset and of each table of orphans.

    `statements` is the SQL of each output. None when a statement can't be analysed; it then fails when it is run.
    """
    session = spark.newSession()
    names: dict[int, str] = {}
    plans: list[Any] = []
    try:
        for dataset in contract.datasets.values():
            schema = _schema(session, dataset.columns)
            names[_register(session, dataset.name, schema)] = dataset.name
            schema = StructType([*schema.fields, StructField(ORPHAN_COLUMN, StringType())])
            names[_register(session, orphans_table(dataset), schema)] = orphans_table(dataset)
        for name, output in contract.outputs.items():
            plans.append(_optimised(session.sql(statements[name])))
            _register(session, name, _schema(session, output.columns))
            if output.balances:
                plans.append(_optimised(session.sql(balances_sql(output))))
    except Exception:
        return None
    read: Columns = {name: set() for name in names.values()}
    for plan in plans:
        for table, column in _read_by(plan):
            if table in names:
                read[names[table]].add(column)
    return read


def _schema(session: SparkSession, columns: tuple[Column, ...]) -> StructType:
    listed = ", ".join(f"cast(null as {column.type}) as {identifier(column.name)}" for column in columns)
    return session.sql(f"select {listed}").schema


def _register(session: SparkSession, name: str, schema: StructType) -> int:
    """Makes an empty table that the optimiser cannot recognise as empty. Returns the id of its RDD."""
    # The columns of the real tables may be null, so all columns are nullable here too.
    schema = StructType([StructField(field.name, field.dataType) for field in schema.fields])
    rows: DataFrame = session.createDataFrame(session.sparkContext.emptyRDD(), schema)
    rows.createOrReplaceTempView(identifier(name))
    return rows._jdf.queryExecution().analyzed().rdd().id()


def _optimised(rows: DataFrame) -> Any:
    return rows._jdf.queryExecution().optimizedPlan()


def _read_by(plan: Any) -> Iterator[tuple[int, str]]:
    """The id of the table's RDD and the column's name, for each column that the plan reads of a table."""
    needed: set[str] = set()
    tables: list[Any] = []

    def visit(node: Any, *, whole: bool) -> None:
        attributes = [node.output(), node.references()] if whole else [node.references()]
        for each in attributes:
            needed.update(re.findall(r"#(\d+)", each.mkString(" ")))
        children = list(_items(node.children()))
        if not children and node.nodeName() == "LogicalRDD":
            tables.append(node)
        for child in children:
            # A node with several children takes their columns by position, unless it is a join.
            visit(child, whole=len(children) > 1 and node.nodeName() != "Join")
        for subquery in _items(node.subqueries()):
            visit(subquery, whole=True)

    visit(plan, whole=True)
    for table in tables:
        number = table.rdd().id()
        for name, attribute in re.findall(r"(\w+)#(\d+)", table.output().mkString(" ")):
            if attribute in needed:
                yield number, name


def _items(sequence: Any) -> Iterator[Any]:
    return (sequence.apply(index) for index in range(sequence.size()))
