"""Why a promoted file is not named after its Bronze version: the version's id may begin with `_` or `.`, and Spark
passes over a file with such a name, even one that is named outright, without a word.

AWS promises of an id only that it is a "Unicode, UTF-8 encoded, URL-ready, opaque" string:
https://docs.aws.amazon.com/sdk-for-kotlin/api/latest/mwaa/aws.sdk.kotlin.services.mwaa.model/-environment/requirements-s3-object-version.html
"""

import json
import shutil
import subprocess

import pytest

from harness import REPOSITORY, column, contract, dataset, output
from pipeline_engine.inputs import read_texts
from pipeline_engine.manifest import Input

VERSIONS = ["_abc", ".abc", "_Vq3.0Zk7Wm5xN1cRt8bYpL2dHs6JfGa", ".s9KdT4uXe2Pw7QhBv0mCzR5nLj3YgAo"]
ROWS = [{"id": f"r_{number}", "amount": number} for number in range(100)]

PRINT_KEYS = """
import { silverKey } from "./handlers/keys.ts";
const file = { batch: "2026-11-23", dataset: "things", format: "json", key: "2026-11-23/things.json" };
console.log(JSON.stringify(JSON.parse(process.argv[1]).map((version) => silverKey({ ...file, version }))));
"""


@pytest.fixture(scope="module")
def silver_keys() -> dict[str, str]:
    """Version id to the key that the promote function gives the file: asked of the function's own code."""
    node = shutil.which("node") or "node"
    command = [node, "--import", "tsx", "--input-type=module", "-e", PRINT_KEYS, json.dumps(VERSIONS)]
    answer = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, timeout=60, check=True)  # noqa: S603
    return dict(zip(VERSIONS, json.loads(answer.stdout), strict=True))


@pytest.fixture
def things(pipeline):
    """One dataset, read whole: the output has a row for each of its rows."""
    columns = [column("id", "string", "reject"), column("amount", "bigint")]
    made = pipeline(
        contract(
            {"things": dataset(columns, ["id"], "amount")}, {"amounts": output(["id"], id="string", amount="bigint")}
        )
    )
    made.sql["amounts"] = "select id, amount from things"
    return made


def place(made, name: str) -> None:
    """The rows as a promoted file under this key."""
    written = made.put_rows("things", ROWS)
    path = made.folder / "silver" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    made.inputs["things"]["uri"] = str(written.rename(path))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_file_of_any_version_id_is_read_whole(things, silver_keys, version):
    place(things, silver_keys[version])

    report = things.run()

    counts = report.datasets["things"]
    assert (counts.read, counts.kept) == (100, 100)
    assert sorted(things.rows("amounts"), key=lambda row: row["amount"]) == ROWS


def test_each_version_has_a_key_of_its_own(silver_keys):
    assert len(set(silver_keys.values())) == len(VERSIONS)


@pytest.mark.parametrize("version", VERSIONS)
def test_named_after_its_version_id_it_would_be_silently_empty(spark, things, version):
    place(things, f"things/batch=2026-11-23/{version}.json")
    source = things.inputs["things"]

    assert (
        read_texts(spark, "things", Input(source["uri"], source["format"], source["bytes"], "things.json")).count() == 0
    )
