"""Fields that are new, columns that are gone and types that changed, in each mode of schema evolution."""

import pytest

from harness import column, contract, dataset, output
from pipeline_engine import errors

COLUMNS = [
    column("id", "string", "reject"),
    column("at", "timestamp"),
    column("amount", "decimal(8,2)"),
    column("country", "string", {"default": "unknown"}),
    column("home", "struct<city:string>"),
]


@pytest.fixture
def things(pipeline):
    def make(evolution: str, columns=None):
        made = pipeline(
            contract(
                {"things": dataset(columns or COLUMNS, ["id"], "at")}, {"copy": output(["id"], id="string")}, evolution
            )
        )
        made.sql["copy"] = "select id from things"
        return made

    return make


DRIFTED = (
    '{"id": "a", "amount": "1.50", "home": {"city": "x", "zip": "inside is not looked at"}, "coupon": "X1"}\n'
    '{"id": "b", "amount": "12,50", "coupon": "X3", "gift": {"of": [1, "b"]}}\n'
    '{"id": "c", "amount": 3, "coupon": null, "home": null, "a.b": 5}\n'
    '{"id": "d", "amount": "9", "jo@mail.org": 1, "his mail": 1, "%s": "long"}\n'
    '{"id": "e", "0815": 1}\n'
    '{"id": "f", "amo' % ("n" * 100)
)
UNDECLARED = [
    {"name": "coupon", "rows": 3},
    {"name": "(a name that is no identifier)", "rows": 2},
    {"name": "a.b", "rows": 1},
    {"name": "gift", "rows": 1},
    {"name": "n" * 64, "rows": 1},
]
CHANGED = [{"name": "amount", "type": "decimal(8,2)", "rows": 3, "of": 4}]


@pytest.mark.parametrize("evolution", ["additive", "ignore-unknown"])
def test_what_is_no_fault_is_reported_by_name_without_any_value(things, evolution):
    made = things(evolution)
    made.put("things", DRIFTED)
    made.run()

    assert made.report()["datasets"]["things"]["drift"] == {
        "undeclared": UNDECLARED,
        "absent": ["at", "country"],
        "changed": CHANGED,
    }
    assert [row["id"] for row in made.rows("copy")] == ["c", "e"]


def test_strict_fails_and_names_everything(things):
    made = things("strict")
    made.put("things", DRIFTED)

    with pytest.raises(errors.SchemaChanged) as raised:
        made.run()

    assert str(raised.value) == (
        'things.schema_evolution failed: strict: no row has the column "at"; no row has the column "country"; '
        'the field "coupon" is not declared (3 rows); '
        'the field "(a name that is no identifier)" is not declared (2 rows); '
        'the field "a.b" is not declared (1 rows); '
        'the field "gift" is not declared (1 rows); '
        f'the field "{"n" * 64}" is not declared (1 rows); '
        'the column "amount" is not decimal(8,2) in 3 of 4 rows; '
        f"see v-0.json, rejected rows in {made.folder}/rejected/rows/things/batch=current/run=1/jr_1/"
    )
    assert made.report()["failure"]["code"] == "schema_changed"
    assert not (made.folder / "gold").exists()
    assert len(made.rejected("things")) == 4


def test_strict_takes_data_that_is_as_declared(things):
    made = things("strict", COLUMNS[:3])
    made.put("things", '{"id": "a", "at": null, "amount": 1}\n{"id": "b", "amount": "x"}\n{"id": "c", "amount": 2.5}\n')
    made.run()

    assert made.report()["datasets"]["things"]["drift"] == {"undeclared": [], "absent": [], "changed": []}


@pytest.mark.parametrize(("evolution", "fails"), [("additive", False), ("ignore-unknown", True)])
def test_a_column_that_may_not_be_null_and_is_in_no_row(things, evolution, fails):
    columns = [*COLUMNS[:2], column("user", "string", "reject")]
    made = things(evolution, columns)
    made.put("things", '{"id": "a", "at": "2025-01-01"}\n')

    if fails:
        with pytest.raises(
            errors.SchemaChanged, match=r'ignore-unknown: no row has the column "user"; see v-0.json, rejected rows in '
        ):
            made.run()
    else:
        made.run()
        assert made.report()["datasets"]["things"]["rejected"]["user_is_null"] == 1
    assert made.report()["datasets"]["things"]["drift"]["absent"] == ["user"]


def test_a_file_without_an_object_tells_nothing_of_its_columns(things):
    made = things("strict", COLUMNS[:1])
    made.contract["datasets"]["things"]["latestBy"] = "id"
    made.put("things", '{"id": "a"\n')
    made.run()

    assert made.report()["datasets"]["things"]["drift"]["absent"] == []


def test_more_than_63_columns_are_told_apart(things):
    columns = [COLUMNS[0], *(column(f"c{index}", "int") for index in range(130))]
    made = things("additive", columns)
    made.contract["datasets"]["things"]["latestBy"] = "id"
    present = [index for index in range(130) if index not in (61, 62, 63, 125)]
    made.put_rows("things", [{"id": "a", **{f"c{index}": index for index in present}}, {"id": "b"}])
    made.run()

    assert made.report()["datasets"]["things"]["drift"]["absent"] == ["c61", "c62", "c63", "c125"]
