"""How many files an output has, what lies in which, and what a reader can skip by their statistics."""

import random
from itertools import pairwise

from pyspark import SparkContext

from harness import column, contract, data_files, dataset, output
from pipeline_engine import outputs
from pipeline_engine.contract import Column


def made_of(pipeline, rows: int, cluster_by: list[str]):
    columns = [column("id", "string", "reject"), column("country", "string"), column("n", "int")]
    kinds = {"id": "string", "country": "string", "n": "int"}
    made = pipeline(contract({"things": dataset(columns, ["id"], "n")}, {"copy": output(["id"], **kinds)}))
    made.contract["outputs"]["copy"]["clusterBy"] = cluster_by
    made.sql["copy"] = "select id, country, n from things"
    chosen = random.Random(1)  # noqa: S311
    made.put_rows("things", [{"id": f"i_{n}", "country": chosen.choice("ABCDEFGH"), "n": n} for n in range(rows)])
    return made


def footers(spark, folder) -> list[list[dict[str, tuple]]]:
    """For each file and each of its row groups: by column the least and the greatest value and the number of nulls."""
    jvm = SparkContext._active_spark_context._jvm
    conf = spark.sparkContext._jsc.hadoopConfiguration()
    found = []
    for name in data_files(folder):
        path = jvm.org.apache.hadoop.fs.Path(str(folder / name))
        reader = jvm.org.apache.parquet.hadoop.ParquetFileReader.open(
            jvm.org.apache.parquet.hadoop.util.HadoopInputFile.fromPath(path, conf)
        )
        blocks = [
            {
                chunk.getPath().toDotString(): (
                    chunk.getStatistics().minAsString(),
                    chunk.getStatistics().maxAsString(),
                    chunk.getStatistics().getNumNulls(),
                )
                for chunk in block.getColumns()
            }
            for block in reader.getFooter().getBlocks()
        ]
        reader.close()
        found.append(blocks)
    return found


def test_a_clustered_output_lies_in_files_that_share_no_value_but_at_their_ends(pipeline, spark, monkeypatch):
    monkeypatch.setattr(outputs, "BYTES_PER_FILE", 2_000)
    made = made_of(pipeline, 600, ["country", "n"])
    made.run()

    # An id takes 3 to 5 bytes, a country 1 and a number 4.
    size = sum(len(f"i_{n}") + 1 + 4 for n in range(600))
    assert made.report()["outputs"]["copy"]["files"] == -(-size // 2_000) == 3
    written = footers(spark, made.output_folder("copy"))
    assert len(written) == 3
    ranges = sorted(blocks[0]["country"][:2] for blocks in written)
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(ranges))
    assert all(len(blocks) == 1 and blocks[0]["id"][2] == 0 for blocks in written)
    for name in data_files(made.output_folder("copy")):
        rows = [tuple(row) for row in spark.read.parquet(str(made.output_folder("copy") / name)).collect()]
        assert [row[1:] for row in rows] == sorted(row[1:] for row in rows)
    assert len(made.rows("copy")) == 600


def test_an_output_that_is_not_clustered_lies_in_files_of_even_size(pipeline, spark, monkeypatch):
    monkeypatch.setattr(outputs, "BYTES_PER_FILE", 2_000)
    made = made_of(pipeline, 600, [])
    made.run()

    files = [spark.read.parquet(str(made.output_folder("copy") / name)).count()
             for name in data_files(made.output_folder("copy"))]  # fmt: skip
    assert len(files) == 3
    assert sum(files) == 600
    assert max(files) < 1.5 * min(files)


def test_what_rows_measure_is_one_to_four_times_their_file(spark, tmp_path):
    """So a file of `BYTES_PER_FILE` has between 128 and 512 MiB. The rows are like those of user_activity: some values
    hardly repeat, some often."""
    kinds = {"user_id": "string", "country": "string", "source": "string", "first_at": "timestamp", "events": "bigint",
             "revenue": "decimal(22,2)", "last_at": "timestamp"}  # fmt: skip
    rows = spark.range(100_000).selectExpr(
        "concat('u_', cast(id * 7919 % 1000000 as string)) as user_id",
        "element_at(array('US', 'IN', 'DE'), cast(id % 3 + 1 as int)) as country",
        "element_at(array('google_ads', 'youtube'), cast(id % 2 + 1 as int)) as source",
        "timestamp_micros(1700000000000000 + xxhash64(id) % 10000000000000) as first_at",
        "id % 40 as events",
        "cast(pmod(xxhash64(id, 1), 100000000) / 100 as decimal(22,2)) as revenue",
        "timestamp_micros(1700000000000000 + xxhash64(id, 2) % 10000000000000) as last_at",
    )
    rows.coalesce(1).write.parquet(str(tmp_path / "rows"))
    measured = rows.selectExpr(f"sum({outputs.row_bytes(tuple(Column(n, k) for n, k in kinds.items()))})").first()[0]
    written = sum(path.stat().st_size for path in (tmp_path / "rows").glob("*.parquet"))

    assert 1 <= measured / written <= 4


def test_every_type_measures_what_its_values_hold(spark):
    kinds = {"b": "boolean", "i": "int", "d": "date", "m": "decimal(9,2)", "w": "decimal(38,2)", "s": "string",
             "n": "string", "a": "array<int>"}  # fmt: skip
    row = spark.sql(
        "select true as b, 1 as i, date'2025-01-01' as d, 1.00BD as m, 1.00BD as w, 'é' as s, "
        "cast(null as string) as n, array(10, 20) as a"
    )
    for name, size in {"b": 1, "i": 4, "d": 4, "m": 4, "w": 16, "s": 2, "n": 0, "a": len("[10,20]")}.items():
        measured = row.selectExpr(outputs.row_bytes((Column(name, kinds[name]),))).first()[0]
        assert (name, measured) == (name, size)
