"""`python -m seewhy`: the verbs of `seewhy.cli`."""

import sys
from pathlib import Path


def main() -> None:
    """Runs a verb. The look at a dataset, which DVC takes at every run, ends here when nothing has changed."""
    if sys.argv[1:2] == ["dataset"] and len(sys.argv) == 3:
        from seewhy.inputs.renewal import is_current

        if is_current(Path.cwd(), sys.argv[2]):
            return
    from seewhy.cli import main

    main()


if __name__ == "__main__":
    main()
