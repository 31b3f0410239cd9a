"""The row contract on real files: which rows are malformed, what nulls do, which duplicate stays, every column type."""

import json
from datetime import date, datetime, timezone
from decimal import Decimal

import pytest

from harness import NO_DRIFT, column, contract, dataset, lines, output

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
    "home": "struct<city:string,zip:int>",
}


def one_dataset(columns=None, primary_key=("id",), latest_by="at", sql="select * from things", outputs=None):
    columns = columns or [column("id", "string", "reject"), *(column(n, k) for n, k in KINDS.items() if n != "id")]
    kinds = outputs or {item["name"]: item["type"] for item in columns}
    return contract(
        {"things": dataset(columns, list(primary_key), latest_by)}, {"copy": output(list(primary_key), **kinds)}
    ), sql


@pytest.fixture
def things(pipeline):
    def make(**how):
        document, sql = one_dataset(**how)
        made = pipeline(document)
        made.sql["copy"] = sql
        return made

    return make


MALFORMED = [
    '{"id": "a"',
    '{"id": "a"} {"id": "b"}',
    '{"id": "a"} and more',
    '{"id": "a"},',
    '{"id": "a"}}',
    '{"id": "a"}} {"id": "b"}',
    '{"id": "a"}}}} and more',
    '{"id": "a", "home": {"city": "x"}}} {"id": "b"}',
    '{"id": "a"}, "row": {"id": "b"}',
    '{"id": "a"}, "x": 1',
    '{"id": "a"}], "row": [{"id": "b"}',
    '{"id": "a"}] {"id": "b"}',
    'null, "row": {"id": "b"}',
    '[{"id": "a"}, {"id": "b"}]',
    "null",
    "5",
    '"text"',
    '{"id": 5}',
    '{"id": -1.5}',
    '{"id": true}',
    '{"id": {"x": 1}}',
    '{"id": ["x"]}',
    '{"id": "a", "amount": "12.50"}',
    '{"id": "a", "amount": "12,50"}',
    '{"id": "a", "amount": ""}',
    '{"id": "a", "amount": 12.345}',
    '{"id": "a", "amount": 99999999999.5}',
    '{"id": "a", "amount": 9999999999.999}',
    '{"id": "a", "amount": true}',
    '{"id": "a", "at": 5}',
    '{"id": "a", "at": "12:30"}',
    '{"id": "a", "at": "2025"}',
    '{"id": "a", "at": "2025-02-30T00:00:00"}',
    '{"id": "a", "at": "yesterday"}',
    '{"id": "a", "at": ""}',
    '{"id": "a", "day": "2025-02-30"}',
    '{"id": "a", "day": "2025-02-03T10:00:00"}',
    '{"id": "a", "day": 20000}',
    '{"id": "a", "whole": 5.0}',
    '{"id": "a", "whole": "5"}',
    '{"id": "a", "whole": 2147483648}',
    '{"id": "a", "big": 9223372036854775808}',
    '{"id": "a", "ratio": "1.5"}',
    '{"id": "a", "ratio": NaN}',
    '{"id": "a", "ratio": "NaN"}',
    '{"id": "a", "is_new": "true"}',
    '{"id": "a", "is_new": 1}',
    '{"id": "a", "tags": "x"}',
    '{"id": "a", "home": {"city": "x", "zip": "y"}}',
    '{"id": "a", "home": 5}',
]


def test_a_row_of_another_type_is_malformed_and_never_a_null(things):
    made = things()
    made.put("things", lines(*MALFORMED, {"id": "good"}))
    made.run()

    counts = made.report()["datasets"]["things"]
    assert sorted(text for _, text, _ in made.rejected("things")) == sorted(MALFORMED)
    assert {rule for rule, _, _ in made.rejected("things")} == {"malformed"}
    assert counts["read"] == len(MALFORMED) + 1
    assert counts["kept"] == 1


