"""The verb `judge`: each candidate that waits is shown and asked for; what a person says goes into params.yaml."""

import json
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import typer

from seewhy.checks.candidates import CANDIDATES, OBJECT, SHORTCUT, JudgedCandidate, read_candidates
from seewhy.checks.candidates import judge_candidates as take_judgements
from seewhy.config.editing import add_judgements
from seewhy.config.params import FILE
from seewhy.config.project import Project
from seewhy.measure.family import Result
from seewhy.measure.store import read_family

WORDS = {"o": OBJECT, "object": OBJECT, "s": SHORTCUT, "shortcut": SHORTCUT, "": "", "skip": ""}
WAITING = 2  # exit code where a judgement is missing and nobody can be asked


def judge_candidates(project: Project, study: str, ask: Callable[[str], str] | None = None) -> None:
    """Asks for each candidate of a study that waits for a judgement, and writes params.yaml, comments kept.

    ask: question -> what a person types; default: the terminal. Without a terminal the lines to add are printed.

    Raises SeewhyError where the study was not measured; typer.Exit with code 2 where nobody can be asked.
    """
    result = read_family(project.root, study, CANDIDATES)
    judged, where = project.params.study_settings(study).judged, f"studies.{study}.judged of {FILE}"
    found = take_judgements(read_candidates(result.table), judged, where)
    waiting = [
        (number, one) for number, one in enumerate(found) if one.awaits_judgement or (one.judged and not one.pinned)
    ]
    if not waiting:
        typer.echo(f"{study}: no candidate waits for your judgement")
        return
    typer.echo(f"pictures: {write_sheets(found, result)}")
    if ask is None and not sys.stdin.isatty():
        print_lines(study, [one for _, one in waiting])
        raise typer.Exit(WAITING)
    said = ask_person(waiting, result, ask or ask_terminal)
    if said:
        add_judgements(project.root, study, said)
        typer.echo(f"{FILE}: wrote studies.{study}.judged of {', '.join(said)}; next: python -m seewhy measure {study}")


def ask_person(
    waiting: Sequence[tuple[int, JudgedCandidate]], result: Result, ask: Callable[[str], str]
) -> dict[str, dict[str, Any]]:
    """What a person says of each: entries of `judged:`; those that are skipped are left out."""
    said = {}
    for number, one in waiting:
        typer.echo(describe_candidate(one, [str(name) for name in result.arrays["crop_images"][number] if name]))
        word: str | None = one.judged or None  # by hand: only its hash is missing
        while word is None:
            word = WORDS.get(ask("object, shortcut or skip? [o/s/Enter]").strip().lower())
        if word:
            said[one.id] = one.judgement_entry(word)
    return said


def describe_candidate(one: JudgedCandidate, images: Sequence[str]) -> str:
    """Its lines on the terminal: what, where, how strong, in which images."""
    from seewhy.report.pages.candidate_views import effects_text

    place = "" if one.place is None else f" ({', '.join(f'{side:.2f}' for side in one.place)})"
    effect = f"  {one.gain_phrase}: {effects_text(one)}"
    return "\n".join([f"\n{one.id}: {one.candidate_phrase}{place}", effect, f"  images: {', '.join(images)}"])


def print_lines(study: str, waiting: Sequence[JudgedCandidate]) -> None:
    """What to add to params.yaml, for each candidate that waits."""
    typer.echo(f"# for studies.{study} of {FILE}: `is` says `object` or `shortcut`\njudged:")
    for one in waiting:
        key = one.id if re.fullmatch(r"[\w][\w ./-]*", one.id) else json.dumps(one.id, ensure_ascii=False)
        entry = ", ".join(f"{name}: {value}" for name, value in one.judgement_entry(one.judged or "...").items())
        typer.echo(f"  {key}: {{{entry}}}  # {one.candidate_phrase}")


def ask_terminal(question: str) -> str:
    """One line from the terminal, which may be empty."""
    return str(typer.prompt(question, default="", show_default=False))


def write_sheets(found: Sequence[JudgedCandidate], result: Result) -> Path:
    """A picture for each class in a new folder for temporary files; the folder."""
    from seewhy.report.pages.candidate_views import candidate_figures

    folder = Path(tempfile.mkdtemp(prefix="seewhy-"))
    figures = candidate_figures(found, result.arrays, classes=len(found))
    for number, (fig, _) in enumerate(figures.values(), start=1):
        fig.savefig(folder / f"{number:02d}.png", dpi=100)
    return folder
