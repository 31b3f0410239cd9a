"""Every part of a dataset's statements is needed: without one after another, each time the outcome must be another.

One dataset has a rule of each kind, and for each rule at least one row that breaks that rule alone.
"""

from typing import Any

import pytest

from harness import column, contract, dataset, output
from plan_harness import PlanRun
from plan_runner.errors import EngineError

pytestmark = pytest.mark.slow

ORDERS = dataset(
    [
        column("id", "string", "reject"),
        column("at", "timestamp"),
        column("status", "string", "keep", {"allowed": ["new", "it's"], "onViolation": "reject"}),
        column("level", "int", "keep", {"allowed": ["1", "2"], "onViolation": "reject"}),
        column(
            "amount", "decimal(8,2)", {"default": "9"}, {"range": {"min": "0", "max": "10.5"}, "onViolation": "reject"}
        ),
        column("day", "date", "keep", {"range": {"min": "2025-01-01"}, "onViolation": "reject"}),
        column("code", "string", "keep", {"pattern": "[A-Z]|[0-9]{2}", "onViolation": "reject"}),
        column("ratio", "double", "keep", {"range": {"max": "1"}, "onViolation": "warn"}),
        column("note", "string", "keep", {"allowed": ["ok"], "onViolation": "warn"}),
        column("mail", "string", "keep", {"pattern": ".+@.+", "onViolation": "warn"}),
        column("user", "string"),
        column("shop", "string"),
    ],
    ["id"],
    "at",
    [("user", "users", "reject"), ("shop", "shops")],
)
AGE = column("age", "int", "keep", {"range": {"min": "0"}, "onViolation": "reject"})
USERS = dataset([column("user_id", "string", "reject"), AGE], ["user_id"], "user_id")
SHOPS = dataset([column("shop_id", "string", "reject")], ["shop_id"], "shop_id")
REJECTED: dict[str, list[dict[str, Any]]] = {
    "id_is_null": [{}, {"id": None, "amount": 99}],
    "status_not_allowed": [{"id": "a", "status": "New"}, {"id": "a", "status": ""}],
    "level_not_allowed": [{"id": "a", "level": 3}],
    "amount_out_of_range": [{"id": "a", "amount": -0.01}, {"id": "a", "amount": 10.51, "code": "a"}],
    "day_out_of_range": [{"id": "a", "day": "2024-12-31"}],
    "code_pattern": [{"id": "a", "code": "AB"}, {"id": "a", "code": "A\n"}],
    "user_is_orphan": [{"id": "a", "user": "u_2"}, {"id": "a", "user": "u_3"}],
}
KEPT = [
    {"id": "1", "at": "2025-01-01", "amount": 1},
    {"id": "1", "at": "2025-01-02T01:00:00+02:00", "amount": 2},
    {"id": "1", "at": "2025-01-01T23:00:00", "amount": 1},
    {"id": "1", "amount": 10},
    {"id": "2", "status": "it's", "level": 2, "amount": 0, "day": "2025-01-01", "code": "12", "ratio": 1,
     "note": "ok", "mail": "a@b", "user": "u_1", "shop": "s_1"},
    {"id": "3", "status": "new", "level": 1, "amount": 10.5, "code": "Z", "ratio": 1.01, "note": "no", "mail": "ab",
     "shop": "s_2"},
    {"id": "4"},
    {"id": "5", "at": "2025-01-02", "amount": 99},
    {"id": "5", "at": "2025-01-01", "amount": 5},
    {"id": "5", "at": "2024-12-31", "amount": 6},
]  # fmt: skip
OUTCOME = (
    {
        "lines": 22, "malformed": 0, "read": 22, "kept": 5,
        "rejected": {rule: len(rows) + (rule == "amount_out_of_range") for rule, rows in REJECTED.items()},
        "warned": {"ratio_out_of_range": 1, "note_not_allowed": 1, "mail_pattern": 1},
        "deduplicated": 4, "orphans": {"user": 4, "shop": 4},
    },
    {("id_is_null", 1), ("id_is_null", 2), ("status_not_allowed", 3), ("status_not_allowed", 4),
     ("level_not_allowed", 5), ("amount_out_of_range", 6), ("amount_out_of_range", 7), ("day_out_of_range", 8),
     ("code_pattern", 9), ("code_pattern", 10), ("user_is_orphan", 11), ("user_is_orphan", 12),
     ("amount_out_of_range", 20)},
    [("1", "2.00"), ("2", "0.00"), ("3", "10.50"), ("4", "9.00"), ("5", "5.00")],
)  # fmt: skip


