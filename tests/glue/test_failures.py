"""What makes a run fail, what it says, and which failures leave a report."""

import hashlib
import json
from pathlib import Path

import pytest

from harness import REPOSITORY, artifact, column, commerce_contract, contract, dataset, output
from pipeline_engine import cleaning, errors
from pipeline_engine.contract import NULL_ACTIONS, parse_contract
from pipeline_engine.manifest import parse_manifest


@pytest.fixture
def ready(pipeline):
    """One dataset, one output, one good row: the least that can fail."""
    columns = [
        column("id", "string", "reject"),
        column("at", "timestamp"),
        column("amount", "decimal(12,2)", {"default": 0}),
    ]
    made = pipeline(
        contract({"things": dataset(columns, ["id"], "at")}, {"totals": output(["id"], id="string", amount="bigint")})
    )
    made.sql["totals"] = "select id, cast(amount as bigint) as amount from things"
    made.put_rows("things", [{"id": "a", "amount": 5}])
    return made


def failure(made, kind, **changes) -> str:
    """Runs, expects this failure, and checks that the report says the same."""
    with pytest.raises(kind) as raised:
        made.run(**changes)
    report = made.report()
    assert report["state"] == "failed"
    assert report["failure"] == {"code": kind.code, "message": str(raised.value)}
    assert report["outputs"] == {}
    return str(raised.value)


@pytest.mark.parametrize("content", ["\n \n", "[]"])
def test_no_rows_from_a_file_that_is_not_empty(ready, content):
    path = ready.put("things", content, layout="array" if content == "[]" else "jsonl")

    message = failure(ready, errors.NoRowsRead)

    assert message == f'dataset "things": no rows were read from {path} ({len(content)} bytes)'


def test_a_name_that_spark_would_silently_ignore(ready):
    path = ready.put_rows("things", [{"id": "a"}])
    ready.inputs["things"]["uri"] = str(path.rename(path.with_name("_v.json")))

    assert "no rows were read" in failure(ready, errors.NoRowsRead)


def test_an_input_that_is_gone(ready):
    path = ready.put_rows("things", [{"id": "a"}])
    path.unlink()

    assert failure(ready, errors.InputMissing) == f'dataset "things": {path} does not exist'


def test_an_output_of_two_rows_per_grain(ready):
    ready.sql["totals"] += " cross join (values (1), (2)) as twice"

    message = failure(ready, errors.CheckFailed)

    assert message == "totals.one_row_per_id failed: expected 0 values of more than one row, actual 1"
    assert ready.report()["checks"][-2] == {
        "name": "totals.one_row_per_id",
        "passed": False,
        "detail": "expected 0 values of more than one row, actual 1",
    }
    assert not (ready.folder / "gold").exists()


def test_an_output_with_a_null_in_its_grain(ready):
    ready.sql["totals"] = "select cast(null as string) as id, 1L as amount from things"

    assert failure(ready, errors.CheckFailed) == "totals.no_null_in_id failed: expected 0 rows, actual 1"


def test_sql_that_names_no_known_column(ready):
    ready.sql["totals"] = "select id, price as amount from things"

    message = failure(ready, errors.SqlFailed)

    assert message.startswith('output "totals": [UNRESOLVED_COLUMN')
    assert "`price`" in message


def test_sql_that_is_no_sql(ready):
    ready.sql["totals"] = "selekt 1"

    assert failure(ready, errors.SqlFailed).startswith('output "totals": \n[PARSE_SYNTAX_ERROR]')


def test_a_value_that_overflows_while_the_output_is_made(ready):
    ready.sql["totals"] = "select id, 9223372036854775807L + length(id) as amount from things"

    assert "[ARITHMETIC_OVERFLOW]" in failure(ready, errors.SqlFailed)


