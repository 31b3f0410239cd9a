"""What the job's script calls. A replay runs an old engine under the current script, so the names and parameters here
must not change."""

from pyspark.sql import SparkSession

from .errors import EngineError
from .manifest import parse_manifest
from .run import run

__all__ = ["EngineError", "start"]


def start(spark: SparkSession, manifest: bytes, uri: str, sha256: str, job_run: str) -> None:
    """Runs the manifest with these bytes, which were read at `uri`.

    @raises EngineError with a `code` when a retry cannot help. Any other exception is a fault of the infrastructure.
    """
    run(spark, parse_manifest(manifest, uri, sha256), job_run)
