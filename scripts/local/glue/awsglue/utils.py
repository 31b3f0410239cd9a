"""The argument parsing of Glue's own library."""

from __future__ import annotations

# Given by Glue to every run, and returned whether a script asks for them or not.
RESERVED = ("JOB_NAME", "JOB_ID", "JOB_RUN_ID", "SECURITY_CONFIGURATION", "TempDir")


class GlueArgumentError(Exception):
    """A named argument was not given."""


def getResolvedOptions(args: list[str], options: list[str]) -> dict[str, str]:  # noqa: N802 - Glue's name for it
    """The values of `--NAME VALUE` for each name in `options`.

    :raises GlueArgumentError: naming the arguments that are missing
    """
    given: dict[str, str] = {}
    rest = list(args[1:])
    while rest:
        word = rest.pop(0)
        if not word.startswith("--"):
            continue
        name, separator, value = word[2:].partition("=")
        given[name] = value if separator else (rest.pop(0) if rest else "")
    missing = [f"--{name}" for name in options if name not in given]
    if missing:
        raise GlueArgumentError(f"the following arguments are required: {', '.join(missing)}")
    return {name: given[name] for name in (*RESERVED, *options) if name in given}
