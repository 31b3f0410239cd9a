"""What can be wrong with inputs, contract or SQL. Each fails the run with a report, since a retry cannot help.

Anything else that is raised is a fault of the infrastructure: it writes no report, so the run may be tried again. Which
is which is told apart in faults.py.
"""

_MESSAGE_BYTES = 2048


def clipped(message: str) -> str:
    """Messages go into the ledger, mail and Glue's own records, which have little room."""
    encoded = message.encode(errors="replace")
    if len(encoded) <= _MESSAGE_BYTES:
        return message
    return encoded[: _MESSAGE_BYTES - len("…".encode())].decode(errors="ignore") + "…"


class Infrastructure(Exception):
    """What may be told of a fault of the infrastructure."""

    def __init__(self, message: str) -> None:
        super().__init__(clipped(message))


class EngineError(Exception):
    """A failure that belongs in the run report. Its message has no value of a row."""

    code = "failed"

    def __init__(self, message: str) -> None:
        super().__init__(clipped(message))


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
