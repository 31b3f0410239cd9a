"""The generated SQL as text: what it reads, quotes and leaves out. That it works is in test_rows.py."""

import json

import pytest

from harness import commerce_contract
from pipeline_engine import cleaning
from pipeline_engine.contract import Column, Dataset, parse_contract
from pipeline_engine.orphans import orphan_counts_sql
from pipeline_engine.outputs import BYTES_PER_FILE, file_count, schema_differences
from pipeline_engine.session import shuffle_partitions
from pipeline_engine.sql_text import identifier, literal

DATASETS = parse_contract(json.dumps(commerce_contract()).encode()).datasets


ORDERS = DATASETS["orders"]


def test_the_rank_is_over_the_key_latest_first_and_total():
    classified = cleaning.classify_sql(ORDERS, ["order_id"], {})
    assert "partition by `order_id`, `#text`" in classified
    order = classified.split("order by ")[1]
    assert order.startswith("`order_timestamp` desc nulls last, `user_id` desc nulls last")
    assert order.count("desc nulls last") == 6


def test_the_same_contract_gives_the_same_sql():
    assert cleaning.classify_sql(ORDERS, ["order_id"], {}) == cleaning.classify_sql(ORDERS, ["order_id"], {})


def test_names_and_values_cannot_leave_their_quotes():
    assert identifier("a`b") == "`a``b`"
    assert literal("it's \\") == "'it\\'s \\\\'"
    column = Column("note", "string", on_null="default", default="' or '1'='1")
    made = Dataset("t", True, (Column("id", "string", "reject"), column), ("id",), "id", (), max_rejected=0)
    assert "coalesce(`note`, '\\' or \\'1\\'=\\'1')" in cleaning.classify_sql(made, ["id"], {})


def test_no_orphan_statement_without_references():
    assert orphan_counts_sql([DATASETS["users"]]) is None


@pytest.mark.parametrize(
    ("size", "files"), [(0, 1), (1, 1), (BYTES_PER_FILE, 1), (BYTES_PER_FILE + 1, 2), (10 * BYTES_PER_FILE, 10)]
)
def test_files_are_sized_by_what_their_rows_measure(size, files):
    assert file_count(size) == files


def test_partitions_grow_with_the_input_and_never_fall_below_the_cores():
    assert shuffle_partitions(0, 4) == 8
    assert shuffle_partitions(10 * 1024**3, 4) == 320


def test_schema_differences_are_told_by_column():
    declared = [("a", "string"), ("b", "int")]
    assert schema_differences(declared, declared) == []
    assert schema_differences([("b", "int"), ("a", "string")], declared) == ["columns come as b, a, declared a, b"]
    assert schema_differences([("a", "int"), ("c", "int")], declared) == [
        "column b is missing",
        "column c is not declared",
        "column a is int, declared string",
    ]
    assert schema_differences([("a", "string"), ("a", "string"), ("b", "int")], declared) == [
        "columns come as a, a, b, declared a, b"
    ]
