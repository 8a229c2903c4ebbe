"""The files of this package that a page's notebook can run or read, and their hash."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from seewhy.config import artifacts

PACKAGE = Path(__file__).parents[1]
TEXTS = PACKAGE / "report" / "text"
PAGE_TEXT = re.compile(r"\d\d_")  # begins the name of a template that one page reads
RENDERING = tuple(f"{name}.py" for name in ("render", "headings", "markdown", "glossary", "summary", "cells"))
# what starts, checks and tells, networks of a session, and what makes HTML of an executed notebook: none of it changes
# what a notebook of a study shows
UNSEEN: tuple[str, ...] = ("pipeline", "doctor", "init", "session", "cli.py", "__main__.py", "export.py")
UNSEEN += ("errors.py", "progress.py")
UNSEEN += ("report/run.py", "report/progress.py", "report/site.py", "report/index_*.py")
UNSEEN += tuple(f"report/html/{name}" for name in ("template", "assets.py", *RENDERING))


def code_files(stem: str = "") -> Iterator[Path]:
    """The package's files that a notebook can run or read: of the texts of single pages, only those of `stem`."""
    unseen = {path for pattern in UNSEEN for path in PACKAGE.glob(pattern)}
    for path in sorted(PACKAGE.rglob("*")):
        if not path.is_file() or "__pycache__" in path.parts or unseen.intersection((path, *path.parents)):
            continue
        of_a_page = path.parent == TEXTS and PAGE_TEXT.match(path.name)
        if not of_a_page or (stem and path.name.startswith(stem)):
            yield path


@cache
def code_hash(stem: str = "") -> str:
    """Hex digest of `code_files`; the same in every process, whatever it has imported."""
    return tree_hash(code_files(stem), PACKAGE)


def tree_hash(paths: Iterable[Path], root: Path) -> str:
    """Hex digest of the files' names below `root` and their bytes, in the order of the names."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.relative_to(root).as_posix()} {artifacts.file_sha256(path)}\n".encode())
    return digest.hexdigest()