SAME_NAME_MALFORMED = [
    '{"id": 7, "parent": {"id": "a"}}',
    '{"parent": {"id": "a"}, "id": true}',
    '{"id": {"x": 1}, "parent": {"id": "a"}}',
    '{"id": ["x"], "of": [{"id": "a"}]}',
    '{"id": 7, "note": "\\"id\\": \\"a\\""}',
    '{"\\u0069d": 7, "of": {"id": "a"}}',
    '{"id": "a", "amount": "2.00", "tax": {"amount": 2.00}}',
    '{"id": "a", "\\u0061mount": "2.00", "tax": {"amount": 2.00}}',
    '{"id": "a", "net": {"value": "12,50"}, "gross": {"value": 1}}',
]
SAME_NAME_KEPT = [
    '{"id": "2024", "parent": {"id": 7}}',
    '{"id": "true", "parent": {"id": true}}',
    '{"id": "{}", "parent": {"id": {}}}',
    '{"id": "[x]", "parent": {"id": []}}',
    '{"id":\n"-1.5", "parent": {"id": 7}}',
    '{"id": "amount", "amount": 2.00, "tax": {"amount": "2.00"}}',
    '{"id": "amounts", "items": [{"amount": "3.00"}, {"amount": "1,00"}], "amount": 2}',
    '{"id": "exponent", "tax": {"amount": 1e99999}, "amount": 2.00}',
    '{"id": "no amount", "tax": {"amount": 1e99999}}',
    '{"id": "net", "net": {"value": 1.50}, "gross": {"value": "1,50"}}',
    '{"id": "a } in a text"}',
]


def test_a_field_further_in_with_the_name_of_a_column_changes_nothing(things):
    columns = [
        column("id", "string", "reject"),
        column("amount", "decimal(8,2)"),
        column("net", "struct<value:decimal(8,2)>"),
    ]
    made = things(columns=columns, latest_by="id")
    made.put("things", f"[{', '.join([*SAME_NAME_MALFORMED, *SAME_NAME_KEPT])}]", layout="array")
    made.run()

    assert sorted(text for _, text, _ in made.rejected("things")) == sorted(SAME_NAME_MALFORMED)
    rows = {row["id"]: row["amount"] for row in made.rows("copy")}
    assert rows == {json.loads(text)["id"]: None for text in SAME_NAME_KEPT} | {
        "amount": Decimal("2.00"), "amounts": Decimal("2.00"), "exponent": Decimal("2.00"),
    }  # fmt: skip


def test_each_type_arrives_whole(things):
    made = things()
    made.put(
        "things",
        lines(
            '{"id": "1", "amount": 1234567890.12, "wide": 12345678901234567890.123456789012345678, '
            '"at": "2025-01-02T03:04:05.678901+02:00", "day": "1500-02-03", "whole": -5, "big": 9223372036854775807, '
            '"ratio": 1e3, "is_new": true, "tags": ["x", null], "home": {"city": "é", "zip": 7}, "extra": {"id": 5}}',
            '{"id": "{2}", "amount": 0.30000000000000004, "at": "1500-01-01"}',
        ),
    )
    made.run()

    assert made.rows("copy") == [
        {
            "id": "1", "amount": Decimal("1234567890.12"), "wide": Decimal("12345678901234567890.123456789012345678"),
            "at": "2025-01-02 01:04:05.678901", "day": date(1500, 2, 3), "whole": -5, "big": 9223372036854775807,
            "ratio": 1000.0, "is_new": True, "tags": ["x", None], "home": {"city": "é", "zip": 7},
        },
        {
            "id": "{2}", "amount": Decimal("0.30"), "wide": None, "at": "1500-01-01 00:00:00", "day": None,
            "whole": None, "big": None, "ratio": None, "is_new": None, "tags": None, "home": None,
        },
    ]  # fmt: skip
    assert made.report()["outputs"]["copy"]["columns"] == [{"name": n, "type": k} for n, k in KINDS.items()]


NESTED = {
    "id": "string",
    "price": "struct<net:decimal(8,2),due:date>",
    "taxes": "array<decimal(8,2)>",
    "stops": "array<struct<place:string,at:timestamp>>",
}

NESTED_MALFORMED = [
    '{"id": "a", "price": {"net": 12.345}}',
    '{"id": "a", "price": {"net": "12,50"}}',
    '{"id": "a", "price": {"net": 1000000}}',
    '{"id": "a", "price": {"due": "2025-02-30"}}',
    '{"id": "a", "price": {"due": "2025-02-03T10:00:00"}}',
    '{"id": "a", "price": {"due": 20000}}',
    '{"id": "a", "price": 5}',
    '{"id": "a", "taxes": [1.00, 1.005]}',
    '{"id": "a", "taxes": [1.00, "1,50"]}',
    '{"id": "a", "stops": [{"at": null}, {"at": "12:30"}]}',
    '{"id": "a", "stops": [{"at": 5}]}',
    '{"id": "a", "stops": [{"at": "2025-02-30T00:00:00"}]}',
]


