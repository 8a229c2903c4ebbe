"""Runs scripts in the working folder, each in a process forked from one that has imported what pages need and no more.

    python forked_scripts.py SCRIPT ...

What a script says on stderr goes into SCRIPT.err; the exit codes are printed, one a line.
"""

import os
import runpy
import sys
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from seewhy.pipeline.kernel_template import PRELOADED


def run_script(path: str) -> int:
    """The exit code of a script that runs as if it were pasted into Python."""
    if pid := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    code = 1
    try:
        with Path(f"{path}.err").open("w") as said, Path(os.devnull).open("w") as nowhere:
            os.dup2(said.fileno(), 2)
            os.dup2(nowhere.fileno(), 1)
            runpy.run_path(path, run_name="__main__")
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    sys.path[0] = ""
    for name in PRELOADED:
        with suppress(ImportError):
            import_module(name)
    for script in sys.argv[1:]:
        print(run_script(script), flush=True)  # noqa: T201
