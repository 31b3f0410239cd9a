"""The shipped SQL behind the shipped contract, from lines of JSON to Parquet."""

from decimal import Decimal
from typing import Any

import pyspark
import pytest
from pyspark import SparkContext

from harness import USER_ACTIVITY, commerce_contract, data_files
from plan_harness import PlanRun
from plan_runner.errors import EngineError

USERS = [
    {"user_id": "u_1", "signup_date": "2025-01-01T00:00:00", "country": "IN", "device_type": "PC",
     "marketing_source": "google_ads"},
    {"user_id": "u_1", "signup_date": "2025-02-01T08:00:00+02:00", "country": "US", "device_type": "tablet",
     "marketing_source": "youtube"},
    {"user_id": "u_1", "signup_date": None, "country": "EU"},
    {"user_id": "u_2", "signup_date": "2025-03-01", "country": None, "device_type": "mobile"},
    {"user_id": "u_3"},
    {"user_id": None, "country": "US"},
    {"country": "US"},
]  # fmt: skip
EVENTS = [
    {"event_id": "e_1", "user_id": "u_1", "event_type": "product_view", "event_timestamp": "2025-05-01T10:00:00.123456",
     "session_id": "s_1"},
    {"event_id": "e_2", "user_id": "u_1", "event_type": "product_view", "event_timestamp": "2025-05-01T09:00:00",
     "session_id": "s_1"},
    {"event_id": "e_3", "user_id": "u_1", "event_type": "product_purchase", "event_timestamp": "2025-05-02T00:00:00Z",
     "session_id": "s_2"},
    {"event_id": "e_3", "user_id": "u_1", "event_type": "product_view", "event_timestamp": "2025-05-01T23:00:00Z",
     "session_id": "s_9"},
    {"event_id": "e_4", "user_id": "u_1", "event_type": None, "event_timestamp": None, "session_id": None},
    {"event_id": "e_5", "user_id": "u_404", "event_type": "signup", "page": {"id": 1}},
    {"event_id": "e_6", "user_id": None, "event_type": "logout", "page": 2},
    {"event_id": None, "user_id": "u_1"},
    {"event_id": None, "user_id": None},
    {"event_id": "e_7", "user_id": "u_2", "event_timestamp": "yesterday"},
]  # fmt: skip
ORDERS = [
    {"order_id": "o_1", "user_id": "u_1", "order_amount": 10.10, "payment_status": "success",
     "order_timestamp": "2025-06-01T00:00:00"},
    {"order_id": "o_2", "user_id": "u_1", "order_amount": 20.25, "payment_status": "success",
     "order_timestamp": "2025-06-03T00:00:00"},
    {"order_id": "o_2", "user_id": "u_1", "order_amount": 99.99, "payment_status": "success",
     "order_timestamp": "2025-06-02T00:00:00"},
    {"order_id": "o_3", "user_id": "u_1", "order_amount": 500, "payment_status": "failed"},
    {"order_id": "o_4", "user_id": "u_1", "order_amount": -7, "payment_status": "in_progress", "currency": "usd"},
    {"order_id": "o_5", "user_id": "u_2", "order_amount": None, "payment_status": "success"},
    {"order_id": "o_6", "user_id": "u_404", "order_amount": 1000, "payment_status": "success", "currency": "$"},
    {"order_id": "o_7", "user_id": "u_2", "order_amount": "12,50", "payment_status": "success"},
]  # fmt: skip
BROKEN_LINE = '{"user_id": "u_9", "country": "US"'

ANSWER = [
    {
        "user_id": "u_1", "country": "US", "device_type": "tablet", "marketing_source": "youtube",
        "signup_date": "2025-02-01 06:00:00", "total_events": 4, "total_sessions": 2, "product_views": 2,
        "product_purchases": 1, "first_event_at": "2025-05-01 09:00:00", "last_event_at": "2025-05-02 00:00:00",
        "total_orders": 4, "successful_orders": 2, "failed_orders": 1, "revenue": Decimal("30.35"),
        "last_order_at": "2025-06-03 00:00:00",
    },
    {
        "user_id": "u_2", "country": "unknown", "device_type": "mobile", "marketing_source": "unknown",
        "signup_date": "2025-03-01 00:00:00", "total_events": 0, "total_sessions": 0, "product_views": 0,
        "product_purchases": 0, "first_event_at": None, "last_event_at": None, "total_orders": 1,
        "successful_orders": 1, "failed_orders": 0, "revenue": Decimal("0.00"), "last_order_at": None,
    },
    {
        "user_id": "u_3", "country": "unknown", "device_type": "unknown", "marketing_source": "unknown",
        "signup_date": None, "total_events": 0, "total_sessions": 0, "product_views": 0, "product_purchases": 0,
        "first_event_at": None, "last_event_at": None, "total_orders": 0, "successful_orders": 0, "failed_orders": 0,
        "revenue": Decimal("0.00"), "last_order_at": None,
    },
]  # fmt: skip

