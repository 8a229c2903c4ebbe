"""What a change costs in a project that is built: `python benchmarks/rebuild.py [CHECKOUT]` writes rebuild.json.

Each row changes one thing in a copy of the project, calls `seewhy report` and counts the pages that were made anew.
CHECKOUT is another built clone, of an older commit; its rows stand beside ours.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
LEFT_OUT = shutil.ignore_patterns(".venv", "__pycache__", "*.egg-info", ".git")


def change_nothing(_: Path) -> None:
    """The project as it was built."""


def comment_style(root: Path) -> None:
    """A comment in one style sheet."""
    path = min((root / "src").rglob("*.css"))
    path.write_text(path.read_text() + "/* a comment */\n")


def reword_sentence(root: Path) -> None:
    """A word of a sentence on page 02: in its template, or in the module where the first edition kept it."""
    places = [root / "src/seewhy/report/text/02_grad_cam.j2", root / "src/seewhy/pages/sentences.py"]
    path = next(place for place in places if place.is_file())
    path.write_text(path.read_text().replace(" object", " thing"))


def remove_pages(root: Path) -> None:
    """The executed notebooks of one study; what they show was measured and stays."""
    shutil.rmtree(root / "data/pages/photos-lite0", ignore_errors=True)


SCENARIOS: dict[str, tuple[Callable[[Path], None], list[str]]] = {
    "nothing changed": (change_nothing, []),
    "nothing changed, one study": (change_nothing, ["photos-lite0"]),
    "a comment in a style": (comment_style, []),
    "a word of page 02": (reword_sentence, []),
    "all pages of one study": (remove_pages, ["photos-lite0"]),
}


def page_times(root: Path) -> dict[Path, int]:
    """When each page was last written."""
    return {path: path.stat().st_mtime_ns for path in (root / "reports").glob("*/*.html")}


def time_report(root: Path, words: list[str]) -> tuple[float, int]:
    """Seconds of `seewhy report`, and how many pages it wrote."""
    before, begun = page_times(root), time.perf_counter()
    given = {**os.environ, "PYTHONPATH": str(root / "src"), "SEEWHY_PROGRESS": "off"}
    command = [sys.executable, "-m", "seewhy", "report", *words]
    subprocess.run(command, cwd=root, env=given, check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - begun
    return seconds, sum(before.get(path) != now for path, now in page_times(root).items())


def measure_project(source: Path) -> dict[str, dict[str, float]]:
    """All rows of one built project, each in the same copy after a call that finds nothing to do."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=source, capture_output=True, text=True)
    rows = {}
    with tempfile.TemporaryDirectory(prefix="seewhy-rebuild-") as folder:
        root = Path(folder) / "project"
        shutil.copytree(source, root, symlinks=True, ignore=LEFT_OUT)
        subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
        (root / ".venv").symlink_to(source / ".venv")
        time_report(root, [])
        for name, (change, words) in SCENARIOS.items():
            change(root)
            seconds, pages = time_report(root, words)
            rows[name] = {"seconds": round(seconds, 1), "pages": pages}
            sys.stdout.write(f"{commit.stdout.strip()} {name}: {seconds:.1f} s, {pages} pages\n")
            time_report(root, [])
    return {commit.stdout.strip(): rows}


def main(checkouts: list[str]) -> None:
    """Measure this project and each checkout; keep the rows of other commits."""
    path = HERE / "rebuild.json"
    rows = json.loads(path.read_text()) if path.is_file() else {}
    for source in [HERE.parent, *map(Path, checkouts)]:
        rows |= measure_project(source.resolve())
    path.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
