"""No text of a row leaves the data buckets: not in a report, not in an exception, not in what a run's process writes.

The process logs as much as Glue's driver does. What this does not prove: the log of executors that are processes of
their own; here they are threads of the driver.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness import REPOSITORY, Pipeline, column, contract, dataset, output

MARKER = "Marlene7"
# As a job that was started for each manifest would end.
RUN = """
import sys, traceback
from pyspark.sql import SparkSession
from pipeline_engine.manifest import parse_manifest
from pipeline_engine.run import run
from pipeline_engine.storage import read_bytes

spark = SparkSession.builder.getOrCreate()
spark.sparkContext.setLogLevel("INFO")
for uri, sha256 in zip(sys.argv[1::2], sys.argv[2::2]):
    try:
        run(spark, parse_manifest(read_bytes(uri), uri, sha256), "jr_1")
        print("ended:", uri)
    except Exception as error:
        traceback.print_exc()
        print("ended:", uri, type(error).__name__)
"""
LOG4J = """
rootLogger.level = info
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %p %c: %m%n%ex
"""
SOUND = [{"id": str(index), "note": "x", "of": "1"} for index in range(20)]


def made_of(folder: Path, note: dict[str, Any], sql: str = "id", evolution: str = "additive", **how: Any) -> Pipeline:
    folder.mkdir(parents=True)
    columns = [column("id", "string", "reject"), note, column("of", "string")]
    references = [("of", "things", how.pop("orphans", "keep"))]
    made = Pipeline(
        None,
        folder,
        contract(
            {"things": dataset(columns, ["id"], "id", references, **how)},
            {"copy": output(["id"], id="string")},
            evolution,
        ),
    )
    made.sql["copy"] = f"select {sql} as id from things"
    made.put_rows("things", [*SOUND, {"id": "last", "note": MARKER, "of": "1"}])
    return made


def scenarios(folder: Path) -> dict[str, tuple[Pipeline, str]]:
    """Each with the failure that it ends with."""
    note, short = column("note", "string"), {"pattern": "x", "onViolation": "reject"}
    found = {
        "rejected": (made_of(folder / "rejected rows", column("note", "string", "keep", short)), ""),
        "too many": (made_of(folder / "too many", column("note", "string", "keep", short), max_rejected=1),
                     "TooManyRejected"),
        "a rule": (made_of(folder / "rule", column("note", "string", "keep", short | {"onViolation": "fail"})),
                   "RuleViolated"),
        "orphans": (made_of(folder / "orphans", note, orphans="fail"), "RuleViolated"),
        "strict": (made_of(folder / "strict", column("note", "int"), evolution="strict"), "SchemaChanged"),
        "a cast": (made_of(folder / "cast", note, "cast(if(note = 'x', 1, cast(note as int)) as string)"), "SqlFailed"),
        "a date": (made_of(folder / "date", note, "cast(to_date(note, 'dd') as string)"), "SqlFailed"),
        "an error": (made_of(folder / "error", note, "if(note = 'x', id, raise_error(note))"), "SqlFailed"),
        "a key": (made_of(folder / "key", note, "to_json(map(note, 1, note, 2))"), "SqlFailed"),
        "a balance": (made_of(folder / "balance", note), "CheckFailed"),
        "a balance's cast": (made_of(folder / "balance's cast", note), "SqlFailed"),
        "storage": (made_of(folder / "storage", column("note", "string", "keep", short), "concat(id, note)"),
                    "Infrastructure"),
    }  # fmt: skip
    found["orphans"][0].put_rows("things", [*SOUND, {"id": "last", "note": "x", "of": MARKER}])
    found["strict"][0].put_rows("things", [{"id": "1", "note": MARKER, "extra": MARKER, f"{MARKER}@mail.org": 1}])
    for name, left in (("a balance", "max(note)"), ("a balance's cast", "sum(cast(note as int))")):
        found[name][0].contract["outputs"]["copy"]["balances"] = [
            {"name": "notes", "input": f"select {left} from things where note != 'x'", "output": "select '1'"}
        ]
    (folder / "storage" / "gold").write_text("no folder")
    return found


@pytest.fixture(scope="module")
def ended(tmp_path_factory) -> tuple[dict[str, tuple[Pipeline, str]], str]:
    """All of them, and what the process wrote."""
    folder = tmp_path_factory.mktemp("row text")
    made = scenarios(folder)
    arguments = []
    for pipeline, _ in made.values():
        path = pipeline.folder / "manifest.json"
        path.write_text(json.dumps(pipeline.manifest()))
        pipeline.job_runs = 1
        arguments += [str(path), hashlib.sha256(path.read_bytes()).hexdigest()]
    (folder / "log4j2.properties").write_text(LOG4J)
    submit = "--master local[2] --conf spark.ui.enabled=false --conf spark.driver.bindAddress=127.0.0.1"
    process = subprocess.run(  # noqa: S603
        [sys.executable, "-c", RUN, *arguments],
        env={
            **os.environ,
            "PYTHONPATH": str(REPOSITORY / "glue"),
            "PYSPARK_PYTHON": sys.executable,
            "PYSPARK_SUBMIT_ARGS": f"{submit} --conf spark.driver.host=127.0.0.1 pyspark-shell",
            "SPARK_CONF_DIR": str(folder),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=540,
        check=True,
    )
    return made, process.stdout


def test_each_run_ends_as_it_is_meant_to(ended):
    made, written = ended
    for name, (pipeline, failure) in made.items():
        assert f"ended: {pipeline.folder}/manifest.json {failure}".rstrip() in written.splitlines(), name
        assert (pipeline.folder / "reports").exists() is (failure != "Infrastructure")
    assert "INFO org.apache.spark" in written


def test_what_a_run_writes_beside_its_data_has_no_text_of_a_row(ended):
    made, written = ended
    assert [line for line in written.splitlines() if MARKER in line] == []
    for pipeline, _ in made.values():
        for path in pipeline.folder.rglob("*"):
            if path.is_file() and not path.is_relative_to(pipeline.folder / "silver"):
                assert path.suffix == ".parquet" or MARKER.encode() not in path.read_bytes(), path


def test_the_rejected_rows_have_it(ended, spark):
    made, _ = ended
    for name in ("rejected", "too many", "a rule", "strict"):
        pipeline = made[name][0]
        pipeline.spark = spark
        assert MARKER in pipeline.rejected("things")[0][1]


def test_reasons_say_where_to_look(ended):
    made, _ = ended
    reasons = {
        name: made[name][0].report()["failure"]["message"] for name in ("a rule", "a balance", "a cast", "an error")
    }
    rows = f"{made['a rule'][0].folder}/rejected/rows/things/batch=current/run=1/jr_1/"
    assert reasons["a rule"] == (
        f'things.note_pattern failed: expected 0 rows, actual 1 by the column "note" of v-0.json; see {rows}'
    )
    assert reasons["a balance"] == "copy.balance_notes failed: expected …, actual …"
    assert reasons["a cast"].startswith(
        'output "copy": [CAST_INVALID_INPUT] The value … of the type "STRING" cannot be cast to "INT"'
    )
    assert reasons["an error"].startswith('output "copy": java.lang.RuntimeException; its message may quote a row')