OF_SQL_OR_DATA = {
    "to_date(note, 'dd/MM/yyyy')": "Fail to parse … in the new parser",
    "raise_error(note)": "java.lang.RuntimeException; its message may quote a row",
    "assert_true(note is null)": "java.lang.RuntimeException",
    "map(note, 1, '1/2/2026', 2)": "[DUPLICATED_MAP_KEY] Duplicate map key … was found",
    "sequence(length(note), 1, 1)": "java.lang.IllegalArgumentException; its message may quote a row",
    "note rlike concat('(', note)": "[INVALID_PARAMETER_VALUE.PATTERN]",
    "regexp_replace(note, concat('(', note), '')": "[INVALID_PARAMETER_VALUE.PATTERN]",
    "split(note, concat('(', note))": "java.util.regex.PatternSyntaxException",
    "make_date(2026, length(note) + 20, 1)": "org.apache.spark.SparkDateTimeException: …",
    "parse_url(concat('http://', note, ' x'), 'HOST')": "[INVALID_URL]",
    "to_number(note, '999')": "[INVALID_FORMAT.MISMATCH_INPUT]",
    "array_repeat(note, 2147483647)": "Unsuccessful try to create array with … elements",
    "date_format(current_timestamp(), concat('YYYY', left(note, 0)))": "Fail to recognize … pattern",
    "cast(note as bigint)": '[CAST_INVALID_INPUT] The value … of the type "STRING" cannot be cast to "BIGINT"',
    "element_at(array(1), length(note))": "[INVALID_ARRAY_INDEX_IN_ELEMENT_AT]",
    "from_json(concat('{', note), 'a int', map('mode', 'FAILFAST'))": "[MALFORMED_RECORD_IN_PARSING",
}


def test_whatever_a_statement_makes_of_its_rows_is_told_once_by_name_and_without_a_value(pipeline):
    columns = [column("id", "string", "reject"), column("note", "string")]
    made = pipeline(contract({"things": dataset(columns, ["id"], "id")}, {"totals": output(["id"], id="string")}))
    made.put_rows("things", [{"id": "a", "note": "1/2/2026"}])
    told = {}
    for expression in OF_SQL_OR_DATA:
        made.sql["totals"] = f"select concat(id, to_json(struct({expression} as made))) as id from things"
        told[expression] = failure(made, errors.SqlFailed)

    assert {message.startswith('output "totals": ') for message in told.values()} == {True}
    assert {expression for expression, message in told.items() if "1/2/2026" in message} == set()
    assert {expression: words for expression, words in OF_SQL_OR_DATA.items() if words not in told[expression]} == {}


def test_a_message_is_cut_to_what_notices_and_ledger_hold(ready):
    ready.contract["datasets"]["things"]["columns"][2]["type"] = "é" * 3000

    message = failure(ready, errors.ContractInvalid)

    assert len(message.encode()) in (2047, 2048)
    assert message.endswith("é…")


def test_what_befalls_the_statement_of_a_dataset_names_the_dataset(ready, monkeypatch):
    monkeypatch.setattr(cleaning, "counts_sql", lambda _: "select raise_error('5 of Anna')")

    message = failure(ready, errors.ContractInvalid)

    assert message.startswith('dataset "things": java.lang.RuntimeException; its message may quote a row')
    assert "Anna" not in message


def test_a_default_that_is_no_value_of_its_type(ready):
    ready.contract["datasets"]["things"]["columns"][2]["onNull"] = {"default": "free"}

    assert failure(ready, errors.ContractInvalid) == "no value of the column's type: default of things.amount"


def test_a_type_that_spark_does_not_know(ready):
    ready.contract["datasets"]["things"]["columns"][2]["type"] = "money"

    assert "money" in failure(ready, errors.ContractInvalid)


def test_a_fault_of_the_infrastructure_leaves_no_report(ready):
    (ready.folder / "gold").write_text("a file where the folder should be")

    with pytest.raises(Exception) as raised:
        ready.run()

    assert isinstance(raised.value, errors.Infrastructure)
    assert str(raised.value).startswith("org.apache.hadoop.fs.")
    assert raised.value.__context__ is None
    assert not (ready.folder / "reports").exists()


