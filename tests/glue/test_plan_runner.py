"""The plan on real Spark: which rows are kept, rejected and counted, and what each check says."""

from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from harness import column, contract, data_files, dataset, output
from plan_runner import run as runner
from plan_runner import session, tables
from plan_runner.errors import EngineError, Infrastructure

COLUMNS = [
    column("id", "string", "reject"),
    column("at", "timestamp"),
    column("of", "string"),
    column("status", "string", "fail", {"allowed": ["new", "it's"], "onViolation": "fail"}),
    column("amount", "decimal(8,2)", {"default": "1.50"}, {"range": {"min": "0"}, "onViolation": "reject"}),
    column("code", "string", "keep", {"pattern": "[A-Z]{3}", "onViolation": "warn"}),
]
SQL = "select id, amount from things"


def things(planned, references=(), sql=SQL, **how: Any):
    document = contract(
        {"things": dataset(deepcopy(COLUMNS), ["id"], "at", references, **how)},
        {"copy": output(["id"], id="string", amount="decimal(8,2)")},
    )
    return planned(document, copy=sql)


def row(name: str | None, **values: Any) -> dict[str, Any]:
    return {"id": name, "at": "2025-01-01T00:00:00Z", "of": "a", "status": "new", "amount": 1} | values


def balanced(made, **balances: tuple[str, str]) -> None:
    made.contract["outputs"]["copy"]["balances"] = [
        {"name": name, "input": left, "output": right} for name, (left, right) in balances.items()
    ]


def failure(made, code: str, **changes: Any) -> str:
    """Runs, expects this failure, and checks that the report says the same and that no output is left."""
    with pytest.raises(EngineError) as raised:
        made.run(**changes)
    report = made.report()
    assert raised.value.code == code
    assert report["state"] == "failed"
    assert report["failure"] == {"code": code, "message": str(raised.value)}
    assert report["outputs"] == {}
    assert not made.output_folder("copy").exists()
    return str(raised.value)


def as_for_much_input(monkeypatch) -> None:
    """Spark compiles the statements and adapts the partitions, which it does not for little input."""
    monkeypatch.setattr(session, "_LITTLE_BYTES", 0)


@pytest.mark.parametrize("is_much", [False, True])
def test_every_row_is_kept_rejected_or_a_duplicate(planned, monkeypatch, is_much):
    if is_much:
        as_for_much_input(monkeypatch)
    made = things(planned, [("of", "things")])
    made.put(
        "things",
        [
            row("a", amount=2, code="ABC"),
            row("a", at="2025-01-02T00:00:00Z", amount=None, code="abc"),
            "",
            row(None, status="it's"),
            row("b", of=None, amount=-1),
        ],
        [
            row("c", of="x", at=None),
            row("d", of=None, code="AB\n"),
            row("e", amount="1"),
            row("c", of="a", at=None, code=None),
        ],
    )
    made.run()

    report = made.report()
    assert report["datasets"]["things"] == {
        "lines": 9,
        "malformed": 1,
        "read": 7,
        "kept": 3,
        "rejected": {
            "status_is_null": 0, "status_not_allowed": 0, "id_is_null": 1, "amount_out_of_range": 1,
        },
        "warned": {"code_pattern": 2},
        "deduplicated": 2,
        "orphans": {"of": 2},
        "drift": {"undeclared": [], "absent": [], "changed": []},
    }  # fmt: skip
    assert made.rows("copy") == [("a", Decimal("1.50")), ("c", Decimal("1.00")), ("d", Decimal("1.00"))]
    at, new = "2025-01-01 00:00:00", "new"
    assert made.rejected("things") == [
        ("amount_out_of_range", "things.json", 5, "b", at, None, new, Decimal("-1.00"), None),
        ("id_is_null", "things.json", 4, None, at, "a", "it's", Decimal("1.00"), None),
    ]
    assert report["plan"] == {"sha256": made.manifest()["release"]["plan"]["sha256"]}
    assert report["outputs"]["copy"]["rows"] == 3
    assert report["outputs"]["copy"]["files"] == 1
    details = {check["name"]: check["detail"] for check in report["checks"]}
    assert details == {
        "copy.schema": "2 columns as declared",
        "things.rows_read": "expected 7 rows as promoted, actual 7",
        "things.rows_balance": "7 read = 3 kept + 2 rejected + 2 deduplicated",
        "things.status_is_null": "expected 0 rows, actual 0",
        "things.status_not_allowed": "expected 0 rows, actual 0",
        "things.max_rejected": "expected at most 100%, actual 37.5% (1 malformed + 2 rejected of 8 rows)",
        "copy.one_row_per_id": "expected 0 values of more than one row, actual 0",
        "copy.no_null_in_id": "expected 0 rows, actual 0",
    }


