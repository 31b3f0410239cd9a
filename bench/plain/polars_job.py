"""`polars_job.py INPUT OUTPUT`: the plain Polars way. Reads the three files, writes user_activity as Parquet."""

import sys
from pathlib import Path

import polars as pl


def read(folder: Path, name: str, columns: list[str]) -> pl.LazyFrame:
    schema = dict.fromkeys(columns, pl.String)
    return pl.scan_ndjson(folder / f"{name}.json", schema=schema, ignore_errors=True)


def time(column: str) -> pl.Expr:
    return pl.col(column).str.to_datetime("%Y-%m-%dT%H:%M:%S", strict=False)


def latest(frame: pl.LazyFrame, key: str, column: str) -> pl.LazyFrame:
    return frame.sort(column, descending=True, nulls_last=True).unique(key, keep="first", maintain_order=False)


def user_activity(folder: Path) -> pl.LazyFrame:
    users = latest(
        read(folder, "users", ["user_id", "signup_date", "country", "device_type", "marketing_source"])
        .with_columns(time("signup_date"))
        .drop_nulls("user_id"),
        "user_id",
        "signup_date",
    )
    events = latest(
        read(folder, "events", ["event_id", "user_id", "event_type", "event_timestamp", "session_id"])
        .with_columns(time("event_timestamp"))
        .drop_nulls(["event_id", "user_id"]),
        "event_id",
        "event_timestamp",
    )
    orders = latest(
        read(folder, "orders", ["order_id", "user_id", "order_amount", "order_timestamp", "payment_status"])
        .with_columns(time("order_timestamp"), pl.col("order_amount").cast(pl.Decimal(12, 2), strict=False))
        .drop_nulls(["order_id", "user_id"]),
        "order_id",
        "order_timestamp",
    )
    events_per_user = events.group_by("user_id").agg(
        pl.len().alias("total_events"),
        pl.col("session_id").drop_nulls().n_unique().alias("total_sessions"),
        (pl.col("event_type") == "product_view").sum().alias("product_views"),
        (pl.col("event_type") == "product_purchase").sum().alias("product_purchases"),
        pl.col("event_timestamp").min().alias("first_event_at"),
        pl.col("event_timestamp").max().alias("last_event_at"),
    )
    is_paid = pl.col("payment_status") == "success"
    orders_per_user = orders.group_by("user_id").agg(
        pl.len().alias("total_orders"),
        is_paid.sum().alias("successful_orders"),
        (pl.col("payment_status") == "failed").sum().alias("failed_orders"),
        pl.col("order_amount").filter(is_paid).sum().alias("revenue"),
        pl.col("order_timestamp").max().alias("last_order_at"),
    )
    return users.join(events_per_user, "user_id", "left").join(orders_per_user, "user_id", "left")


if __name__ == "__main__":
    user_activity(Path(sys.argv[1])).sink_parquet(sys.argv[2])