def test_a_second_run_of_the_same_job_run_overwrites_nothing(ready):
    ready.run()
    ready.job_runs = 0

    with pytest.raises(errors.Infrastructure, match="already exists"):
        ready.run()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pipeline": "other"}, "manifest.pipeline: is 'other', the contract is for 'commerce'"),
        ({"inputs": {}}, "manifest.inputs: missing things"),
        ({"inputs": {"things": None, "x": None}}, "manifest.inputs: x not among the contract's datasets"),
        ({"inputs": {"things": None}}, "manifest.inputs.things: is null, but things is required"),
    ],
)
def test_a_manifest_that_does_not_fit_its_contract(ready, change, message):
    assert failure(ready, errors.ManifestInvalid, **change) == message


def parsed(document) -> None:
    content = json.dumps(document).encode() if not isinstance(document, bytes) else document
    parse_manifest(content, "m", hashlib.sha256(content).hexdigest())


def with_input(manifest, **changes):
    users = {"uri": "s3://b/u.json", "format": "jsonl", "compression": "none", "bytes": 1}
    users |= {"source": {"key": "u.json", "version": "1"}} | changes
    return manifest | {"inputs": {"users": users}}


PINNED = {"uri": "s3://b/a", "sha256": "0" * 64}
MANIFEST = {
    "format": 1,
    "pipeline": "commerce",
    "environment": "dev",
    "batch": "current",
    "run": 1,
    "inputs": {"users": None},
    "release": {"engine": PINNED, "contract": PINNED, "sql": {"user_activity": PINNED}},
    "destination": {"gold": "g", "rejected": "r", "report": "p"},
}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b"{", "manifest is not JSON"),
        (b"[]", r"manifest: must be an object, not \[\]"),
        (MANIFEST | {"format": 2}, "manifest.format: must be one of 1, not 2"),
        (MANIFEST | {"format": True}, "manifest.format: must be one of 1, not true"),
        (MANIFEST | {"extra": 1}, "manifest: unknown extra"),
        ({k: v for k, v in MANIFEST.items() if k != "run"}, "manifest: missing run"),
        (MANIFEST | {"run": "1"}, "manifest.run: must be a whole number"),
        (MANIFEST | {"batch": ""}, "manifest.batch: must not be empty"),
        (MANIFEST | {"destination": {"gold": "g"}}, "manifest.destination: missing rejected, report"),
        (
            with_input(MANIFEST, format="csv"),
            'manifest.inputs.users.format: must be one of "jsonl", "array", not "csv"',
        ),
        (
            with_input(MANIFEST, compression="gzip"),
            "compression is gzip, which does not fit the ending of s3://b/u.json",
        ),
        (with_input(MANIFEST, source={"key": "u.json"}), "manifest.inputs.users.source: missing version"),
        (with_input(MANIFEST, bytes=-1), "manifest.inputs.users.bytes: must be a whole number"),
    ],
)
def test_a_bad_manifest_names_the_place(document, message):
    parsed(MANIFEST)
    with pytest.raises(errors.ManifestInvalid, match=message):
        parsed(document)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"script": PINNED}, "manifest.release: unknown script"),
        ({"engine": "s3://b/a"}, 'manifest.release.engine: must be an object, not "s3://b/a"'),
        ({"contract": {"uri": "s3://b/a"}}, "manifest.release.contract: missing sha256"),
        (
            {"contract": PINNED | {"sha256": "0" * 32}},
            "manifest.release.contract.sha256: must be 64 hexadecimal digits",
        ),
        ({"sql": {"a": PINNED | {"uri": ""}}}, "manifest.release.sql.a.uri: must not be empty"),
    ],
)
def test_a_bad_release_names_the_place(change, message):
    with pytest.raises(errors.ManifestInvalid, match=message):
        parsed(MANIFEST | {"release": MANIFEST["release"] | change})