def test_what_is_inside_arrays_and_structs_is_held_to_its_type(things):
    made = things(columns=[column(name, kind, "reject" if name == "id" else "keep") for name, kind in NESTED.items()],
                  latest_by="id")  # fmt: skip
    made.put(
        "things",
        lines(
            *NESTED_MALFORMED,
            '{"id": "1", "price": {"net": 999999.99, "due": "1500-02-03"}, "taxes": [0.10, null], '
            '"stops": [{"place": "12,50", "at": "2025-01-02T03:04:05.678901+02:00"}, {"place": "x"}, null]}',
            '{"id": "2", "price": {}, "taxes": [], "stops": []}',
            '{"id": "3"}',
        ),
    )
    made.run()

    # Inside an array PySpark hands times over in the time zone of this process.
    local_time = datetime(2025, 1, 2, 1, 4, 5, 678901, tzinfo=timezone.utc).astimezone().replace(tzinfo=None)
    assert sorted(text for _, text, _ in made.rejected("things")) == sorted(NESTED_MALFORMED)
    assert made.rows("copy") == [
        {
            "id": "1",
            "price": {"net": Decimal("999999.99"), "due": date(1500, 2, 3)},
            "taxes": [Decimal("0.10"), None],
            "stops": [
                {"place": "12,50", "at": local_time},
                {"place": "x", "at": None},
                None,
            ],
        },
        {"id": "2", "price": {"net": None, "due": None}, "taxes": [], "stops": []},
        {"id": "3", "price": None, "taxes": None, "stops": None},
    ]
    assert made.report()["outputs"]["copy"]["columns"] == [{"name": n, "type": k} for n, k in NESTED.items()]


@pytest.mark.parametrize(
    ("layout", "compressed", "content"),
    [
        ("jsonl", False, '\ufeff{"id": "a"}\r\n\r\n  \t\r\n{"id": "b", "wide": 1234567890.123456789012345678}'),
        ("jsonl", True, '{"id": "a"}\n\n{"id": "b", "wide": 1234567890.123456789012345678}\n'),
        ("array", False, '\ufeff [\n {"id": "a"},\n{"id":\n"b", "wide": 1234567890.123456789012345678} ]\n'),
        ("array", True, '[{"id": "a"},{"id": "b", "wide": 1234567890.123456789012345678}]'),
    ],
)
def test_reads_lines_and_arrays_plain_and_gzipped(things, layout, compressed, content):
    made = things()
    made.put("things", content, layout=layout, compressed=compressed)
    made.run()

    assert made.report()["datasets"]["things"]["read"] == 2
    assert [(row["id"], row["wide"]) for row in made.rows("copy")] == [
        ("a", None),
        ("b", Decimal("1234567890.123456789012345678")),
    ]


@pytest.mark.parametrize(
    ("content", "kept", "malformed"),
    [
        ('[{"id": "a"}, 5, {"id": "b", "whole": "x"}, {"id": "c"}]', 2, ["5", '{"id": "b", "whole": "x"}']),
        ('[{"id": "a"}, {"id": "b"', 1, ['{"id": "b"']),
        ('[{"id": "a"}] {"id": "b"}', 1, ['] {"id": "b"}']),
        ('[{"id": "a"},]', 1, ["]"]),
    ],
)
def test_one_bad_element_of_an_array_costs_no_other(things, content, kept, malformed):
    made = things()
    made.put("things", content, layout="array")
    made.run()

    assert made.report()["datasets"]["things"]["kept"] == kept
    found = sorted(text.strip() for _, text, _ in made.rejected("things"))
    assert [text.removeprefix(",").strip() for text in found] == sorted(malformed)


def test_a_row_counts_under_the_first_rule_that_it_breaks(things):
    columns = [column("a", "string", "reject"), column("b", "int", "reject"), column("at", "timestamp")]
    made = things(columns=columns, primary_key=("a", "b"))
    made.put("things", lines("{}", {"a": "x"}, {"b": 1}, {"a": "x", "b": 1}, {"b": "x"}))
    made.run()

    assert made.report()["datasets"]["things"]["rejected"] == {"malformed": 1, "a_is_null": 2, "b_is_null": 1}