DATASETS = {
    "users": {
        "lines": 8, "malformed": 1, "read": 7, "kept": 3, "rejected": {"user_id_is_null": 2}, "warned": {},
        "deduplicated": 2, "orphans": {},
    },
    "events": {
        "lines": 10, "malformed": 1, "read": 9, "kept": 5, "rejected": {"event_id_is_null": 2, "user_id_is_null": 1},
        "warned": {"event_type_not_allowed": 1}, "deduplicated": 1, "orphans": {"user_id": 1},
    },
    "orders": {
        "lines": 8, "malformed": 1, "read": 7, "kept": 6, "rejected": {"order_id_is_null": 0, "user_id_is_null": 0},
        "warned": {"order_amount_out_of_range": 1, "currency_pattern": 2, "payment_status_not_allowed": 0},
        "deduplicated": 1, "orphans": {"user_id": 1},
    },
}  # fmt: skip


def commerce(spark, typescript, folder) -> PlanRun:
    """The shipped pipeline on the rows above."""
    made = PlanRun(spark, typescript, folder, commerce_contract(), {"user_activity": USER_ACTIVITY.read_text()})
    for name, rows in {"users": [*USERS, BROKEN_LINE], "events": EVENTS, "orders": ORDERS}.items():
        made.put(name, rows)
    return made


def answer(made: PlanRun) -> list[dict[str, Any]]:
    columns = [column["name"] for column in made.contract["outputs"]["user_activity"]["columns"]]
    return [dict(zip(columns, row, strict=True)) for row in made.rows("user_activity")]


@pytest.fixture(scope="module")
def done(spark, typescript, tmp_path_factory) -> PlanRun:
    """One run, for the tests that only look at what it left."""
    made = commerce(spark, typescript, tmp_path_factory.mktemp("done"))
    made.run()
    return made


def passed(name: str, detail: str) -> dict[str, Any]:
    return {"name": name, "passed": True, "detail": detail}


def test_gives_the_exact_rows_and_the_exact_report(done):
    assert answer(done) == ANSWER
    report = done.report()
    seconds, manifest = report.pop("seconds"), report.pop("manifest")
    drift = {name: counted.pop("drift") for name, counted in report["datasets"].items()}
    assert drift == {name: {"undeclared": [], "absent": [], "changed": []} for name in DATASETS}
    assert manifest["uri"] == "m.json"
    assert len(manifest["sha256"]) == 64
    assert {"analysis", "datasets#counts", "user_activity", "total"} < set(seconds)
    assert report == {
        "format": 1,
        "pipeline": "commerce",
        "batch": "current",
        "run": 1,
        "jobRun": "jr_1",
        "plan": {"sha256": done.manifest()["release"]["plan"]["sha256"]},
        "state": "succeeded",
        "failure": None,
        "datasets": DATASETS,
        "outputs": {
            "user_activity": {
                "rows": 3,
                "files": 1,
                "uri": f"{done.output_folder('user_activity')}/",
                "columns": done.contract["outputs"]["user_activity"]["columns"],
            }
        },
        "checks": [
            passed("user_activity.schema", "16 columns as declared"),
            passed("users.rows_read", "expected 7 rows as promoted, actual 7"),
            passed("events.rows_read", "expected 9 rows as promoted, actual 9"),
            passed("orders.rows_read", "expected 7 rows as promoted, actual 7"),
            passed("users.rows_balance", "7 read = 3 kept + 2 rejected + 2 deduplicated"),
            passed("users.max_rejected", "expected at most 100%, actual 37.5% (1 malformed + 2 rejected of 8 rows)"),
            passed("events.rows_balance", "9 read = 5 kept + 3 rejected + 1 deduplicated"),
            passed("events.max_rejected", "expected at most 100%, actual 40% (1 malformed + 3 rejected of 10 rows)"),
            passed("orders.rows_balance", "7 read = 6 kept + 0 rejected + 1 deduplicated"),
            passed("orders.max_rejected", "expected at most 100%, actual 12.5% (1 malformed + 0 rejected of 8 rows)"),
            passed("user_activity.one_row_per_user_id", "expected 0 values of more than one row, actual 0"),
            passed("user_activity.no_null_in_user_id", "expected 0 rows, actual 0"),
            passed("user_activity.balance_users", "expected 3, actual 3"),
            passed("user_activity.balance_events", "expected 5, actual 5"),
            passed("user_activity.balance_orders", "expected 6, actual 6"),
            passed("user_activity.balance_revenue", "expected 1030.35, actual 1030.35"),
        ],
        "engine": {"name": "spark", "version": pyspark.__version__},
    }


