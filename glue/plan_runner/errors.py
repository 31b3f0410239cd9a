"""How a run can fail. The messages have no value of a row."""

_MESSAGE_BYTES = 2048


def clipped(message: str) -> str:
    """Shortens a message: it goes into the ledger, mail and Glue's own records, which have little room."""
    encoded = message.encode(errors="replace")
    if len(encoded) <= _MESSAGE_BYTES:
        return message
    return encoded[: _MESSAGE_BYTES - len("…".encode())].decode(errors="ignore") + "…"


class EngineError(Exception):
    """A failure in inputs, contract or SQL, which a retry would meet again. It belongs in the run report."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(clipped(message))


class Infrastructure(Exception):
    """A fault of the infrastructure. No report is written, so the run may be tried again."""

    def __init__(self, message: str) -> None:
        super().__init__(clipped(message))
