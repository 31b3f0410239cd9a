"""Which columns an output reads: those that are kept of a dataset. The others are null in the views that it runs on."""

import json

import pytest

from harness import column, commerce_contract, contract, dataset, output
from pipeline_engine.columns_read import columns_read
from pipeline_engine.contract import parse_contract
from pipeline_engine.session import session_for

ALL = "country,device_type,marketing_source,signup_date,user_id"


@pytest.fixture(scope="module")
def session(spark):
    return session_for(spark, 0)


def read(session, sql: str, balance: str = "select 1") -> dict[str, str] | None:
    document = commerce_contract()
    document["outputs"]["user_activity"]["balances"] = [{"name": "b", "input": balance, "output": "select 1"}]
    found = columns_read(session, parse_contract(json.dumps(document).encode()), {"user_activity": sql})
    return found and {name: ",".join(sorted(columns)) for name, columns in found.items() if columns}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select user_id, COUNTRY from users", "country,user_id"),
        ("select `device_type` from users", "device_type"),
        ("select 2 * length(country) as n from users -- signup_date", "country"),
        ("select country from (select * from users)", "country"),
        ("select identifier('coun' || 'try') from users", "country"),
        ("select c from users as t(a, b, c, d, e)", "country"),
        ("select c from (table users union all table users) as t(a, b, c, d, e)", "country"),
        ("select u.country from users as u natural join users as v", ALL),
        ("table users", ALL),
        ("select u.* from users as u", ALL),
        ("select user_id from (table users except table users)", ALL),
        ("select count(*) from (select distinct * from users)", ALL),
        ("select * from users pivot (max(user_id) for country in ('IN', 'US'))", ALL),
        ("select user_id from users where country in (select device_type from users)", "country,device_type,user_id"),
        ("select (select max(country) from users) as c", "country"),
    ],
)
def test_a_column_counts_as_read_however_it_is_read(session, sql, expected):
    assert read(session, sql) == {"users": expected}


def test_what_only_counts_rows_reads_no_column(session):
    assert read(session, "select count(*) as n from users") == {}


def test_balances_read_orphans_and_outputs(session):
    balance = "select count(distinct order_id) + (select count(*) from user_activity) from orders_orphans"
    assert read(session, "table users", balance) == {"users": ALL, "orders_orphans": "order_id"}


def test_all_of_it_may_be_read_by_what_is_no_sql(session):
    assert read(session, "select price from users") is None


STOCK = [column("id", "string", "reject"), column("shop", "string"), column("shelf", "string"), column("n", "int")]
GOALS = [column("goal", "string", "reject"), column("shop", "string"), column("shelf", "string"), column("low", "int")]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select id from stock natural join goals", ["1"]),
        ("select a as id from stock as s(a, b, c, d) where d = 7", ["3"]),
        ("select a as id from (table stock union all table goals) as s(a, b, c, d) where d = 5", ["1", "x"]),
    ],
)
def test_columns_that_are_read_without_being_named_have_their_values(pipeline, sql, expected):
    made = pipeline(
        contract(
            {"stock": dataset(STOCK, ["id"], "n"), "goals": dataset(GOALS, ["goal"], "low")},
            {"found": output(["id"], id="string")},
        )
    )
    made.sql["found"] = sql
    places = [("a", "top"), ("a", "low"), ("b", "top")]
    made.put_rows(
        "stock",
        [{"id": str(index), "shop": shop, "shelf": shelf, "n": 4 + index}
         for index, (shop, shelf) in enumerate(places, start=1)],
    )  # fmt: skip
    made.put_rows("goals", [{"goal": "x", "shop": "a", "shelf": "top", "low": 5}])
    made.run()

    assert [row["id"] for row in made.rows("found")] == expected
