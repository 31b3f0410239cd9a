"""What a manifest, a plan and the report on a file must hold; a fault is told by its place in the document."""

import hashlib
import json
from typing import Any

import pytest

from plan_runner.errors import EngineError
from plan_runner.file_report import parse_file_report
from plan_runner.manifest import Artifact, Upload, parse_manifest
from plan_runner.plan import parse_plan

PINNED = {"uri": "s3://b/a", "sha256": "0" * 64}
USERS = {"source": {"key": "u.json", "version": "1"}, "report": PINNED}
MANIFEST = {
    "format": 1,
    "pipeline": "commerce",
    "environment": "dev",
    "batch": "current",
    "run": 1,
    "inputs": {"users": USERS, "coupons": None},
    "release": {"engine": PINNED, "contract": PINNED, "plan": PINNED, "reader": 1, "embedded": None},
    "destination": {"gold": "g", "rejected": "r", "report": "p"},
}
STATEMENT = {"name": "x", "purpose": "x", "sql": {"spark": "select 1"}, "subject": "x", "code": "x"}
PLAN = {
    "format": 1,
    "pipeline": "commerce",
    "inputs": [{"dataset": "users", "required": True, "table": "t", "columns": [{"name": "id", "type": "string"}]}],
    "tables": [],
    "statements": [{"kind": "view", **STATEMENT}, {"kind": "check", "name": "x", "purpose": "x", "checks": []}],
    "report": {"datasets": {}, "outputs": {}},
}
REPORT = {
    "format": 1,
    "dataset": "users",
    "batch": "current",
    "source": {**USERS["source"], "bytes": 1},
    "shape": "0",
    "silver": "s3://silver/users/",
    "fault": None,
    "rows": 3,
    "malformed": 1,
    "faults": [],
    "drift": {},
    "parts": [{"lines": 3, "rows": 2, "bytes": 9}, {"lines": 2, "rows": 1, "bytes": 8}],
}


def manifest_of(content: bytes) -> Any:
    return parse_manifest(content, "m", hashlib.sha256(content).hexdigest())


def report_of(content: bytes) -> Any:
    report = Artifact("r", hashlib.sha256(content).hexdigest())
    return parse_file_report(content, "users", Upload("u.json", "1", report))


def test_documents_that_are_as_they_must_be():
    manifest = manifest_of(json.dumps(MANIFEST).encode())
    assert manifest.inputs == {"users": Upload("u.json", "1", Artifact(**PINNED)), "coupons": None}
    assert [each.kind for each in parse_plan(json.dumps(PLAN).encode()).statements] == ["view", "check"]
    found = report_of(json.dumps(REPORT).encode())
    assert [part.uri for part in found.parts] == [f"s3://silver/users/part-{number}.parquet" for number in range(2)]
    assert (found.rows, found.lines, found.bytes) == (3, 5, 17)