def changed(path: str, value) -> bytes:
    document = commerce_contract()
    *parents, last = path.split(".")
    place = document
    for name in parents:
        place = place[int(name)] if name.isdigit() else place[name]
    place[int(last) if last.isdigit() else last] = value
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("format", 2, "contract.format: must be one of 1"),
        ("datasets.users.primaryKey", ["id"], r"users.primaryKey\[0\]: 'id' is not a column"),
        ("datasets.users.primaryKey", [], "users.primaryKey: must not be empty"),
        ("datasets.users.latestBy", "when", "users.latestBy: 'when' is not a column"),
        (
            "datasets.users.columns.0.onNull",
            "drop",
            rf"columns\[0\].onNull: must be one of {', '.join(map(json.dumps, NULL_ACTIONS))}, not",
        ),
        ("datasets.users.columns.0.name", "a`b", "'a`b' is not a name"),
        ("datasets.users.columns.1.name", "USER_ID", "user_id is declared twice"),
        ("datasets.events.references.0.dataset", "people", "people is not a dataset"),
        ("datasets.events.references.0.orphans", "drop", 'orphans: must be one of "keep", "reject", "fail"'),
        (
            "datasets.users.references",
            [{"column": "country", "dataset": "users", "orphans": "reject"}],
            "contract.datasets: rejecting orphans leads from users back to itself",
        ),
        ("datasets.users.maxRejected", "5%", "users.maxRejected: must be a number from 0 up"),
        ("schemaEvolution", "lax", 'contract.schemaEvolution: must be one of "strict", "additive", "ignore-unknown"'),
        ("datasets.users.columns.2.rules", [{"onViolation": "warn"}], r"rules\[0\]: missing allowed"),
        (
            "datasets.users.columns.2.rules",
            [{"range": {"least": 1}, "onViolation": "warn"}],
            r"rules\[0\].range: must have min, max or both, and nothing else",
        ),
        (
            "datasets.users.columns.2.rules",
            [{"pattern": "a", "onViolation": "warn"}, {"pattern": "b", "onViolation": "fail"}],
            "rules: at most one of a kind",
        ),
        ("outputs.user_activity.clusterBy", ["id"], r"clusterBy\[0\]: 'id' is not a column"),
        ("outputs.user_activity.balances", [{"name": "a", "input": "select 1"}], r"balances\[0\]: missing output"),
        ("datasets.users.primaryKey", ["user_id", "country"], "users has a primary key of several columns"),
        ("outputs.user_activity.grain", ["id"], r"user_activity.grain\[0\]: 'id' is not a column"),
    ],
)
def test_a_bad_contract_names_the_place(path, value, message):
    parse_contract(json.dumps(commerce_contract()).encode())
    with pytest.raises(errors.ContractInvalid, match=message):
        parse_contract(changed(path, value))


def test_the_null_actions_are_those_of_the_config():
    schema = json.loads((REPOSITORY / "config" / "pipeline_config.schema.json").read_text())
    columns = schema["properties"]["datasets"]["additionalProperties"]["properties"]["columns"]
    names, _ = columns["additionalProperties"]["properties"]["onNull"]["anyOf"]
    assert list(NULL_ACTIONS) == names["enum"]


def test_another_manifest_than_the_one_that_was_claimed():
    with pytest.raises(errors.ChecksumMismatch, match=r"m has sha256 .* the run was started for 00"):
        parse_manifest(json.dumps(MANIFEST).encode(), "m", "00")


@pytest.mark.parametrize("part", ["contract", "sql"])
def test_an_artifact_that_was_changed_since_the_run_was_claimed(ready, part):
    release = ready.manifest()["release"]
    pinned = release["contract"] if part == "contract" else release["sql"]["totals"]
    changed_file = artifact(ready.folder / "changed", Path(pinned["uri"]).read_text() + " ")
    pinned["uri"] = changed_file["uri"]

    message = failure(ready, errors.ChecksumMismatch, release=release)

    assert message == (
        f"{pinned['uri']} has sha256 {changed_file['sha256']}, but the run was claimed with {pinned['sha256']}"
    )


def test_an_output_may_be_empty(pipeline):
    columns = [column("id", "string", "reject"), column("at", "timestamp")]
    made = pipeline(contract({"things": dataset(columns, ["id"], "at")}, {"none": output(["id"], id="string")}))
    made.sql["none"] = "select id from things where false"
    made.put_rows("things", [{"id": "a"}])

    made.run()

    assert made.report()["outputs"]["none"]["rows"] == 0
    assert made.rows("none") == []
