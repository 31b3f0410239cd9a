"""The job's script as Glue runs it: a process of its own, which finds no engine but the one that the manifest pins.

S3 is a folder here, behind a stand-in for boto3; `tests/e2e/job.spec.ts` has it on a real one, under the job's role."""

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from harness import REPOSITORY, artifact, column, contract, dataset, output

BOTO3 = """
import os, pathlib

class ClientError(Exception):
    pass

class Body:
    def __init__(self, content):
        self.read = lambda: content

class S3:
    exceptions = type("exceptions", (), {"ClientError": ClientError})
    folder = pathlib.Path(os.environ["S3_FOLDER"])

    def get_object(self, Bucket, Key):
        try:
            return {"Body": Body((self.folder / Bucket / Key).read_bytes())}
        except FileNotFoundError:
            raise ClientError("NoSuchKey") from None

    def put_object(self, Bucket, Key, Body, ContentType):
        path = self.folder / Bucket / Key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(Body)

def client(service):
    return S3()
"""


class Stack:
    """Buckets, a manifest in the ledger, and the arguments of a run of it."""

    def __init__(self, folder: Path, document: dict):
        self.folder = folder
        (folder / "library").mkdir()
        (folder / "library" / "boto3.py").write_text(BOTO3)
        for bucket in ("artifacts", "ledger/manifests", "elsewhere"):
            (folder / "s3" / bucket).mkdir(parents=True)
        self.write_engine()
        document["destination"]["report"] = "s3://ledger/reports"
        self.document = document
        self.document["release"] = {
            "engine": self.put("artifacts/engine.zip", None),
            "contract": self.put("artifacts/contract.json", document["release"]["contract"]["uri"]),
            "plan": self.put("artifacts/plan.json", document["release"]["plan"]["uri"]),
            **{name: document["release"][name] for name in ("reader", "embedded")},
        }
        self.arguments = {
            "--JOB_NAME": "refine",
            "--JOB_RUN_ID": "jr_1",
            "--ledger_bucket": "ledger",
            "--artifacts_bucket": "artifacts",
        }

    def write_engine(self) -> None:
        with zipfile.ZipFile(self.folder / "s3" / "artifacts" / "engine.zip", "w") as package:
            for module in (REPOSITORY / "glue" / "plan_runner").glob("*.py"):
                package.write(module, f"plan_runner/{module.name}")

    def put(self, key: str, source: str | None) -> dict[str, str]:
        path = self.folder / "s3" / key
        if source is not None:
            path.write_bytes(Path(source).read_bytes())
        return {"uri": f"s3://{key}", "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}

    def pin(self, key: str = "ledger/manifests/1.json") -> None:
        """Writes the manifest, and has the run started for it."""
        pinned = artifact(self.folder / "s3" / key, json.dumps(self.document))
        self.arguments |= {"--manifest": f"s3://{key}", "--manifest_sha256": pinned["sha256"]}

    def run(self, *more: str) -> subprocess.CompletedProcess[str]:
        submit = "--master local[1] --driver-java-options -XX:TieredStopAtLevel=1 --conf spark.ui.enabled=false"
        address = "--conf spark.driver.bindAddress=127.0.0.1 --conf spark.driver.host=127.0.0.1"
        words = [word for pair in self.arguments.items() for word in pair]
        return subprocess.run(  # noqa: S603
            # As Glue does it, among words that are not the job's.
            [sys.executable, REPOSITORY / "glue" / "job.py", "true", "--extra-py-files", "", *words, *more],
            cwd=self.folder,
            env={
                **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
                "PYTHONPATH": str(self.folder / "library"),
                "PYTHONSAFEPATH": "1",
                "PYTHONDONTWRITEBYTECODE": "1",
                "S3_FOLDER": str(self.folder / "s3"),
                "PYSPARK_SUBMIT_ARGS": f"{submit} {address} pyspark-shell",
                "SPARK_LOCAL_IP": "127.0.0.1",
            },
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def refusal(self, *more: str) -> str:
        """What the process says, and all that it says: Spark, which says more, was not started."""
        ended = self.run(*more)
        assert ended.returncode == 1
        assert ended.stdout == ""
        assert ended.stderr.startswith("RunFailed: ")
        assert not (self.folder / "s3" / "ledger" / "reports").exists()
        return ended.stderr.removeprefix("RunFailed: ").rstrip("\n")


@pytest.fixture
def stack(planned) -> Stack:
    """The least that there is to run."""
    columns = [column("id", "string", "reject"), column("n", "int")]
    things = planned(
        contract({"things": dataset(columns, ["id"], "n")}, {"copy": output(["id"], id="string", n="int")}),
        copy="select id, n from things",
    )
    things.put("things", [{"id": "secret", "n": 1}, {"id": "b", "n": 2}])
    made = Stack(things.folder, things.manifest())
    made.pin()
    return made


def test_runs_the_engine_of_the_manifest(stack):
    ended = stack.run()

    assert ended.returncode == 0, ended.stderr[-2000:]
    report = json.loads((stack.folder / "s3" / "ledger" / "reports" / "jr_1.json").read_text())
    assert (report["state"], report["outputs"]["copy"]["rows"]) == ("succeeded", 2)
    assert "from `things#silver`" in ended.stdout  # the plan's SQL is in the log
    assert "secret" not in ended.stderr + ended.stdout


ENGINE = """
from .work import double

class EngineError(Exception):
    code = "rule_violated"

def start(spark, manifest, uri, sha256, job_run):
    print(uri, job_run, spark.sparkContext.parallelize([1, 2]).map(double).collect())
    try:
        raise ValueError("secret")
    except ValueError:
        raise EngineError("what is wrong")
"""


def test_has_the_engine_at_hand_on_executors_and_tells_its_failure_in_one_sentence(stack):
    """Today's engine sends no function to executors. One that does has to find its modules there."""
    with zipfile.ZipFile(stack.folder / "s3" / "artifacts" / "engine.zip", "w") as package:
        package.writestr("plan_runner/__init__.py", "")
        package.writestr("plan_runner/work.py", "def double(number):\n    return 2 * number\n")
        package.writestr("plan_runner/entry.py", ENGINE)
    stack.document["release"]["engine"] = stack.put("artifacts/engine.zip", None)
    stack.pin()

    ended = stack.run()

    assert ended.stdout == "s3://ledger/manifests/1.json jr_1 [2, 4]\n"
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == "RunFailed: rule_violated: what is wrong"
    assert "Traceback" not in ended.stderr
    assert "secret" not in ended.stderr


def test_refuses_a_manifest_of_another_bucket(stack):
    stack.pin("elsewhere/1.json")
    assert stack.refusal() == "the manifest s3://elsewhere/1.json is not in this stack's ledger"


@pytest.mark.parametrize("key", ["ledger/1.json", "ledger/manifestsx.json"])
def test_refuses_what_lies_elsewhere_in_the_ledger(stack, key):
    stack.pin(key)
    assert stack.refusal() == f"the manifest s3://{key} is not in this stack's ledger"


@pytest.mark.parametrize("uri", ["/etc/hostname", "file:///etc/hostname", "s3://ledgerx/manifests/1.json"])
def test_refuses_what_only_looks_like_a_manifest(stack, uri):
    stack.arguments["--manifest"] = uri
    assert stack.refusal() == f"the manifest {uri} is not in this stack's ledger"


def test_refuses_another_manifest_than_the_run_was_started_for(stack):
    actual = stack.arguments["--manifest_sha256"]
    stack.arguments["--manifest_sha256"] = "0" * 64
    assert stack.refusal() == (
        f"the manifest s3://ledger/manifests/1.json has sha256 {actual}, but the run was started for {'0' * 64}"
    )


def test_refuses_a_manifest_that_is_not_there(stack):
    stack.arguments["--manifest"] = "s3://ledger/manifests/2.json"
    assert stack.refusal() == "s3://ledger/manifests/2.json can't be read: NoSuchKey"


PART = {"uri": "s3://artifacts/a", "sha256": "0" * 64}


@pytest.mark.parametrize(
    "release",
    [
        None,
        {"engine": "s3://artifacts/engine.zip"},
        {"engine": PART, "contract": PART},
        {"engine": {"uri": "s3://artifacts/engine.zip"}, "contract": PART, "plan": PART},
        {"engine": PART, "contract": {}, "plan": PART},
        {"engine": PART, "contract": PART, "plan": ["s3://artifacts/plan.json"]},
    ],
)
def test_refuses_a_manifest_without_a_whole_release(stack, release):
    stack.document["release"] = release
    stack.pin()
    assert stack.refusal() == (
        "the manifest has no release of engine, contract and plan, each part with uri and sha256"
    )


@pytest.mark.parametrize("part", ["engine", "contract", "plan"])
@pytest.mark.parametrize("uri", ["s3://elsewhere/a", "s3://artifactsx/a", "s3://ledger/manifests/1.json", "/tmp/a", 7])  # noqa: S108
def test_refuses_to_execute_what_is_none_of_the_artifacts(stack, part, uri):
    stack.document["release"][part]["uri"] = uri
    stack.pin()
    assert stack.refusal() == f"the manifest's release names {uri}, which is not in this stack's artifacts"


@pytest.mark.parametrize("sha256", ["0" * 64, "", None, 7])
def test_refuses_an_engine_of_another_digest(stack, sha256):
    engine = stack.document["release"]["engine"]
    actual, engine["sha256"] = engine["sha256"], sha256
    stack.pin()
    assert stack.refusal() == (
        f"the engine s3://artifacts/engine.zip has sha256 {actual}, but the run was started for {sha256}"
    )


def test_refuses_an_engine_that_was_changed(stack):
    (stack.folder / "s3" / "artifacts" / "engine.zip").write_bytes(b"other")
    assert "has sha256" in stack.refusal()


@pytest.mark.parametrize("name", ["--manifest", "--manifest_sha256", "--ledger_bucket", "--artifacts_bucket"])
@pytest.mark.parametrize("ruse", ["absent", "twice", "joined", "smuggled", "without a value"])
def test_takes_each_argument_from_one_place_only(stack, name, ruse):
    more: tuple[str, ...] = ()
    if ruse in ("absent", "without a value"):
        del stack.arguments[name]
        more = () if ruse == "absent" else (name,)
    elif ruse == "twice":
        more = (name, "elsewhere")
    elif ruse == "joined":
        more = (f"{name}=elsewhere", "")
    else:
        more = ("--x", f"{name}=elsewhere")
    assert stack.refusal(*more) == f"{name} must be given exactly once, as {name} VALUE"


@pytest.mark.parametrize("abbreviated", ["--ledger", "--ledger_bucke", "--artifacts"])
def test_takes_no_abbreviation_for_an_argument(stack, abbreviated):
    stack.document["release"]["engine"]["uri"] = "s3://elsewhere/engine.zip"
    stack.pin()
    assert stack.refusal(abbreviated, "elsewhere").endswith("which is not in this stack's artifacts")


def test_imports_nothing_but_what_glue_has():
    lines = (REPOSITORY / "glue" / "job.py").read_text().splitlines()
    imported = {line.split()[1].split(".")[0] for line in lines if line.startswith(("import ", "from "))}
    assert imported - set(sys.stdlib_module_names) == {"boto3", "pyspark"}