def test_defaults_take_the_place_of_null_as_the_text_they_are(things):
    nasty = 'it\'s \\ "${spark.app.name}"\n`{}`'
    columns = [
        column("id", "string", "reject"),
        column("at", "timestamp", {"default": "2020-01-01T00:00:00"}),
        column("note", "string", {"default": nasty}),
        column("amount", "decimal(21,2)", {"default": "1234567890123456789.12"}),
        column("number", "bigint", {"default": "9007199254740993"}),
        column("is_new", "boolean", {"default": True}),
    ]
    made = things(columns=columns)
    made.put("things", lines({"id": "a"}, {"id": "b", "note": "", "amount": 0, "number": 0, "is_new": False}))
    made.run()

    numbers = {"amount": Decimal("1234567890123456789.12"), "number": 9007199254740993}
    zeros = {"amount": Decimal("0.00"), "number": 0}
    assert made.rows("copy") == [
        {"id": "a", "at": "2020-01-01 00:00:00", "note": nasty, **numbers, "is_new": True},
        {"id": "b", "at": "2020-01-01 00:00:00", "note": "", **zeros, "is_new": False},
    ]


def test_of_equal_keys_the_latest_stays_and_of_equally_late_ones_the_same_in_any_order(things):
    columns = [
        column("id", "string", "reject"),
        column("at", "timestamp"),
        column("note", "string"),
        column("n", "int"),
    ]
    rows = [
        {"id": "a", "at": "2025-01-01", "note": "old", "n": 9},
        {"id": "a", "at": "2025-01-02", "note": "x", "n": 1},
        {"id": "a", "at": "2025-01-02", "note": "x", "n": 2},
        {"id": "a", "at": "2025-01-02", "note": "w", "n": 8},
        {"id": "a", "note": "z", "n": 9},
        {"id": "a", "at": "2026-01-01", "n": "malformed rows are no candidates"},
        {"id": "b"},
        {"id": "b"},
    ]
    for order in (rows, rows[::-1], rows[3:] + rows[:3]):
        made = things(columns=columns)
        made.put_rows("things", order)
        made.job_runs = len(list((made.folder / "gold").rglob("part-*")))
        made.run()

        assert [(row["id"], row["note"], row["n"]) for row in made.rows("copy")] == [("a", "x", 2), ("b", None, None)]
        counts = made.report()["datasets"]["things"]
        assert (counts["read"], counts["kept"], counts["deduplicated"]) == (8, 2, 5)


def test_a_tie_is_broken_alike_whichever_columns_the_output_reads(things):
    columns = [column("id", "string", "reject"), column("at", "timestamp"), column("n", "int"), column("m", "int")]
    rows = [{"id": "a", "n": 1, "m": 9}, {"id": "a", "n": 2, "m": 1}]
    made = things(columns=columns, sql="select id, m from things", outputs={"id": "string", "m": "int"})
    made.put_rows("things", rows)
    made.run()

    assert made.rows("copy") == [{"id": "a", "m": 1}]


def test_a_column_that_no_statement_reads_is_held_against_the_contract_all_the_same(things):
    made = things(sql="select id from things", outputs={"id": "string"})
    made.put("things", lines({"id": "a"}, {"id": "b", "whole": "x"}))
    made.run()

    assert made.rows("copy") == [{"id": "a"}]
    assert made.report()["datasets"]["things"]["rejected"]["malformed"] == 1


def test_an_optional_dataset_that_is_absent_is_an_empty_table_of_its_schema(pipeline):
    columns = [column("id", "string", "reject"), column("at", "timestamp"), column("amount", "decimal(12,2)")]
    made = pipeline(
        contract(
            {
                "things": dataset(columns, ["id"], "at"),
                "coupons": dataset(columns, ["id"], "at", [("id", "things")], required=False),
            },
            {"joined": output(["id"], id="string", amount="decimal(12,2)")},
        )
    )
    made.sql["joined"] = "select t.id, c.amount from things as t left join coupons as c on t.id = c.id"
    made.put_rows("things", [{"id": "a"}])
    made.run()

    assert made.rows("joined") == [{"id": "a", "amount": None}]
    assert made.report()["datasets"]["coupons"] == {
        "read": 0,
        "kept": 0,
        "rejected": {"malformed": 0, "id_is_null": 0},
        "warned": {},
        "deduplicated": 0,
        "orphans": {"id": 0},
        "drift": NO_DRIFT,
    }


def test_a_reference_that_is_null_is_an_orphan(pipeline):
    columns = [column("id", "string", "reject"), column("at", "timestamp"), column("of", "string")]
    made = pipeline(
        contract({"things": dataset(columns, ["id"], "at", [("of", "things")])}, {"copy": output(["id"], id="string")})
    )
    made.sql["copy"] = "select id from things"
    made.put_rows("things", [{"id": "a"}, {"id": "b", "of": "a"}, {"id": "c", "of": "x"}, {"id": "d", "of": "y"}])
    made.run()

    assert made.report()["datasets"]["things"]["orphans"] == {"of": 3}


