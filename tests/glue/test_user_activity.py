"""The shipped SQL behind the shipped contract, from files to Parquet."""

import random
from decimal import Decimal
from typing import Any

import pytest
from pyspark import SparkContext

from harness import NO_DRIFT, Pipeline, commerce_contract, data_files, lines
from pipeline_engine.errors import SchemaMismatch

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
        "read": 8, "kept": 3, "rejected": {"malformed": 1, "user_id_is_null": 2}, "warned": {}, "deduplicated": 2,
        "orphans": {}, "drift": NO_DRIFT,
    },
    "events": {
        "read": 10, "kept": 5, "rejected": {"malformed": 1, "event_id_is_null": 2, "user_id_is_null": 1},
        "warned": {"event_type_not_allowed": 1}, "deduplicated": 1, "orphans": {"user_id": 1},
        "drift": {"undeclared": [{"name": "page", "rows": 2}],
                  "absent": ["product_id", "device_type"], "changed": []},
    },
    "orders": {
        "read": 8, "kept": 6, "rejected": {"malformed": 1, "order_id_is_null": 0, "user_id_is_null": 0},
        "warned": {"order_amount_out_of_range": 1, "currency_pattern": 2, "payment_status_not_allowed": 0},
        "deduplicated": 1, "orphans": {"user_id": 1},
        "drift": {"undeclared": [], "absent": ["product_id"], "changed": []},
    },
}  # fmt: skip


def put_inputs(pipeline, arrange=lambda rows: rows, **how: Any) -> None:
    for name, rows in {"users": [*USERS, BROKEN_LINE], "events": EVENTS, "orders": ORDERS}.items():
        pipeline.put_rows(name, arrange(list(rows)), **how)


def shuffled(rows: list[Any]) -> list[Any]:
    return random.Random(1).sample(rows, len(rows))  # noqa: S311


def keys_reversed(rows: list[Any]) -> list[Any]:
    return [row if isinstance(row, str) else dict(reversed(row.items())) for row in rows]


@pytest.fixture(scope="module")
def done(spark, tmp_path_factory) -> Pipeline:
    """One run over all of the above, for the tests that only look at what it left."""
    pipeline = Pipeline(spark, tmp_path_factory.mktemp("done"), commerce_contract())
    put_inputs(pipeline)
    pipeline.run()
    return pipeline


def passed(name: str, detail: str) -> dict[str, Any]:
    return {"name": name, "passed": True, "detail": detail}


def test_gives_the_exact_rows_and_the_exact_report(done):
    assert done.rows() == ANSWER
    report = done.report()
    manifest = report.pop("manifest")
    seconds = report.pop("seconds")
    assert manifest["uri"] == "manifest.json"
    assert len(manifest["sha256"]) == 64
    assert set(seconds) == {"datasets", "outputs", "total"}
    assert report == {
        "format": 1,
        "pipeline": "commerce",
        "batch": "current",
        "run": 1,
        "jobRun": "jr_1",
        "state": "succeeded",
        "failure": None,
        "datasets": DATASETS,
        "outputs": {
            "user_activity": {
                "rows": 3,
                "files": 1,
                "uri": f"{done.output_folder()}/",
                "columns": done.contract["outputs"]["user_activity"]["columns"],
            }
        },
        "checks": [
            passed("users.rows_balance", "8 read = 3 kept + 3 rejected + 2 deduplicated"),
            passed("users.schema_evolution", "additive: nothing to object to"),
            passed("users.max_rejected", "expected at most 100%, actual 37.5% (3 of 8 rows)"),
            passed("events.rows_balance", "10 read = 5 kept + 4 rejected + 1 deduplicated"),
            passed("events.schema_evolution", "additive: nothing to object to"),
            passed("events.max_rejected", "expected at most 100%, actual 40% (4 of 10 rows)"),
            passed("orders.rows_balance", "8 read = 6 kept + 1 rejected + 1 deduplicated"),
            passed("orders.schema_evolution", "additive: nothing to object to"),
            passed("orders.max_rejected", "expected at most 100%, actual 12.5% (1 of 8 rows)"),
            passed("user_activity.schema", "16 columns as declared"),
            passed("user_activity.one_row_per_user_id", "expected 0 values of more than one row, actual 0"),
            passed("user_activity.no_null_in_user_id", "expected 0 rows, actual 0"),
            passed("user_activity.balance_users", "expected 3, actual 3"),
            passed("user_activity.balance_events", "expected 5, actual 5"),
            passed("user_activity.balance_orders", "expected 6, actual 6"),
            passed("user_activity.balance_revenue", "expected 1030.35, actual 1030.35"),
        ],
        "engine": {"name": "spark", "version": "3.5.6"},
    }


