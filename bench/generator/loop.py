"""The plain way to write such files: one dictionary and one json.dumps a line."""

# ruff: noqa: S311 - the numbers are data, no secrets

import argparse
import json
import random
from datetime import datetime, timedelta
from pathlib import Path

COUNTRIES = ["IN", "US", "EU", "AU"]
DEVICES = ["mobile", "PC", "tablet"]
SOURCES = ["google_ads", "instagram_reels", "youtube"]


def time_between(begin: datetime, days: int) -> str:
    return (begin + timedelta(seconds=random.randrange(days * 86_400))).isoformat()


def user(number: int) -> dict:
    return {
        "user_id": f"u_{number}",
        "signup_date": time_between(datetime(2023, 1, 1), 731),
        "country": random.choice(COUNTRIES),
        "device_type": random.choice(DEVICES),
        "marketing_source": random.choice(SOURCES),
    }


def event(number: int, users: int) -> dict:
    return {
        "event_id": f"e_{number}",
        "user_id": f"u_{random.randrange(users)}",
        "event_type": random.choices(["product_view", "product_purchase"], [7, 3])[0],
        "product_id": f"p_{random.randint(1, 1000)}",
        "event_timestamp": time_between(datetime(2024, 3, 1), 549),
        "session_id": f"s_{random.randrange(16 * users)}",
        "device_type": random.choice(DEVICES),
    }


def order(number: int, users: int) -> dict:
    return {
        "order_id": f"o_{number}",
        "user_id": f"u_{random.randrange(users)}",
        "product_id": f"p_{random.randint(1, 1000)}",
        "order_amount": random.randrange(500, 50_000) / 100,
        "currency": "USD",
        "order_timestamp": time_between(datetime(2024, 3, 1), 549),
        "payment_status": random.choices(["success", "failed", "in_progress"], [7, 2, 1])[0],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, required=True, help="lines of each file")
    parser.add_argument("--out", type=Path, required=True, help="folder for the three files")
    given = parser.parse_args()

    random.seed(42)
    given.out.mkdir(parents=True, exist_ok=True)
    with (given.out / "users.json").open("w") as file:
        for number in range(given.records):
            file.write(json.dumps(user(number)) + "\n")
    with (given.out / "events.json").open("w") as file:
        for number in range(given.records):
            file.write(json.dumps(event(number, given.records)) + "\n")
    with (given.out / "orders.json").open("w") as file:
        for number in range(given.records):
            file.write(json.dumps(order(number, given.records)) + "\n")


if __name__ == "__main__":
    main()
