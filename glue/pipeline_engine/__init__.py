"""Turns a manifest into run-scoped output and a run report. Knows Spark and storage; knows no ledger and no Glue."""
