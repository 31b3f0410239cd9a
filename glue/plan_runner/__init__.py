"""Executes the plan of a release on the inputs of a manifest. Knows Spark and storage, but no rules, ledger or Glue."""