def test_counts_balance_over_many_rows_in_many_partitions(things):
    made = things(columns=[column("id", "string", "reject"), column("at", "timestamp"), column("n", "int")])
    rows = [
        {"id": f"i_{i % 700}" if i % 10 else None, "at": f"2025-01-{i % 28 + 1:02}", "n": "x" if i % 7 == 0 else i}
        for i in range(5000)
    ]
    made.put_rows("things", rows)
    made.run()

    malformed = sum(row["n"] == "x" for row in rows)
    nulls = sum(row["id"] is None and row["n"] != "x" for row in rows)
    kept = len({row["id"] for row in rows if row["id"] is not None and row["n"] != "x"})
    assert made.report()["datasets"]["things"] == {
        "read": 5000,
        "kept": kept,
        "rejected": {"malformed": malformed, "id_is_null": nulls},
        "warned": {},
        "deduplicated": 5000 - kept - malformed - nulls,
        "orphans": {},
        "drift": NO_DRIFT,
    }
    assert len(made.rejected("things")) == malformed + nulls
    assert json.loads(made.rejected("things")[0][1])["n"] is not None


TIMES = {
    '"2025-01-02T03:04:05Z"': "2025-01-02 03:04:05",
    '"2025-01-02T03:04:05+02:00"': "2025-01-02 01:04:05",
    '"2025-01-02T03:04:05+0200"': "2025-01-02 01:04:05",
    '"2025-01-02T03:04:05 Europe/Berlin"': "2025-01-02 02:04:05",
    '"2025-01-02T03:04:05 Etc/GMT+5"': "2025-01-02 08:04:05",
    '"2025-01-02T03:04:05 America/Argentina/Ushuaia"': "2025-01-02 06:04:05",
    '"2025-01-02T03:04:05 UTC"': "2025-01-02 03:04:05",
    '"2025-01-02T03:04:05UTC"': "2025-01-02 03:04:05",
    '"2025-01-02T03:04:05 GMT+02:00"': "2025-01-02 01:04:05",
    '"2025-01-02T03:04:05"': "2025-01-02 03:04:05",
    '"2025-01-02 03:04:05"': "2025-01-02 03:04:05",
    '"2025-01-02T03:04"': "2025-01-02 03:04:00",
    '"2025-01-02T03"': "2025-01-02 03:00:00",
    '"2025-01-02T03:04:05.1234567Z"': "2025-01-02 03:04:05.123456",
    '"2025-01-02"': "2025-01-02 00:00:00",
    "null": None,
    **dict.fromkeys(
        [
            "1735787045", "1735787045000", "1735787045.5", '"1735787045"', '"2025-02-30"', '"2025-01-02T24:00:00"',
            '"2025-01-02T03:04:60"', '"2025-1-2"', '"12:30"', '"yesterday"', '""', '"2025-01-02T"', '"2025-01-02 noon"',
            # Abbreviations mean one zone to some and another to others.
            '"2025-07-02 03:04:05 BST"', '"2025-01-02T03:04:05 EST"', '"2025-01-02T03:04:05 CST "',
            '"2025-01-02T03:04:05 CET"', '"2025-01-02T03:04:05 EST5EDT"', '"2025-01-02T03:04:05 GMT0"',
            '"2025-01-02T03:04:05 Japan"', '"2025-01-02T03:04:05 NZ"',
        ],
        "malformed",
    ),
}  # fmt: skip


def test_every_way_to_write_a_time_has_its_result(things):
    made = things(columns=[column("id", "string", "reject"), column("at", "timestamp"), column("day", "date")])
    made.put(
        "things",
        lines(
            *(f'{{"id": "at {index:02}", "at": {written}}}' for index, written in enumerate(TIMES)),
            *(f'{{"id": "day {index:02}", "day": {written}}}' for index, written in enumerate(TIMES)),
        ),
    )
    made.run()

    times = {row["id"]: row["at"] for row in made.rows("copy") if row["id"].startswith("at ")}
    assert times == {f"at {i:02}": time for i, time in enumerate(TIMES.values()) if time != "malformed"}
    days = {row["id"]: row["day"] for row in made.rows("copy") if row["id"].startswith("day ")}
    assert days == {
        f"day {i:02}": date(2025, 1, 2) if written.startswith('"') else None
        for i, written in enumerate(TIMES)
        if written in ("null", '"2025-01-02"')
    }
    assert {rule for rule, _, _ in made.rejected("things")} == {"malformed"}
    assert len(made.rejected("things")) == 2 * len(TIMES) - len(times) - len(days)
