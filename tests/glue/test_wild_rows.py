"""Rows that a reading of JSON takes for something else without a word: they are malformed, and cost no other row.

The promote function rejects a file that is full of them; these are the ones among good rows.
"""

from decimal import Decimal

import pytest

from harness import column, contract, dataset, output

KINDS = {
    "id": "string",
    "amount": "decimal(12,2)",
    "at": "timestamp",
    "big": "bigint",
    "ratio": "double",
    "tags": "array<string>",
    "home": "struct<city:string>",
}
GOOD = b'{"id": "good"}\n'


@pytest.fixture
def things(pipeline):
    columns = [column(name, kind, "reject" if name == "id" else "keep") for name, kind in KINDS.items()]
    made = pipeline(contract({"things": dataset(columns, ["id"], "at")}, {"copy": output(["id"], **KINDS)}))
    made.sql["copy"] = "select * from things"
    return made


def deep(levels: int) -> str:
    return f'{{"id": "deep", "x": {"[" * levels}{"]" * levels}}}'


WILD = {
    "Latin-1": '{"id": "Müller"}'.encode("latin-1"),
    "Windows-1252": b'{"id": "it\x92s"}',
    "a character cut in two": b'{"id": "\xc3"}',
    "invalid bytes in a value that is not declared": b'{"id": "a", "note": "\xff"}',
    "half of an emoji": b'{"id": "a\\ud83c"}',
    "the other half": b'{"id": "\\udf89a"}',
    "a key twice": b'{"id": "a", "id": "b"}',
    "a key twice with the same value": b'{"id": "a", "big": 1, "big": 1}',
    "a key twice, null at last": b'{"id": "a", "big": 1, "big": null}',
    "a key twice, null at first": b'{"id": "a", "at": null, "at": "2026-01-01"}',
    "a key twice, once escaped": b'{"id": "a", "\\u0069d": "b"}',
    "a key twice among quotes": b'{"home": {"city": "x"}, "id": "\\"a\\"", "tags": ["x"], "id": "b"}',
    "single quotes": b"{'id': 'a'}",
    "a key twice in single quotes": b"{'id': 'a', 'id': 'b'}",
    "100,000 levels": deep(100_000).encode(),
    "1,000 levels": deep(1_000).encode(),
    "a double beyond double": b'{"id": "a", "ratio": 1e400}',
    "a double below double": b'{"id": "a", "ratio": -1e400}',
    "a decimal beyond double": b'{"id": "a", "amount": 1e400}',
    "a decimal that no memory holds": b'{"id": "a", "amount": 1e999999999}',
    "a decimal with a scale that no memory holds": b'{"id": "a", "amount" : -1.5E-999999999}',
    "a quoted decimal that no memory holds": b'{"id": "a", "amount": "1e999999999"}',
    "a long beyond double": b'{"id": "a", "big": 1e400}',
    "a number beyond double for a text": b'{"id": 1e400}',
    "a number beyond double for a time": b'{"id": "a", "at": 1e400}',
    "a number of 5,000 digits": b'{"id": "a", "ratio": ' + b"1" * 5_000 + b"}",
    "a number of 5,000 digits that is not declared": b'{"id": "a", "x": ' + b"1" * 5_000 + b"}",
}


def test_a_wild_row_is_malformed_and_never_another_value(things):
    things.put("things", GOOD + b"".join(row + b"\n" for row in WILD.values()))
    things.run()

    assert [row["id"] for row in things.rows("copy")] == ["good"]
    counts = things.report()["datasets"]["things"]
    assert counts["read"] == len(WILD) + 1
    assert counts["rejected"] == {"malformed": len(WILD), "id_is_null": 0}
    assert len(things.rejected("things")) == len(WILD)


TAME = {
    "ü, é and 🎉": '{"id": "ü é 🎉"}',
    "an escaped emoji": '{"id": "\\ud83c\\udf89"}',
    "a backslash before a u": '{"id": "\\\\ud83c"}',
    "a replacement character of its own": '{"id": "\ufffd"}',
    "a key twice that is not declared": '{"id": "a", "x": 1, "x": 2}',
    "a key further in that is also declared": '{"id": "b", "home": {"city": "x"}, "y": {"id": "c", "city": "z"}}',
    "a key as a value": '{"id": "id", "tags": ["id", "big"]}',
    "quotes in a value": '{"id": "\\"id\\": \\"x\\""}',
    "an exponent": '{"id": "e", "amount": 1.5e3, "ratio": 1e308}',
    "what looks like a huge exponent and is a text": '{"id": "f1e99999", "x": "amount: 1e99999"}',
    "900 levels": deep(900),
}


def test_a_tame_row_that_looks_wild_is_kept(things):
    things.put("things", "".join(f"{row}\n" for row in TAME.values()))
    things.run()

    rows = {row["id"]: row for row in things.rows("copy")}
    assert things.report()["datasets"]["things"]["rejected"]["malformed"] == 0
    assert set(rows) == {
        "ü é 🎉", "🎉", "\\ud83c", "\ufffd", "a", "b", "id", '"id": "x"', "e", "f1e99999", "deep",
    }  # fmt: skip
    assert (rows["e"]["amount"], rows["e"]["ratio"]) == (Decimal("1500.00"), 1e308)


def test_in_an_array_a_wild_row_costs_no_other(things):
    unsplittable = ("levels", "single quotes")
    wild = [
        name for name, row in WILD.items() if not any(word in name for word in unsplittable) and not _is_binary(row)
    ]
    things.put("things", b"[" + b",".join([*(WILD[name] for name in wild), GOOD]) + b"]", layout="array")
    things.run()

    assert [row["id"] for row in things.rows("copy")] == ["good"]
    assert things.report()["datasets"]["things"]["rejected"] == {"malformed": len(wild), "id_is_null": 0}


def test_what_follows_an_element_too_deep_is_rejected_with_it_and_counted(things):
    """The promote function lets no such array pass."""
    things.put("things", b"[" + b",".join([GOOD, deep(2_000).encode(), GOOD]) + b"]", layout="array")
    things.run()

    assert things.report()["datasets"]["things"]["rejected"]["malformed"] == 1
    assert things.rejected("things")[0][1].endswith(GOOD.decode() + "]")


def _is_binary(row: bytes) -> bool:
    """Whether the text of an array could not hold it: the promote function reads those whole."""
    try:
        row.decode()
    except UnicodeDecodeError:
        return True
    return False
