"""What can be wrong with inputs, contract or SQL. Each fails the run with a report, since a retry cannot help.

Anything else that is raised is a fault of the infrastructure: it writes no report, so the run may be tried again.
"""


class EngineError(Exception):
    """A failure that belongs in the run report."""

    code = "failed"


class ChecksumMismatch(EngineError):
    """Something is not what the run was claimed with. Where that is the manifest, nothing in it can be trusted, so this
    one writes no report."""

    code = "checksum_mismatch"


class ManifestInvalid(EngineError):
    code = "manifest_invalid"


class ContractInvalid(EngineError):
    code = "contract_invalid"


class InputMissing(EngineError):
    code = "input_missing"


class NoRowsRead(EngineError):
    code = "no_rows_read"


class RuleViolated(EngineError):
    code = "rule_violated"


class TooManyRejected(EngineError):
    code = "too_many_rejected"


class SchemaChanged(EngineError):
    code = "schema_changed"


class SqlFailed(EngineError):
    code = "sql_failed"


class SchemaMismatch(EngineError):
    code = "schema_mismatch"


class CheckFailed(EngineError):
    code = "check_failed"
