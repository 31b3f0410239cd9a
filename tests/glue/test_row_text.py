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

from harness import REPOSITORY, column, contract, dataset, output
from plan_harness import PlanRun

MARKER = "Marlene7"
# As a job that was started for each manifest would end.
RUN = """
import sys, traceback
from pyspark.sql import SparkSession
from plan_runner.manifest import parse_manifest
from plan_runner.run import run
from plan_runner.storage import read_bytes

spark = SparkSession.builder.getOrCreate()
# Spark 4 takes no level that the file below names too.
for level in ("WARN", "INFO"):
    spark.sparkContext.setLogLevel(level)
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


def made_of(typescript, folder: Path, note: dict[str, Any], sql: str = "id", **how: Any) -> PlanRun:
    folder.mkdir(parents=True)
    columns = [column("id", "string", "reject"), note, column("of", "string")]
    references = [("of", "things", how.pop("orphans", "keep"))]
    made = PlanRun(
        None,
        typescript,
        folder,
        contract({"things": dataset(columns, ["id"], "id", references, **how)}, {"copy": output(["id"], id="string")}),
        {"copy": f"select {sql} as id from things"},
    )
    made.put("things", [*SOUND, {"id": "last", "note": MARKER, "of": "1"}])
    return made


def scenarios(typescript, folder: Path) -> dict[str, tuple[PlanRun, str]]:
    """Each with the failure that it ends with."""
    note, short = column("note", "string"), {"pattern": "x", "onViolation": "reject"}

    def of(name: str, *given: Any, **how: Any) -> PlanRun:
        return made_of(typescript, folder / name, *given, **how)

    rejecting = column("note", "string", "keep", short)
    failing = column("note", "string", "keep", short | {"onViolation": "fail"})
    found = {
        "rejected": (of("rejected rows", rejecting), ""),
        "too many": (of("too many", rejecting, max_rejected=1), "EngineError"),
        "a rule": (of("rule", failing), "EngineError"),
        "orphans": (of("orphans", note, orphans="fail"), "EngineError"),
        "a cast": (of("cast", note, "cast(if(note = 'x', 1, cast(note as int)) as string)"), "EngineError"),
        "an error": (of("error", note, "if(note = 'x', id, raise_error(note))"), "EngineError"),
        "a balance": (of("balance", note), "EngineError"),
        "a balance's cast": (of("balance's cast", note), "EngineError"),
        "storage": (of("storage", rejecting, "concat(id, note)"), "Infrastructure"),
        "other rows": (of("other rows", note), "Infrastructure"),
    }
    found["orphans"][0].put("things", [*SOUND, {"id": "last", "note": "x", "of": MARKER}])
    for name, left in (("a balance", "max(note)"), ("a balance's cast", "sum(cast(note as int))")):
        found[name][0].contract["outputs"]["copy"]["balances"] = [
            {"name": "notes", "input": f"select {left} from things where note != 'x'", "output": "select '1'"}
        ]
    (folder / "storage" / "gold").write_text("no folder")
    found["other rows"][0].pin("things", rows=20, parts=[{"lines": 21, "rows": 20, "bytes": 1}])
    return found


@pytest.fixture(scope="module")
def ended(typescript, tmp_path_factory) -> tuple[dict[str, tuple[PlanRun, str]], str]:
    """All of them, and what the process wrote."""
    folder = tmp_path_factory.mktemp("row text")
    made = scenarios(typescript, folder)
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
            "PYTHONPATH": os.pathsep.join([str(REPOSITORY / "glue"), os.environ.get("PYTHONPATH", "")]),
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
    for name in ("rejected", "too many", "a rule"):
        pipeline = made[name][0]
        pipeline.spark = spark
        assert pipeline.rejected("things") == [("note_pattern", "things.json", 21, "last", MARKER, "1")]


def test_reasons_say_where_to_look(ended):
    made, _ = ended
    reasons = {
        name: made[name][0].report()["failure"]["message"] for name in ("a rule", "a balance", "a cast", "an error")
    }
    rows = f"{made['a rule'][0].folder}/rejected/rows/things/batch=current/run=1/jr_1/"
    assert reasons["a rule"] == (
        f'things.note_pattern failed: expected 0 rows, actual 1 by the column "note" of things.json; see {rows}'
    )
    assert reasons["a balance"] == "copy.balance_notes failed: expected …, actual …"
    assert reasons["a cast"].startswith(
        'output "copy": [CAST_INVALID_INPUT] The value … of the type "STRING" cannot be cast to "INT"'
    )
    spark_3 = 'output "copy": java.lang.RuntimeException; its message may quote a row'
    assert reasons["an error"].startswith((spark_3, 'output "copy": [USER_RAISED_EXCEPTION] …'))