def test_writes_data_files_only_one_while_small_with_micros_in_utc(done, spark):
    (name,) = data_files(done.output_folder())
    assert name.startswith("part-00000-")
    assert name.endswith(".parquet")
    schema = parquet_schema(spark, done.output_folder() / name)
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


def test_keeps_each_rejected_row_with_its_rule_its_text_and_its_file(done):
    uri = done.inputs["users"]["uri"]
    assert done.rejected("users") == [
        ("malformed", BROKEN_LINE, uri),
        ("user_id_is_null", '{"country": "US"}', uri),
        ("user_id_is_null", '{"user_id": null, "country": "US"}', uri),
    ]
    assert [(rule, text[:18]) for rule, text, _ in done.rejected("events")] == [
        ("event_id_is_null", '{"event_id": null,'),
        ("event_id_is_null", '{"event_id": null,'),
        ("malformed", '{"event_id": "e_7"'),
        ("user_id_is_null", '{"event_id": "e_6"'),
    ]


def test_writes_no_rejected_rows_when_there_are_none(commerce):
    for name in commerce.inputs:
        commerce.put_rows(name, [{"user_id": "u_1", "event_id": "e_1", "order_id": "o_1"}])
    commerce.run()

    assert not (commerce.folder / "rejected").exists()
    assert commerce.rows()[0]["total_orders"] == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arrange", "compressed"),
    [(shuffled, False), (list, True), (keys_reversed, False)],
    ids=["shuffled", "gzip", "keys"],
)
def test_gives_the_same_answer_whatever_the_order_of_rows_and_keys_and_the_packing(commerce, arrange, compressed):
    put_inputs(commerce, arrange, compressed=compressed)
    commerce.run()

    assert commerce.rows() == ANSWER
    assert commerce.report()["datasets"] == DATASETS


def test_does_not_multiply_orders_by_events(commerce):
    commerce.put_rows("users", [{"user_id": "u_1"}])
    commerce.put_rows("events", [{"event_id": f"e_{i}", "user_id": "u_1"} for i in range(7)])
    amounts = ["0.01", "9999999999.99", "9999999999.99"]
    commerce.put(
        "orders",
        lines(*(
            f'{{"order_id": "o_{i}", "user_id": "u_1", "order_amount": {amount}, "payment_status": "success"}}'
            for i, amount in enumerate(amounts)
        )),
    )  # fmt: skip
    commerce.run()

    (row,) = commerce.rows()
    assert row["total_events"] == 7
    assert row["total_orders"] == 3
    assert row["revenue"] == Decimal("19999999999.99")


def test_a_wrong_schema_is_reported_by_column_and_writes_nothing(commerce):
    put_inputs(commerce)
    commerce.sql["user_activity"] = commerce.sql["user_activity"].replace(
        "as decimal(22, 2)) as revenue", "as decimal(20, 2)) as income"
    )
    commerce.contract["outputs"]["user_activity"]["columns"][5]["type"] = "int"

    with pytest.raises(SchemaMismatch):
        commerce.run()

    detail = "column revenue is missing; column income is not declared; column total_events is bigint, declared int"
    report = commerce.report()
    assert report["state"] == "failed"
    assert report["failure"] == {"code": "schema_mismatch", "message": f'output "user_activity": {detail}'}
    assert report["checks"][-1] == {"name": "user_activity.schema", "passed": False, "detail": detail}
    assert report["datasets"] == DATASETS
    assert report["outputs"] == {}
    assert not (commerce.folder / "gold").exists()
