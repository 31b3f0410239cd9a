"""Runs the plan runner on one manifest, with the same Spark as the usual job."""

import argparse
import hashlib

from launch import start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", required=True)
    given = parser.parse_args()

    spark = start("engine")
    # Below glue/, which `launch` puts on the path.
    from plan_runner.manifest import parse_manifest
    from plan_runner.run import run
    from plan_runner.storage import read_bytes

    content = read_bytes(given.manifest)
    run(spark, parse_manifest(content, given.manifest, hashlib.sha256(content).hexdigest()), "jr_1")
    spark.stop()


if __name__ == "__main__":
    main()