def test_each_kind_of_statement_at_once(planned, typescript):
    """tests/plan/everything.sql shows the statements."""
    given = typescript.everything()
    made = planned(given["contract"], **given["sql"])
    new, paid = "it's `new`", "it's\\paid"
    day = "2025-01-0{}T00:00:00Z".format
    sale = {"line": 1, "shop": "a", "seller": "s", "status": "new", "amount": 1, "code": "A''", "at": day(1)}
    made.put("sellers", [{"value": "s", "row_count": 1}, {"value": "s", "row_count": 2}])
    made.put("shops", [{"shop": "a", "opened": "2020-01-01"}, {"shop": None}, {"shop": new}])
    made.put(
        "sales",
        [
            sale | {"id": 1, "amount": 7},
            sale | {"id": 1, "amount": 1.25, "at": day(2), "tags": ["x", None]},
            sale | {"id": 1, "line": 2, "status": paid, "code": "A'"},
            {"id": 2, "line": 1},
            sale | {"id": 3, "amount": 1000.51},
        ],
        [
            sale | {"id": 4, "shop": "gone"},
            sale | {"id": None},
            *({"id": id, "line": 1, "amount": 1000.5} for id in (5, 6, 7)),
        ],
    )
    made.contract["datasets"]["shops"]["maxRejected"] = 50
    made.run(pipeline="shop")

    counted = made.report()["datasets"]
    assert {name: (each["kept"], each["deduplicated"]) for name, each in counted.items()} == {
        "sales": (6, 1), "sellers": (1, 1), "shops": (2, 0),
    }  # fmt: skip
    assert {name: count for name, count in counted["sales"]["rejected"].items() if count} == {
        "id_is_null": 1, "amount_out_of_range": 1, "shop_is_orphan": 1,
    }  # fmt: skip
    assert counted["sales"]["warned"] == {"code_pattern": 1}
    assert made.failed_checks() == {}
    assert made.rows("per_shop") == [(new, Decimal("3001.50")), ("a", Decimal("2.25"))]


TIED = [row("a", of=of, code=code, amount=3) for of in (None, "x", "y") for code in (None, "A")]


@pytest.mark.parametrize(("order", "few"), [(1, 0), (-1, 10**9)])
def test_of_equally_late_rows_the_greatest_stays_whatever_their_order(planned, monkeypatch, order, few):
    """Also where the tables between are kept by the cluster and not by the driver."""
    if few == 0:
        as_for_much_input(monkeypatch)
    monkeypatch.setattr(runner, "_FEW_ROWS", few)
    made = things(planned, sql="select id, of as amount from things")
    made.contract["outputs"]["copy"] = output(["id"], id="string", amount="string")
    made.put("things", TIED[::order], TIED)
    made.run()

    assert made.rows("copy") == [("a", "y")]
    assert made.report()["datasets"]["things"]["deduplicated"] == 11


@pytest.mark.parametrize("share", [0, 1, 100])
def test_any_share_of_duplicates(planned, monkeypatch, share):
    """More rows than the driver takes are kept by the cluster."""
    monkeypatch.setattr(tables, "_MOST_LOCAL_ROWS", 5)
    made = things(planned)
    rows = [row(str(number)) for number in range(200)]
    made.put("things", rows, rows[: 2 * share])
    made.run()

    assert made.report()["datasets"]["things"]["deduplicated"] == 2 * share
    assert made.report()["outputs"]["copy"]["rows"] == 200


def test_keys_with_the_same_hash_are_still_different(planned):
    made = things(planned)
    made.put("things", [row("a"), row("b"), row("b", at="2025-01-02T00:00:00Z", amount=7)])
    made.edits = (("xxhash64(", "length("),)
    made.run()

    assert made.rows("copy") == [("a", Decimal("1.00")), ("b", Decimal("7.00"))]
    assert made.report()["datasets"]["things"]["deduplicated"] == 1


