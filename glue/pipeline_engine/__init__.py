"""Turns a manifest into run-scoped output and a run report. Knows Spark and storage, but not the ledger or Glue."""
