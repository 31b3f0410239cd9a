"""What stops a run before it publishes, what it then says, and what it leaves; and what is counted and let pass."""

from typing import Any

import pytest

from harness import column, contract, dataset, output
from pipeline_engine import errors

COLUMNS = [
    column("id", "string", "reject"),
    column("at", "timestamp"),
    column("of", "string"),
    column("status", "string", "fail", {"allowed": ["new", "paid"], "onViolation": "fail"}),
    column("amount", "decimal(8,2)", "keep", {"range": {"min": 0}, "onViolation": "reject"}),
]
SQL = "select id, amount from things"


def things(pipeline, references=(), **how: Any):
    made = pipeline(
        contract(
            {"things": dataset(COLUMNS, ["id"], "at", references, **how)},
            {"copy": output(["id"], id="string", amount="decimal(8,2)")},
        )
    )
    made.sql["copy"] = SQL
    return made


def row(name: str, **values: Any) -> dict[str, Any]:
    return {"id": name, "at": "2025-01-01", "of": "a", "status": "new", "amount": 1} | values


def failure(made, kind: type[errors.EngineError]) -> str:
    with pytest.raises(kind) as raised:
        made.run()
    report = made.report()
    assert report["state"] == "failed"
    assert report["failure"] == {"code": kind.code, "message": str(raised.value)}
    assert report["outputs"] == {}
    assert not (made.folder / "gold").exists()
    return str(raised.value)


def failed_checks(made) -> dict[str, str]:
    return {check["name"]: check["detail"] for check in made.report()["checks"] if not check["passed"]}


def test_a_rule_that_fails_the_run_names_itself_the_rows_and_where_they_are(pipeline):
    made = things(pipeline)
    made.put("things", '{"id":"a","status":"x"}\n{"id":"b","status":"y"}\n{"id":"c","status":"z"}\n{"status":null}\n')

    message = failure(made, errors.RuleViolated)

    place = f'by the column "status" of v-0.json; see {made.folder}/rejected/rows/things/batch=current/run=1/jr_1/'
    assert failed_checks(made) == {
        "things.status_is_null": f"expected 0 rows, actual 1 {place}",
        "things.status_not_allowed": f"expected 0 rows, actual 3 {place}",
    }
    assert message == "; ".join(f"{name} failed: {detail}" for name, detail in failed_checks(made).items())
    # The rows lie where rejected rows lie, also those that broke a rule which would only have rejected them.
    assert [rule for rule, _, _ in made.rejected("things")] == ["status_is_null", *["status_not_allowed"] * 3]


def test_more_rejected_rows_than_allowed_fail_the_run_and_are_kept(pipeline):
    made = things(pipeline, max_rejected=33.3)
    made.put_rows("things", [row("a"), row("b"), row("c", amount=-1)])

    message = failure(made, errors.TooManyRejected)

    uri = f"{made.folder}/rejected/rows/things/batch=current/run=1/jr_1/"
    assert message == (
        "things.max_rejected failed: expected at most 33.3%, actual 33.3% (1 of 3 rows): "
        f"amount_out_of_range 1; see {uri}"
    )
    assert [rule for rule, _, _ in made.rejected("things")] == ["amount_out_of_range"]


def test_as_many_rejected_rows_as_allowed_pass(pipeline):
    made = things(pipeline, max_rejected=25)
    made.put_rows("things", [row("a"), row("b"), row("c"), row("d", amount=-1)])

    assert made.run().outputs["copy"]["rows"] == 3


def test_orphans_that_fail_the_run(pipeline):
    made = things(pipeline, [("of", "things", "fail")])
    made.put_rows("things", [row("a"), row("b", of=None), row("c", of="x"), row("d", of="y"), row("e", of="z")])

    assert failure(made, errors.RuleViolated) == (
        "things.of_is_orphan failed: expected 0 rows, actual 3 "
        'by the column "of" of v-0.json; no row of v-0.json has its value'
    )
    assert made.report()["datasets"]["things"]["orphans"] == {"of": 4}