def test_rejected_orphans_leave_orphans_of_their_own_and_the_next_duplicate_behind(planned):
    """Countries, their cities, their streets: a city of no country goes, and with it its streets."""
    columns = [column("id", "string", "reject"), column("rank", "int"), column("of", "string")]
    made = planned(
        contract(
            {
                "streets": dataset(columns, ["id"], "rank", [("of", "cities", "reject")]),
                "cities": dataset(columns, ["id"], "rank", [("of", "countries", "reject")]),
                "countries": dataset(columns, ["id"], "rank"),
            },
            {"copy": output(["id"], id="string", of="string")},
        ),
        copy="select id, of from streets",
    )
    made.put("countries", [{"id": "no"}, {"id": None}])
    made.put("cities", [{"id": "oslo", "of": "no"}, {"id": "rome", "of": "it"}, {"id": "nowhere", "of": None}])
    made.put(
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
    assert datasets["cities"]["rejected"] == {"id_is_null": 0, "of_is_orphan": 1}
    assert datasets["cities"]["orphans"] == {"of": 1}  # a null names no row, and the null rule let it pass
    assert datasets["streets"]["rejected"] == {"id_is_null": 1, "of_is_orphan": 2}
    assert datasets["streets"]["deduplicated"] == 0
    assert made.rows("copy") == [("1", "oslo"), ("3", "nowhere"), ("4", None)]
    assert [rejected[0] for rejected in made.rejected("streets")] == ["id_is_null", "of_is_orphan", "of_is_orphan"]


def test_the_default_of_a_reference_must_name_a_row_as_well(planned):
    columns = [COLUMNS[0], column("of", "string", {"default": "nobody"})]
    document = contract(
        {
            "things": dataset(columns, ["id"], "id", [("of", "others", "reject")]),
            "others": dataset(COLUMNS[:1], ["id"], "id"),
        },
        {"copy": output(["id"], id="string", of="string")},
    )
    made = planned(document, copy="select id, of from things")
    made.put("things", [{"id": "a", "of": "x"}, {"id": "b", "of": None}])
    made.put("others", [{"id": "x"}])
    made.run()

    assert made.rows("copy") == [("a", "x")]
    assert made.report()["datasets"]["things"]["rejected"] == {"id_is_null": 0, "of_is_orphan": 1}


def test_an_optional_dataset_that_is_absent_is_an_empty_table(planned):
    document = contract(
        {
            "things": dataset(COLUMNS, ["id"], "at", [("of", "others", "fail")]),
            "others": dataset(COLUMNS[:2], ["id"], "at", required=False),
        },
        {"copy": output(["id"], id="string", amount="bigint")},
    )
    made = planned(document, copy="select id, (select count(*) from others) as amount from things")
    made.put("things", [row("a", of=None)])
    made.run()

    assert made.rows("copy") == [("a", 0)]
    assert made.report()["datasets"]["others"]["read"] == 0
    assert made.report()["datasets"]["things"]["orphans"] == {"of": 1}

    made.put("things", [row("a", of="x")])
    assert failure(made, "rule_violated") == (
        'things.of_is_orphan failed: expected 0 rows, actual 1 by the column "of" of things.json; '
        "no row of others, which is absent has its value"
    )


def test_a_query_may_read_columns_that_it_does_not_name(planned):
    place = [column("shop", "string"), column("shelf", "string")]
    document = contract(
        {
            "stock": dataset([column("id", "string", "reject"), *place, column("n", "int")], ["id"], "n"),
            "goals": dataset([column("goal", "string", "reject"), *place, column("low", "int")], ["goal"], "low"),
        },
        {name: output(["id"], id="string") for name in ("joined", "renamed", "table_of_all")},
    )
    made = planned(
        document,
        joined="select id from stock natural join goals",
        renamed="select a as id from stock as s(a, b, c, d) where d = 7",
        table_of_all="select a as id from (table stock union all table goals) as s(a, b, c, d) where d = 5",
    )
    places = [("a", "top"), ("a", "low"), ("b", "top")]
    made.put("stock", [{"id": str(n), "shop": shop, "shelf": shelf, "n": 4 + n}
                       for n, (shop, shelf) in enumerate(places, 1)])  # fmt: skip
    made.put("goals", [{"goal": "x", "shop": "a", "shelf": "top", "low": 5}])
    made.run()

    assert [made.rows(name) for name in made.sql] == [[("1",)], [("3",)], [("1",), ("x",)]]


KINDS = {
    "id": "string",
    "amount": "decimal(12,2)",
    "wide": "decimal(38,18)",
    "at": "timestamp",
    "day": "date",
    "whole": "int",
    "big": "bigint",
    "ratio": "double",
    "is_new": "boolean",
    "tags": "array<string>",
    "stops": "array<struct<place:string,taxes:array<decimal(8,2)>,due:date>>",
}
WHOLE = (
    '{"id": "1", "amount": 1234567890.12, "wide": 12345678901234567890.123456789012345678, '
    '"at": "1500-01-02T03:04:05.678901+02:00", "day": "1500-02-03", "whole": -5, "big": 9223372036854775807, '
    '"ratio": 1e3, "is_new": true, "tags": ["é", null], '
    '"stops": [{"place": "x", "taxes": [0.10, null], "due": "1500-02-03"}, {}, null]}'
)


def test_each_type_arrives_whole_from_the_upload_to_gold(planned):
    columns = [column(name, kind, "reject" if name == "id" else "keep") for name, kind in KINDS.items()]
    made = planned(
        contract({"things": dataset(columns, ["id"], "at")}, {"copy": output(["id"], **KINDS)}),
        copy="select * from things where whole is null or whole < 0",
    )
    made.put("things", [WHOLE, {"id": "2"}, {"id": "3", "whole": "x"}])
    made.run()

    assert made.rows("copy") == [
        (
            "1", Decimal("1234567890.12"), Decimal("12345678901234567890.123456789012345678"),
            "1500-01-02 01:04:05.678901", date(1500, 2, 3), -5, 9223372036854775807, 1000.0, True, ["é", None],
            [("x", [Decimal("0.10"), None], date(1500, 2, 3)), (None, None, None), None],
        ),
        ("2", *[None] * 10),
    ]  # fmt: skip
    assert made.report()["outputs"]["copy"]["columns"] == [{"name": n, "type": k} for n, k in KINDS.items()]


def test_values_of_the_contract_are_the_text_that_they_are(planned):
    nasty = 'it\'s \\ "${spark.app.name}"\n`{}`'
    allowed = {"allowed": [nasty], "onViolation": "reject"}
    bounds = {"range": {"min": "2020-01-01T00:00:00", "max": "2020-01-01T00:00:00"}, "onViolation": "reject"}
    columns = [
        column("id", "string", "reject"),
        column("at", "timestamp", {"default": "2020-01-01T00:00:00"}, bounds),
        column("note", "string", {"default": nasty}, allowed),
        column("amount", "decimal(21,2)", {"default": "1234567890123456789.12"}),
        column("number", "bigint", {"default": "9007199254740993"}),
        column("is_new", "boolean", {"default": True}),
    ]
    kinds = {each["name"]: each["type"] for each in columns}
    made = planned(
        contract({"things": dataset(columns, ["id"], "at")}, {"copy": output(["id"], **kinds)}),
        copy="select * from things",
    )
    given = {"at": "2019-12-31T19:00:00-05:00", "note": nasty, "amount": 0, "number": 0, "is_new": False}
    made.put("things", [{"id": "a"}, {"id": "b", **given}, {"id": "c", "note": ""}, {"id": "d", "at": "2020-01-02"}])
    made.run()

    at = "2020-01-01 00:00:00"
    assert made.rows("copy") == [
        ("a", at, nasty, Decimal("1234567890123456789.12"), 9007199254740993, True),
        ("b", at, nasty, Decimal("0.00"), 0, False),
    ]
    assert made.report()["datasets"]["things"]["rejected"] == {
        "id_is_null": 0, "at_out_of_range": 1, "note_not_allowed": 1,
    }  # fmt: skip


def test_all_that_is_wrong_with_the_datasets_is_told_at_once(planned):
    made = things(planned, max_rejected=0)
    made.contract["datasets"]["others"] = dataset(COLUMNS, ["id"], "at", max_rejected=33.3)
    made.put("things", [row("a", status="x"), row("b", status=None, amount=-1), row("c", status="new")])
    made.put("others", [row("a", amount=-1), "", row("b"), row("c")])

    message = failure(made, "rule_violated")

    place = f'by the column "status" of things.json; see {made.rejected_uri("things")}'
    assert made.failed_checks() == {
        "things.status_is_null": f"expected 0 rows, actual 1 {place}",
        "things.status_not_allowed": f"expected 0 rows, actual 1 {place}",
        "things.max_rejected": "expected at most 0%, actual 66.7% (0 malformed + 2 rejected of 3 rows): "
        f"status_is_null 1, status_not_allowed 1; see {made.rejected_uri('things')}",
        "others.max_rejected": "expected at most 33.3%, actual 33.3% (0 malformed + 1 rejected of 3 rows): "
        f"amount_out_of_range 1; see {made.rejected_uri('others')}",
    }
    assert message == "; ".join(f"{name} failed: {detail}" for name, detail in made.failed_checks().items())
    assert [rule for rule, *_ in made.rejected("things")] == ["status_is_null", "status_not_allowed"]


def test_an_output_that_loses_or_doubles_money_leaves_nothing(planned):
    made = things(planned, [("of", "things")])
    made.put("things", [row("a", amount=1.10), row("b", amount=2), row("c", of="x", amount=4)])
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

    failure(made, "check_failed")

    assert made.failed_checks() == {
        "copy.balance_money": "expected 7.10, actual 10.20",
        "copy.balance_nulls": "expected null, actual null",
        "copy.balance_texts": "expected …, actual …",
    }


GRAINS = {
    f"{SQL} cross join (values (1), (2)) as twice": {
        "one_row_per_id": "expected 0 values of more than one row, actual 1"
    },
    "select cast(null as string) as id, amount from things": {"no_null_in_id": "expected 0 rows, actual 1"},
}


@pytest.mark.parametrize(("sql", "details"), GRAINS.items())
def test_an_output_that_does_not_hold_its_grain(planned, sql, details):
    made = things(planned, sql=sql)
    made.put("things", [row("a")])
    failure(made, "check_failed")

    assert made.failed_checks() == {f"copy.{name}": detail for name, detail in details.items()}


REFUSED = {
    "select id, cast(amount as bigint) as amount from things": (
        "schema_mismatch",
        "copy.schema failed: column amount is bigint, declared decimal(8,2)",
    ),
    "select amount, id from things": (
        "schema_mismatch",
        "copy.schema failed: columns come as amount, id, declared id, amount",
    ),
    "select id, id as extra from things": (
        "schema_mismatch",
        "copy.schema failed: column amount is missing; column extra is not declared",
    ),
    "select id, id, amount from things": (
        "schema_mismatch",
        "copy.schema failed: columns come as id, id, amount, declared id, amount",
    ),
    "select id, price as amount from things": ("sql_failed", 'output "copy": [UNRESOLVED_COLUMN'),
    "selekt 1": ("sql_failed", 'output "copy": \n[PARSE_SYNTAX_ERROR]'),
}


@pytest.mark.parametrize(("sql", "failed"), REFUSED.items())
def test_sql_is_refused_before_a_row_is_read(planned, sql, failed):
    code, message = failed
    made = things(planned, sql=sql)
    made.put("things", [row("a", status="x")])

    assert failure(made, code).startswith(message)
    assert made.report()["datasets"] == {}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("select amount from things", "More than one row returned by a subquery"),
        ("select amount, amount from things", "Scalar subquery must return only one column"),
        ("select sum(price) from things", "`price`"),
    ],
)
def test_a_balance_that_is_no_value(planned, query, message):
    made = things(planned)
    made.put("things", [row("a"), row("b")])
    balanced(made, money=("select 1", query))

    assert message in failure(made, "sql_failed")


