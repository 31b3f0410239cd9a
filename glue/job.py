"""The Glue entry point: resolves the arguments, reads the manifest that was claimed, hands it to the engine."""

import sys

from awsglue.utils import getResolvedOptions
from pyspark.sql import SparkSession

from pipeline_engine.manifest import parse_manifest
from pipeline_engine.run import run
from pipeline_engine.storage import read_bytes


def main() -> None:
    # An exception that leaves this function ends the process with a code other than 0 and is the job's error message.
    options = getResolvedOptions(sys.argv, ["JOB_NAME", "manifest", "manifest_sha256"])
    uri = options["manifest"]
    manifest = parse_manifest(read_bytes(uri), uri, options["manifest_sha256"])
    spark = SparkSession.builder.appName(options["JOB_NAME"]).getOrCreate()
    run(spark, manifest, options["JOB_RUN_ID"])


if __name__ == "__main__":
    main()