@pytest.fixture(scope="module")
def made(spark, typescript, tmp_path_factory) -> PlanRun:
    document = contract(
        {"orders": ORDERS, "users": USERS, "shops": SHOPS}, {"copy": output(["id"], id="string", amount="decimal(8,2)")}
    )
    sql = {"copy": "select id, amount from orders"}
    run = PlanRun(spark, typescript, tmp_path_factory.mktemp("mutants"), document, sql)
    run.put("orders", [row for rows in REJECTED.values() for row in rows] + KEPT)
    run.put("users", [{"user_id": "u_1"}, {"user_id": "u_3", "age": -1}])
    run.put("shops", [{"shop_id": "s_1"}])
    return run


def outcome(run: PlanRun, *edits: tuple[str, str]) -> Any:
    run.edits = edits
    try:
        run.run()
    except EngineError as error:
        return error.code
    rejected = {(row[0], row[2]) for row in run.rejected("orders")}
    kept = [(name, str(amount)) for name, amount in run.rows("copy")]
    counted = run.report()["datasets"]["orders"]
    del counted["drift"]
    return counted, rejected, kept


def test_every_row_breaks_the_rule_that_it_is_meant_to_break(made):
    assert outcome(made) == OUTCOME


LATEST = "                `at` desc nulls last,\n"
MUTANTS = {
    **{f"no {rule}": (f" then '{rule}'", f" and false then '{rule}'") for rule in REJECTED},
    "a ratio is not warned of": ("`ratio` > cast('1' as double)", "false"),
    "a value is not warned of": ("`note` not in (cast('ok' as string))", "false"),
    "a pattern is not warned of": ("not `mail` rlike", "false and not `mail` rlike"),
    "no lower bound": ("`amount` < cast('0' as decimal(8,2)) or ", ""),
    "no upper bound": (" or `amount` > cast('10.5' as decimal(8,2))", ""),
    "a pattern matches a part": (r"'\\A(?:[A-Z]|[0-9]{2})\\z'", "'[A-Z]|[0-9]{2}'"),
    "a pattern matches before a line's end": (r"(?:[A-Z]|[0-9]{2})\\z'", "(?:[A-Z]|[0-9]{2})$'"),
    "no default": ("coalesce(`amount`, cast('9' as decimal(8,2)))", "`amount`"),
    "any duplicate wins": (LATEST, ""),
    "the earliest wins": (LATEST, LATEST.replace("desc nulls last", "nulls last")),
    "no time is the latest": (LATEST, LATEST.replace("nulls last", "nulls first")),
    "duplicates stay": ("where `#rank` > 1", "where `#rank` > 100"),
    "duplicates are those of a time": ("partition by `id`", "partition by `at`"),
    "a rejected row wins": ("    where `#rule` is null\n    and xxhash64", "    where true\n    and xxhash64"),
    "a rejected row is known": ("\nleft join `users` as known", "\nleft join `users#silver` as known"),
    "every reference is an orphan": ("what in ('none', 'null')", "what in ('row', 'none', 'null')"),
    "a null names a row": ("`#value` is not null then", "`#value` is null then"),
}


def test_without_a_part_the_outcome_is_another(made):
    assert [mutant for mutant, edit in MUTANTS.items() if outcome(made, edit) == OUTCOME] == []


def test_every_rule_of_the_dataset_has_its_mutant(made):
    made.edits = ()
    made.run()
    assert set(made.report()["datasets"]["orders"]["rejected"]) == set(REJECTED)
