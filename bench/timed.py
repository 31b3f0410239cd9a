"""Runs a command and prints its cost as JSON: wall seconds, CPU seconds and the largest process's peak in bytes.

All processes that it starts count, even those that outlive it (on Linux), such as the JVM of a Python job.
"""

import ctypes
import json
import os
import resource
import subprocess
import sys
import time

_BECOME_REAPER = 36
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


def main() -> int:
    log, command = sys.argv[1], sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_BECOME_REAPER, 1, 0, 0, 0)
    with open(log, "wb") as output:  # noqa: PTH123
        since = time.monotonic()
        code = subprocess.call(command, stdout=output, stderr=output)  # noqa: S603
        try:
            while True:
                os.wait()
        except ChildProcessError:
            pass
        seconds = time.monotonic() - since
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss * _MAXRSS_UNIT}))
    return code


if __name__ == "__main__":
    sys.exit(main())
