"""Every rule is needed: the SQL is generated without one rule after another, and each time the assertion must fail.

One dataset has a rule of each kind, and for each rule at least one row that breaks that rule alone.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from harness import column, contract, dataset, output
from pipeline_engine import cleaning, fidelity
from pipeline_engine.contract import parse_contract
from pipeline_engine.session import session_for

pytestmark = pytest.mark.slow

ORDERS = dataset(
    [
        column("id", "string", "reject"),
        column("at", "timestamp"),
        column("region", "string", "fail"),
        column("status", "string", "keep", {"allowed": ["new", "it's"], "onViolation": "reject"}),
        column("level", "int", "keep", {"allowed": [1, 2], "onViolation": "fail"}),
        column("amount", "decimal(8,2)", {"default": 9}, {"range": {"min": 0, "max": 10.5}, "onViolation": "reject"}),
        column("day", "date", "keep", {"range": {"min": "2025-01-01"}, "onViolation": "reject"}),
        column("code", "string", "keep", {"pattern": r"[A-Z]|\d{2}", "onViolation": "reject"}),
        column("ratio", "double", "keep", {"range": {"max": 1}, "onViolation": "warn"}),
        column("note", "string", "keep", {"allowed": ["ok"], "onViolation": "warn"}),
        column("mail", "string", "keep", {"pattern": ".+@.+", "onViolation": "warn"}),
        column("parts", "array<struct<price:decimal(4,1),due:date,weight:double>>"),
        column("user", "string"),
    ],
    ["id"],
    "at",
    [("user", "users", "reject")],
)
USERS = dataset([column("user_id", "string", "reject")], ["user_id"], "user_id")
DATASETS = parse_contract(
    json.dumps(contract({"orders": ORDERS, "users": USERS}, {"any": output(["id"], id="string")})).encode()
).datasets
KEYS = {"orders": "id", "users": "user_id"}

REJECTED: dict[str, list[Any]] = {
    "malformed": [
        '{"id": "a", "region": "x", "status": "new"',
        '{"id": 5, "region": "x"}',
        '{"id": "a", "region": "x", "at": "yesterday"}',
        '{"id": "a", "region": "x", "at": 1735689600}',
        '{"id": "a", "region": "x", "day": "2025-01-01T00:00:00"}',
        '{"id": "a", "region": "x", "amount": 1.005}',
        '{"id": "a", "region": "x", "amount": "1,5"}',
        '{"id": "a", "region": "x", "level": "1"}',
        '{"id": "a", "region": "x", "ratio": -1e400}',
        '{"id": "a", "region": "x", "parts": [{"price": 1.25}]}',
        '{"id": "a", "region": "x", "parts": [{"due": "2025-02-30"}]}',
        '{"id": "a", "region": "x", "parts": [{"weight": 1e400}]}',
        '{"id": "a", "region": "x", "status": "new", "status": "it\'s"}',
        '{"id": "a", "region": "\\ud83c"}',
        '{"id": "a", "region": "x"}} {"id": "b", "region": "x"}',
        '{"id": 5, "region": "x", "of": {"id": "a"}}',
        '{"id": "a", "region": "x", "at": "2025-07-01 12:00:00 BST"}',
    ],
    "region_is_null": [{"id": "a"}, {"id": None, "region": None, "status": "lost"}],
    "level_not_allowed": [{"id": "a", "region": "x", "level": 3}, {"region": "x", "level": 0}],
    "id_is_null": [{"region": "x"}, {"id": None, "region": "x", "amount": 99}],
    "status_not_allowed": [{"id": "a", "region": "x", "status": "New"}, {"id": "a", "region": "x", "status": ""}],
    "amount_out_of_range": [
        {"id": "a", "region": "x", "amount": -0.01},
        {"id": "a", "region": "x", "amount": 10.51, "code": "a"},
    ],
    "day_out_of_range": [{"id": "a", "region": "x", "day": "2024-12-31"}],
    "code_pattern": [{"id": "a", "region": "x", "code": "AB"}, {"id": "a", "region": "x", "code": "A\n"}],
    "user_is_orphan": [{"id": "a", "region": "x", "user": "u_2"}],
}
KEPT = [
    {"id": "1", "region": "x", "at": "2025-01-01", "amount": 1},
    {"id": "1", "region": "x", "at": "2025-01-02T01:00:00+02:00", "amount": 2},
    {"id": "1", "region": "x", "at": "2025-01-01T23:00:00", "amount": 1},
    {"id": "1", "region": "x", "amount": 10},
    {"id": "2", "region": "y", "status": "it's", "level": 2, "amount": 0, "day": "2025-01-01", "code": "12", "ratio": 1,
     "note": "ok", "mail": "a@b", "user": "u_1"},
    {"id": "3", "region": "y", "status": "new", "level": 1, "amount": 10.5, "code": "Z", "ratio": 1.01, "note": "no",
     "mail": "ab"},
    {"id": "4", "region": "z"},
]  # fmt: skip
WARNED = ("#ratio_out_of_range", "#note_not_allowed", "#mail_pattern")


def text(row: Any) -> str:
    return row if isinstance(row, str) else json.dumps(row)


@pytest.fixture(scope="module")
def outcome(spark) -> Callable[[], None]:
    """Classifies all of these rows by the statement as it is now generated, and asserts what became of each."""
    session = session_for(spark, 0)
    session.conf.set("spark.sql.shuffle.partitions", "2")
    texts = [text(row) for rows in REJECTED.values() for row in rows] + [text(row) for row in KEPT]
    session.createDataFrame([(item,) for item in texts], "`#text` string").createOrReplaceTempView("`orders#text`")
    session.sql("select 'u_1' as user_id").createOrReplaceTempView("users")

    def check() -> None:
        orders = DATASETS["orders"]
        columns = [item.name for item in orders.columns]
        rows = session.sql(cleaning.classify_sql(orders, columns, KEYS)).collect()
        rejected = sorted((row["#rule"], row["#text"]) for row in rows if row["#rule"] is not None)
        assert rejected == sorted((rule, text(row)) for rule, rows in REJECTED.items() for row in rows)
        kept = sorted((row for row in rows if row["#rule"] is None and row["#rank"] == 1), key=lambda row: row["id"])
        assert [(row["id"], str(row["amount"])) for row in kept] == [
            ("1", "2.00"), ("2", "0.00"), ("3", "10.50"), ("4", "9.00"),
        ]  # fmt: skip
        assert [[row[name] for name in WARNED] for row in kept] == [
            [False] * 3, [False] * 3, [True] * 3, [False] * 3,
        ]  # fmt: skip

    return check


def test_every_row_breaks_the_rule_that_it_is_meant_to_break(outcome):
    outcome()


def without_rule(name: str):
    return lambda original: lambda *given: [rule for rule in original(*given) if rule.name != name]


def without_condition(*fragments: str):
    """Conditions are left out by what they say."""
    return lambda original: (
        lambda *given: [
            condition for condition in original(*given) if not any(fragment in condition for fragment in fragments)
        ]
    )


def for_type(kind: str):
    return lambda original: lambda given: None if given.type == kind else original(given)


def nothing(result: Any):
    return lambda _: lambda *given: result


def edited(old: str, new: str):
    def patch(original):
        def changed(*given):
            sql = original(*given)
            assert old in sql
            return sql.replace(old, new)

        return changed

    return patch


EXCLUDING = [
    "region_is_null", "level_not_allowed", "id_is_null", "status_not_allowed", "amount_out_of_range",
    "day_out_of_range", "code_pattern",
]  # fmt: skip
MUTANTS: dict[str, tuple[Any, str, Any]] = {
    **{f"no {rule}": (cleaning, "excluding", without_rule(rule)) for rule in EXCLUDING},
    "nothing is malformed": (cleaning, "excluding", without_rule("malformed")),
    "orphans are not rejected": (cleaning, "rejecting_references", nothing([])),
    "a warning is not given": (cleaning, "classify_sql", edited("not in ('ok')", "in ('')")),
    "no lower bound": (cleaning, "classify_sql", edited("`amount` < cast('0' as decimal(8,2)) or ", "")),
    "no upper bound": (cleaning, "classify_sql", edited(" or `amount` > cast('10.5' as decimal(8,2))", "")),
    "a pattern matches a part": (cleaning, "classify_sql", edited(r"'\\A(?:[A-Z]|\\d{2})\\z'", r"'[A-Z]|\\d{2}'")),
    "no default": (cleaning, "classify_sql", edited("coalesce(`amount`, cast('9' as decimal(8,2)))", "`amount`")),
    "any duplicate wins": (cleaning, "classify_sql", edited("`at` desc nulls last, ", "")),
    "the earliest wins": (cleaning, "classify_sql", edited("`at` desc nulls last, ", "`at`, ")),
    "duplicates stay": (cleaning, "classify_sql", edited("partition by `id`, `#text`", "partition by `at`, `#text`")),
    **{
        f"any {kind} will do": (cleaning, "wrong_type", for_type(kind))
        for kind in ("string", "timestamp", "date", "decimal(8,2)", "double", ORDERS["columns"][11]["type"])
    },
    "what Spark could not read is null": (cleaning, "classify_sql", edited("`#json`.`corrupt` is not null", "false")),
    "what stands behind a row is dropped": (cleaning, "single_value", nothing("true")),
    "a key may come twice": (fidelity, "lost", without_condition("map_keys")),
    "half a character is a question mark": (fidelity, "lost", without_condition("rlike")),
}  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS)
def test_without_a_rule_the_outcome_is_another(outcome, monkeypatch, mutant):
    module, name, patch = MUTANTS[mutant]
    monkeypatch.setattr(module, name, patch(getattr(module, name)))

    with pytest.raises(AssertionError, match="assert"):
        outcome()


def test_every_rule_of_the_dataset_has_its_mutant():
    orders = DATASETS["orders"]
    assert [rule.name for rule in cleaning.excluding(orders)] == ["malformed", *EXCLUDING]
    assert [f"#{rule.name}" for rule in cleaning.warning(orders)] == list(WARNED)
