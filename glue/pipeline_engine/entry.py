"""What the job's script calls. A replay runs an engine of then under the script of now, so the names and parameters
here stay as they are."""

from pyspark.sql import SparkSession

from .errors import EngineError
from .manifest import parse_manifest
from .run import run

__all__ = ["EngineError", "start"]


def start(spark: SparkSession, manifest: bytes, uri: str, sha256: str, job_run: str) -> None:
    """One run of the manifest's bytes, which were read at `uri`.

    @raises EngineError with a `code` when a retry cannot help; any other exception is a fault of the infrastructure.
    """
    run(spark, parse_manifest(manifest, uri, sha256), job_run)