def test_a_fault_in_a_value_is_told_without_the_value(planned):
    made = things(planned, sql="select id, cast(1 / (amount - 1) as decimal(8,2)) as amount from things")
    made.put("things", [row("secret")])
    assert failure(made, "sql_failed").startswith('output "copy": [DIVIDE_BY_ZERO] Division by zero.')

    made.sql["copy"] = "select id, cast(id as decimal(8,2)) as amount from things"
    assert 'The value … of the type "STRING"' in failure(made, "sql_failed")


def test_a_pattern_that_is_none_is_the_contracts_fault(planned, monkeypatch):
    made = things(planned)
    made.contract["datasets"]["things"]["columns"][5]["rules"] = [{"pattern": "(", "onViolation": "reject"}]
    made.put("things", [row("a", code="x")])

    assert failure(made, "contract_invalid").startswith("the datasets: [INVALID_PARAMETER_VALUE.PATTERN]")

    as_for_much_input(monkeypatch)
    assert failure(made, "contract_invalid").startswith("the datasets: java.util.regex.PatternSyntaxException")


def test_a_fault_of_the_infrastructure_leaves_no_report(planned):
    made = things(planned)
    made.put("things", [row("a")])
    (made.folder / "gold").write_text("a file where the folder should be")

    with pytest.raises(Infrastructure, match=r"^org\.apache\.hadoop\.fs\.") as raised:
        made.run()
    assert raised.value.__context__ is None
    assert not (made.folder / "reports").exists()