def test_writes_data_files_only_one_while_small_with_micros_in_utc(done, spark):
    (name,) = data_files(done.output_folder("user_activity"))
    assert name.startswith("part-00000-")
    assert name.endswith(".parquet")
    schema = parquet_schema(spark, done.output_folder("user_activity") / name)
    assert "optional int64 first_event_at (TIMESTAMP(MICROS,true))" in schema
    assert "required fixed_len_byte_array(10) revenue (DECIMAL(22,2))" in schema
    assert "required int64 total_events" in schema
    assert "optional binary user_id (STRING)" in schema


def parquet_schema(spark, path) -> str:
    """As the file's own footer states it."""
    jvm = SparkContext._active_spark_context._jvm
    conf = spark.sparkContext._jsc.hadoopConfiguration()
    hadoop_path = jvm.org.apache.hadoop.fs.Path(str(path))
    source = jvm.org.apache.parquet.hadoop.util.HadoopInputFile.fromPath(hadoop_path, conf)
    reader = jvm.org.apache.parquet.hadoop.ParquetFileReader.open(source)
    try:
        return reader.getFileMetaData().getSchema().toString()
    finally:
        reader.close()


def test_keeps_each_rejected_row_with_its_rule_and_its_line_and_writes_none_where_there_are_none(done):
    assert [row[:3] for row in done.rejected("users")] == [
        ("user_id_is_null", "users.json", 6), ("user_id_is_null", "users.json", 7),
    ]  # fmt: skip
    assert [(row[0], row[2]) for row in done.rejected("events")] == [
        ("event_id_is_null", 8), ("event_id_is_null", 9), ("user_id_is_null", 7),
    ]  # fmt: skip
    assert {path.name for path in (done.folder / "rejected" / "rows").iterdir()} == {"users", "events"}


SQL_MUTANTS = {
    "users without events are lost": ("left join events_per_user", "join events_per_user"),
    "users without orders are lost": ("left join orders_per_user", "join orders_per_user"),
    "orders count twice": ("from all_orders\n", "from all_orders cross join (values (1), (2)) as twice\n"),
    "orders count once per event": ("from all_orders\n", "from all_orders join all_events using (user_id)\n"),
    "events without a type are lost": ("count(*) as total_events", "count(event_type) as total_events"),
    "sessions count once per event": ("count(distinct session_id)", "count(session_id)"),
    "views are purchases": ("'product_view' then", "'product_purchase' then"),
    "the first event is the last": ("min(event_timestamp)", "max(event_timestamp)"),
    "the last order is the first": ("max(order_timestamp)", "min(order_timestamp)"),
    "failed orders are other ones": ("'failed'", "'refunded'"),
    "all orders are revenue": ("= 'success' then order_amount end", "is not null then order_amount end"),
    "no orders are null": ("coalesce(orders_per_user.total_orders, 0)", "orders_per_user.total_orders"),
}


@pytest.mark.slow
def test_without_a_part_of_the_sql_the_answer_is_another_or_a_check_fails(spark, typescript, tmp_path):
    made = commerce(spark, typescript, tmp_path)
    [shipped] = made.sql.values()
    survived = []
    for mutant, (old, new) in SQL_MUTANTS.items():
        made.sql["user_activity"] = shipped.replace(old, new)
        assert made.sql["user_activity"] != shipped, mutant
        try:
            made.run()
        except EngineError as error:
            assert error.code == "check_failed", mutant
            continue
        if answer(made) == ANSWER:
            survived.append(mutant)
    assert survived == []
