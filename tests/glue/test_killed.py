"""A run whose processes are killed leaves no report, so nothing of it is ever published; another run makes it good."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness import REPOSITORY, column, contract, data_files, dataset, output

pytestmark = pytest.mark.slow

# Ends Python and the JVM of the run at once, by the group that they are started in.
KILL = "import os, signal; kill = lambda: os.killpg(0, signal.SIGKILL)\n"
POINTS = {
    "before the first statement": "from plan_runner.run import _Execution\n"
    "_Execution._execute = lambda *given: kill()\n",
    "with the rejected rows written": "from plan_runner import tables\n"
    "write = tables.write_rejected\n"
    "tables.write_rejected = lambda *given: (write(*given), kill())\n",
    "in the middle of the output": "import pathlib, threading, time\n"
    "def watch():\n"
    "    while not any(pathlib.Path(GOLD).rglob('_temporary/**/part-*')):\n"
    "        time.sleep(0.001)\n"
    "    kill()\n"
    "threading.Thread(target=watch, daemon=True).start()\n",
    "with everything written but the report": "from plan_runner import storage\n"
    "storage.write_bytes = lambda *given: kill()\n",
}
RUN = """
import sys
from pyspark.sql import SparkSession
from plan_runner.manifest import parse_manifest
from plan_runner.run import run as run_engine
from plan_runner.storage import read_bytes

uri, sha256, job_run = sys.argv[1:]
run_engine(SparkSession.builder.getOrCreate(), parse_manifest(read_bytes(uri), uri, sha256), job_run)
"""


@pytest.fixture
def killed(planned):
    """One pipeline, run once for each point and killed there, all at the same time."""
    columns = [column("id", "string", "reject"), column("n", "int")]
    made = planned(
        contract({"things": dataset(columns, ["id"], "n")}, {"copy": output(["id"], id="string", n="int")}),
        copy="select id, n from things",
    )
    made.put("things", [*({"id": f"i_{n}", "n": n} for n in range(1000)), {"id": None, "n": 1}])
    manifest = made.folder / "manifest.json"
    manifest.write_text(json.dumps(made.manifest()))
    sha256 = hashlib.sha256(manifest.read_bytes()).hexdigest()
    processes = {}
    for name, patch in POINTS.items():
        gold = made.folder / "gold" / "copy" / "batch=current" / "run=1" / job_run(name)
        processes[name] = started(KILL + f"GOLD = {str(gold)!r}\n" + patch + RUN, manifest, sha256, job_run(name))
    ends = {name: process.wait(timeout=300) for name, process in processes.items()}
    return made, ends


def job_run(point: str) -> str:
    return "jr_" + point.replace(" ", "_")


def started(script: str, manifest: Path, sha256: str, name: str) -> subprocess.Popen[bytes]:
    submit = "--master local[1] --conf spark.ui.enabled=false --conf spark.driver.bindAddress=127.0.0.1"
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", script, manifest, sha256, name],
        env={
            **os.environ,
            "PYTHONPATH": str(REPOSITORY / "glue"),
            "PYSPARK_SUBMIT_ARGS": f"{submit} --conf spark.driver.host=127.0.0.1 pyspark-shell",
            "SPARK_LOCAL_IP": "127.0.0.1",
            "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def test_a_killed_run_leaves_no_report_and_another_run_makes_it_good(killed):
    made, ends = killed
    assert ends == dict.fromkeys(POINTS, -signal.SIGKILL)

    assert not (made.folder / "reports").exists()
    rejected, gold = made.folder / "rejected", made.folder / "gold"
    left = {point: (data_files(of(rejected, point)), data_files(of(gold, point))) for point in POINTS}
    assert [(len(rows) > 0, len(files) > 0) for rows, files in left.values()] == [
        (False, False), (True, False), (True, True), (True, True),
    ]  # fmt: skip
    # What a killed writer leaves is no file that a reader of the folder would take for data.
    assert list(of(gold, "in the middle of the output").rglob("copy/**/jr_*/part-*")) == []

    made.run()
    assert made.report()["state"] == "succeeded"
    assert sorted(n for _, n in made.rows("copy")) == list(range(1000))
    assert {point: (data_files(of(rejected, point)), data_files(of(gold, point))) for point in POINTS} == left


def of(folder: Path, point: str) -> Path:
    """What lies below the folder of one job run."""
    return next(folder.rglob(job_run(point)), folder / "nothing")