@pytest.mark.parametrize("rows", [3, 1])
def test_other_rows_than_were_promoted(planned, rows):
    made = things(planned)
    made.put("things", [row("a"), row("b")])
    made.pin("things", rows=rows, parts=[{"lines": 3, "rows": rows, "bytes": 1}])

    with pytest.raises(Infrastructure, match=f"things.rows_read failed: expected {rows} rows as promoted, actual 2"):
        made.run()
    assert not (made.folder / "reports").exists()


def test_an_input_that_is_gone(planned):
    made = things(planned)
    made.put("things", [row("a")])
    made.pin("things", silver=f"{made.folder}/gone/")

    assert "gone" in failure(made, "input_missing")


def test_a_file_without_rows(planned):
    made = things(planned)
    made.put("things", [""])
    made.run()

    assert made.rows("copy") == []


def test_a_second_run_of_the_same_job_run_overwrites_nothing(planned):
    made = things(planned)
    made.put("things", [row("a")])
    made.run()
    before = data_files(made.folder / "gold")
    made.job_runs = 0

    with pytest.raises(Infrastructure, match="exists already"):
        made.run()
    assert data_files(made.folder / "gold") == before


@pytest.mark.parametrize("cluster_by", [["amount", "id"], []])
def test_an_output_that_is_large_lies_in_sorted_files_or_in_files_of_the_same_size(planned, monkeypatch, cluster_by):
    as_for_much_input(monkeypatch)
    monkeypatch.setattr(tables, "TARGET_BYTES", 1500)
    monkeypatch.setitem(session._SETTINGS, "spark.sql.adaptive.coalescePartitions.enabled", "false")
    made = things(planned)
    made.contract["outputs"]["copy"]["clusterBy"] = cluster_by
    made.put("things", [row(f"{number:03}", amount=number * 7 % 500) for number in range(500)])
    made.run()

    reader = made.spark.newSession().read
    files = [[row.amount for row in reader.parquet(str(file)).collect()]
             for file in made.output_folder("copy").glob("*.parquet")]  # fmt: skip
    assert len(files) == made.report()["outputs"]["copy"]["files"] > 2
    assert sorted(amount for amounts in files for amount in amounts) == list(range(500))
    if cluster_by:
        assert files == [sorted(amounts) for amounts in files]
    else:
        assert max(map(len, files)) <= min(map(len, files)) + 2


@pytest.mark.parametrize(("size", "files"), [(0, 1), (1, 1), (2**28, 1), (2**28 + 1, 2), (10 * 2**28, 10)])
def test_files_of_gold_have_256_mib_of_the_inputs(size, files):
    assert tables.files_for(size) == files


def test_what_a_manifest_must_hold(planned):
    made = things(planned)
    made.put("things", [row("a")])
    good = made.manifest()
    source = good["inputs"]["things"]
    plan = good["release"]["plan"]

    assert failure(made, "manifest_invalid", inputs={}) == "manifest.inputs: missing things"
    assert failure(made, "manifest_invalid", inputs={"things": None}) == (
        "manifest.inputs.things: is null, but things is required"
    )
    assert failure(made, "manifest_invalid", pipeline="other") == (
        "manifest.pipeline: is 'other', the plan is for 'commerce'"
    )
    changed = {**good["release"], "plan": {**plan, "sha256": "0" * 64}}
    assert failure(made, "checksum_mismatch", release=changed) == (
        f"{plan['uri']} has sha256 {plan['sha256']}, but the run was claimed with {'0' * 64}"
    )
    made.pin("things", surplus=1)
    assert failure(made, "file_report_invalid") == f"{source['report']['uri']}: unknown surplus"