def test_rejected_orphans_leave_orphans_of_their_own_and_the_next_duplicate_behind(pipeline):
    """Countries, their cities, their streets: a city of no country goes, and with it its streets."""
    columns = [column("id", "string", "reject"), column("rank", "int"), column("of", "string")]
    made = pipeline(
        contract(
            {
                "streets": dataset(columns, ["id"], "rank", [("of", "cities", "reject")]),
                "cities": dataset(columns, ["id"], "rank", [("of", "countries", "reject")]),
                "countries": dataset(columns, ["id"], "rank"),
            },
            {"copy": output(["id"], id="string", of="string")},
        )
    )
    made.sql["copy"] = "select id, of from streets"
    made.put_rows("countries", [{"id": "no"}, {"id": None}])
    made.put_rows("cities", [{"id": "oslo", "of": "no"}, {"id": "rome", "of": "it"}, {"id": "nowhere", "of": None}])
    made.put_rows(
        "streets",
        [
            {"id": "1", "rank": 1, "of": "oslo"},
            {"id": "1", "rank": 2, "of": "rome"},
            {"id": "2", "of": "rome"},
            {"id": "3", "of": "nowhere"},
            {"id": "4"},
            {"id": None, "of": "rome"},
        ],
    )
    made.run()

    datasets = made.report()["datasets"]
    assert datasets["cities"]["rejected"] == {"malformed": 0, "id_is_null": 0, "of_is_orphan": 1}
    assert datasets["cities"]["orphans"] == {"of": 1}  # a null names no row, and the null rule let it pass
    assert datasets["streets"]["rejected"] == {"malformed": 0, "id_is_null": 1, "of_is_orphan": 2}
    assert datasets["streets"]["deduplicated"] == 0
    assert [(found["id"], found["of"]) for found in made.rows("copy")] == [("1", "oslo"), ("3", "nowhere"), ("4", None)]
    assert [rule for rule, _, _ in made.rejected("streets")] == ["id_is_null", "of_is_orphan", "of_is_orphan"]


def test_what_is_wrong_with_several_datasets_is_told_at_once(pipeline):
    made = things(pipeline)
    made.contract["datasets"]["others"] = dataset(COLUMNS, ["id"], "at", max_rejected=0)
    made.put_rows("things", [row("a", status="x")])
    made.put_rows("others", [row("a", amount=-1), row("b")])

    failure(made, errors.RuleViolated)

    assert list(failed_checks(made)) == ["things.status_not_allowed", "others.max_rejected"]


def balanced(made, **balances: tuple[str, str]) -> None:
    made.contract["outputs"]["copy"]["balances"] = [
        {"name": name, "input": left, "output": right} for name, (left, right) in balances.items()
    ]


def test_an_output_that_loses_or_doubles_money_publishes_nothing(pipeline):
    made = things(pipeline, [("of", "things")])
    made.put_rows("things", [row("a", amount=1.10), row("b", amount=2), row("c", of="x", amount=4)])
    made.sql["copy"] = "select id, cast(amount * 2 as decimal(8,2)) as amount from things where of = 'a'"
    balanced(
        made,
        money=(
            "select sum(amount) from things -- all of it",
            "select sum(amount) from (select amount from copy union all select amount from things_orphans)",
        ),
        orphans=("select 1", "select count(*) from things_orphans where orphan_column = 'of'"),
        nulls=("select sum(amount) from things where false", "select cast(null as decimal(18,2))"),
        texts=("select max(id) from things", "select min(id) from things"),
    )

    message = failure(made, errors.CheckFailed)

    assert failed_checks(made) == {
        "copy.balance_money": "expected 7.10, actual 10.20",
        "copy.balance_nulls": "expected null, actual null",
        "copy.balance_texts": "expected …, actual …",
    }
    assert message == "; ".join(f"{name} failed: {detail}" for name, detail in failed_checks(made).items())


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("select amount from things", "More than one row returned by a subquery"),
        ("select amount, amount from things", "Scalar subquery must return only one column"),
        ("select sum(price) from things", "`price`"),
    ],
)
def test_a_balance_that_is_no_value(pipeline, query, message):
    made = things(pipeline)
    made.put_rows("things", [row("a"), row("b")])
    balanced(made, money=("select 1", query))

    assert message in failure(made, errors.SqlFailed)


def test_patterns_and_values_that_are_none_fail_before_anything_is_read(pipeline):
    made = things(pipeline)
    made.put("things", "")
    made.contract["datasets"]["things"]["columns"][4]["rules"] = [{"range": {"max": 10**7}, "onViolation": "warn"}]
    assert failure(made, errors.ContractInvalid) == "no value of the column's type: bound of things.amount"

    made.contract["datasets"]["things"]["columns"][2]["rules"] = [{"pattern": "(", "onViolation": "warn"}]
    assert "`regexp` in `rlike` is invalid: '('" in failure(made, errors.ContractInvalid)
