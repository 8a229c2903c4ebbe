"""What `seewhy init` does and prints: files, repository, and the next lines to type."""

from collections import Counter
from pathlib import Path

import typer

from seewhy import __version__
from seewhy.errors import SeewhyError
from seewhy.init.merging import Outcome, merge_files
from seewhy.init.place import check_place
from seewhy.init.repository import ensure_git, ignored_files
from seewhy.init.templates import project_files

NEXT = (
    "seewhy new birds --data data/inputs/birds --checkpoint data/inputs/birds.pth --architecture torchvision:resnet50",
    "seewhy report",
)


def start_project(folder: Path | None, here: bool) -> None:
    """Makes a project in a new folder, or completes and upgrades the one here.

    Raises SeewhyError for a place that cannot be used; then nothing was written, or the next call completes it.
    """
    if (folder is None) != here:
        raise SeewhyError("found " + ("both a folder and --here" if here else "neither") + "; allowed: DIR, or --here")
    root = (folder or Path()).absolute()
    try:
        check_place(root, here)
        texts = project_files()
        root.mkdir(parents=True, exist_ok=True)
        outcome = merge_files(root, texts)
        made = ensure_git(root)
    except OSError as error:
        place = error.filename or root
        raise SeewhyError(f"cannot use {place}: {error.strerror}; mend this and call it again") from None
    for line in outcome_lines(outcome):
        typer.echo(line)
    if made:
        typer.echo("made a git repository")
    if ignored := ignored_files(root, list(texts)):
        typer.echo(f"git ignores {', '.join(ignored)}: change .gitignore, or the project is not kept", err=True)
    typer.echo(f"\nnext{'' if here else f', in {folder}'}:\n  {NEXT[0]}\n  {NEXT[1]}")


def outcome_lines(outcome: Outcome) -> list[str]:
    """One line for all that was added, then one for each file that was replaced or kept."""
    lines = [f"seewhy {__version__}: added {_count_by_folder(outcome.added)}"] if outcome.added else []
    lines += [f"added lines to {name}" for name in outcome.extended]
    lines += [f"replaced {name}: it was not changed here" for name in outcome.replaced]
    lines += [f"kept {name}: {why}" for name, why in outcome.kept.items()]
    return lines or [f"seewhy {__version__}: nothing to do"]


def _count_by_folder(names: list[str]) -> str:
    """'notebooks/ (22), params.yaml': how many files in each folder of the top level"""
    counts = Counter(name.partition("/")[0] for name in names)
    return ", ".join(top if top in names else f"{top}/ ({count})" for top, count in counts.items())