GONE = object()
CHANGES = [
    (MANIFEST, "format", 2, "manifest.format: must be one of 1, not 2"),
    (MANIFEST, "format", True, "manifest.format: must be one of 1, not true"),
    (MANIFEST, "extra", 1, "manifest: unknown extra"),
    (MANIFEST, "run", GONE, "manifest: missing run"),
    (MANIFEST, "run", "1", "manifest.run: must be a whole number from 0 up"),
    (MANIFEST, "run", True, "manifest.run: must be a whole number from 0 up"),
    (MANIFEST, "batch", "", "manifest.batch: must not be empty"),
    (MANIFEST, "destination.report", GONE, "manifest.destination: missing report"),
    (MANIFEST, "inputs.users", [], "manifest.inputs.users: must be an object, not []"),
    (MANIFEST, "inputs.users.rows", 7, "manifest.inputs.users: unknown rows"),
    (MANIFEST, "inputs.users.source.version", GONE, "manifest.inputs.users.source: missing version"),
    (MANIFEST, "inputs.users.report.sha256", GONE, "manifest.inputs.users.report: missing sha256"),
    (MANIFEST, "release.sql", {}, "manifest.release: unknown sql"),
    (MANIFEST, "release.engine", "s3://b/a", 'manifest.release.engine: must be an object, not "s3://b/a"'),
    (MANIFEST, "release.contract.sha256", "0" * 32, "manifest.release.contract.sha256: must be 64 hexadecimal digits"),
    (MANIFEST, "release.plan.uri", "", "manifest.release.plan.uri: must not be empty"),
    (PLAN, "format", 2, "plan.format: must be one of 1, not 2"),
    (PLAN, "inputs.0.required", 1, "plan.inputs[0].required: must be true or false, not 1"),
    (PLAN, "inputs.0.columns.0.type", GONE, "plan.inputs[0].columns[0]: missing type"),
    (PLAN, "statements.0.kind", "drop",
     'plan.statements[0].kind: must be one of "view", "table", "count", "rejected", "output", "check", not "drop"'),
    (PLAN, "statements.0.kind", "output", "plan.statements[0]: missing columns, clusterBy, check"),
    (PLAN, "statements.0.sql", {"duckdb": "select 1"}, "plan.statements[0].sql: has nothing for spark"),
    (PLAN, "statements.1.checks", [{"name": "x"}], "plan.statements[1].checks[0]: missing code, passes, detail"),
    (REPORT, "format", 2, "r.format: must be one of 1, not 2"),
    (REPORT, "surplus", 1, "r: unknown surplus"),
    (REPORT, "rows", 7, "r.rows: is 7, but the parts have 3"),
    (REPORT, "malformed", 3, "r: has more rows and malformed lines than lines"),
    (REPORT, "parts.1.bytes", -1, "r.parts[1].bytes: must be a whole number from 0 up"),
    (REPORT, "fault", {"code": "contract"}, "r: the file was not promoted"),
    (REPORT, "source.key", "o.json", "r: is about ('users', 'o.json', '1'), not about ('users', 'u.json', '1')"),
    (REPORT, "dataset", "orders", "r: is about ('orders', 'u.json', '1'), not about ('users', 'u.json', '1')"),
]  # fmt: skip
KINDS = [
    (MANIFEST, manifest_of, "manifest", "manifest_invalid"),
    (PLAN, parse_plan, "plan", "plan_invalid"),
    (REPORT, report_of, "r", "file_report_invalid"),
]


def refusal(parse: Any, content: bytes) -> tuple[str, str]:
    with pytest.raises(EngineError) as raised:
        parse(content)
    return raised.value.code, str(raised.value)


@pytest.mark.parametrize(("of", "path", "value", "message"), CHANGES)
def test_a_fault_is_told_by_its_place(of, path, value, message):
    document = json.loads(json.dumps(of))
    *parents, last = path.split(".")
    place = document
    for name in parents:
        place = place[int(name) if name.isdigit() else name]
    if value is GONE:
        del place[last]
    else:
        place[last] = value

    [(parse, code)] = [(parse, code) for whole, parse, _, code in KINDS if whole is of]
    assert refusal(parse, json.dumps(document).encode()) == (code, message)


@pytest.mark.parametrize(("_", "parse", "name", "code"), KINDS)
def test_what_is_no_document(_, parse, name, code):
    assert refusal(parse, b"[]") == (code, f"{name}: must be an object, not []")
    told_code, told = refusal(parse, b"{")
    assert (told_code, told.startswith(f"{name} is not JSON")) == (code, True)


def test_another_document_than_the_one_that_was_pinned():
    content = json.dumps(MANIFEST).encode()
    digest = hashlib.sha256(content).hexdigest()
    assert refusal(lambda given: parse_manifest(given, "m", "00"), content) == (
        "checksum_mismatch",
        f"m has sha256 {digest}, but the run was started for 00",
    )
    upload = Upload("u.json", "1", Artifact("r", "00"))
    assert refusal(lambda given: parse_file_report(given, "users", upload), content) == (
        "checksum_mismatch",
        f"r has sha256 {digest}, but the run was claimed with 00",
    )
    assert parse_manifest(content, "m", digest.upper()).sha256 == digest
