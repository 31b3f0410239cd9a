"""The usual PySpark job, for comparison: it infers the schema, and joins the facts before it sums them.

Its revenue is wrong, because every order counts once per event of its user.
"""

import argparse
from pathlib import Path

from launch import start
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f


def user_activity(spark: SparkSession, folder: Path) -> DataFrame:
    users, events, orders = (spark.read.json(str(folder / f"{name}.json")) for name in ("users", "events", "orders"))
    users = users.na.drop(subset=["user_id"]).fillna("unknown", ["country", "device_type", "marketing_source"])
    events = events.na.drop(subset=["user_id"]).drop("device_type", "product_id")
    orders = orders.na.drop(subset=["user_id"]).fillna(0, ["order_amount"])

    joined = users.join(events, "user_id", "left").join(orders, "user_id", "left")
    return joined.groupBy("user_id", "country", "device_type", "marketing_source", "signup_date").agg(
        f.count("event_id").alias("total_events"),
        f.countDistinct("session_id").alias("total_sessions"),
        f.sum(f.when(f.col("event_type") == "product_view", 1).otherwise(0)).alias("product_views"),
        f.sum(f.when(f.col("event_type") == "product_purchase", 1).otherwise(0)).alias("product_purchases"),
        f.min(f.try_to_timestamp("event_timestamp")).alias("first_event_at"),
        f.max(f.try_to_timestamp("event_timestamp")).alias("last_event_at"),
        f.count("order_id").alias("total_orders"),
        f.sum(f.when(f.col("payment_status") == "success", 1).otherwise(0)).alias("successful_orders"),
        f.sum(f.when(f.col("payment_status") == "failed", 1).otherwise(0)).alias("failed_orders"),
        f.sum(f.when(f.col("payment_status") == "success", f.col("order_amount"))).alias("revenue"),
        f.max(f.try_to_timestamp("order_timestamp")).alias("last_order_at"),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", type=Path, required=True, help="folder of users.json, events.json and orders.json")
    parser.add_argument("--output", type=Path, required=True, help="folder that does not exist yet")
    given = parser.parse_args()

    spark = start("usual job")
    # Below glue/, which `launch` puts on the path: the settings are the engine's.
    from plan_runner.session import session_for

    size = sum(path.stat().st_size for path in given.input.glob("*.json"))
    session = session_for(spark, size)
    user_activity(session, given.input).write.parquet(str(given.output))
    spark.stop()


if __name__ == "__main__":
    main()
