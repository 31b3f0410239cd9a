"""The Glue job's script, the same for every run: loads the engine that the run's manifest pins, and hands it the run.

A caller chooses only the manifest. The manifest must lie in this stack's ledger. The engine, the contract and the
plan must lie in this stack's artifacts, where only a deployment puts them.
"""

import hashlib
import importlib
import json
import re
import sys
import tempfile
from pathlib import Path

import boto3
from pyspark.sql import SparkSession


class RunFailed(Exception):
    """Its message says everything, so no traceback is shown."""


def main() -> None:
    # An exception that leaves this function ends the process with a code other than 0 and is the job's error message.
    uri = argument("manifest")
    if not uri.startswith(f"s3://{argument('ledger_bucket')}/manifests/"):
        raise RunFailed(f"the manifest {uri} is not in this stack's ledger")
    content = read(uri)
    check_digest("manifest", uri, content, argument("manifest_sha256"))
    package = read_engine(content, f"s3://{argument('artifacts_bucket')}/")

    spark = SparkSession.builder.appName(argument("JOB_NAME")).getOrCreate()
    # The executors need the package as well: a function of the engine may run on them.
    spark.sparkContext.addPyFile(str(package))
    sys.path.insert(0, str(package))
    engine = importlib.import_module("plan_runner.entry")
    try:
        engine.start(spark, content, uri, argument("manifest_sha256"), argument("JOB_RUN_ID"))
    except engine.EngineError as error:
        # The cause may quote rows, so it is left out. The report has all that is needed.
        raise RunFailed(f"{error.code}: {error}") from None


def argument(name: str) -> str:
    """The value of `--NAME VALUE`, given once.

    awsglue's getResolvedOptions also accepts abbreviations and `--NAME=VALUE`, and it takes the last of several. So a
    caller could replace an argument that the job fixes, by an invented argument or by the value of one.
    """
    option = f"--{name}"
    places = [index for index, word in enumerate(sys.argv) if word == option or word.startswith(f"{option}=")]
    values = sys.argv[places[0] + 1 : places[0] + 2] if len(places) == 1 and sys.argv[places[0]] == option else []
    if not values or values[0] == "" or values[0].startswith("--"):
        raise RunFailed(f"{option} must be given exactly once, as {option} VALUE")
    return values[0]


def read_engine(manifest: bytes, artifacts: str) -> Path:
    """Downloads the engine of a manifest. Every part of the manifest's release must lie below `artifacts`."""
    try:
        release = json.loads(manifest)["release"]
        uris = [release[part]["uri"] for part in ("engine", "contract", "plan")]
        sha256 = release["engine"]["sha256"]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RunFailed(
            "the manifest has no release of engine, contract and plan, each part with uri and sha256"
        ) from None
    for uri in uris:
        if not (isinstance(uri, str) and uri.startswith(artifacts)):
            raise RunFailed(f"the manifest's release names {uri}, which is not in this stack's artifacts")
    content = read(uris[0])
    check_digest("engine", uris[0], content, sha256)
    package = Path(tempfile.mkdtemp()) / "plan_runner.zip"
    package.write_bytes(content)
    return package


def check_digest(what: str, uri: str, content: bytes, expected: str) -> None:
    actual = hashlib.sha256(content).hexdigest()
    if not re.fullmatch("[0-9a-f]{64}", str(expected)) or actual != expected:
        raise RunFailed(f"the {what} {uri} has sha256 {actual}, but the run was started for {expected}")


def read(uri: str) -> bytes:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    s3 = boto3.client("s3")
    try:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except s3.exceptions.ClientError as error:
        raise RunFailed(f"{uri} can't be read: {error}") from None


if __name__ == "__main__":
    try:
        main()
    except RunFailed:
        sys.tracebacklimit = 0
        raise
