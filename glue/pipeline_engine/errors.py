"""Errors in inputs, contract or SQL. Each fails the run with a report, because a retry cannot help.

Any other exception is a fault of the infrastructure: no report is written, so the run may be tried again. faults.py
tells the two apart.
"""

_MESSAGE_BYTES = 2048


def clipped(message: str) -> str:
    """Shortens a message: it goes into the ledger, mail and Glue's own records, which have little room."""
    encoded = message.encode(errors="replace")
    if len(encoded) <= _MESSAGE_BYTES:
        return message
    return encoded[: _MESSAGE_BYTES - len("…".encode())].decode(errors="ignore") + "…"


class Infrastructure(Exception):
    """A fault of the infrastructure. Its message has no value of a row."""

    def __init__(self, message: str) -> None:
        super().__init__(clipped(message))


class EngineError(Exception):
    """A failure that belongs in the run report. Its message has no value of a row."""

    code = "failed"

    def __init__(self, message: str) -> None:
        super().__init__(clipped(message))


class ChecksumMismatch(EngineError):
    """A file differs from the one that the run was claimed with. When this file is the manifest, nothing in it can be
    trusted, so no report is written."""

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
