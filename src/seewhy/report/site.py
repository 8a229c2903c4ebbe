"""reports/index.html: which models can be trusted, over the pages and figures that exist."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Required, TypedDict

from seewhy.config import artifacts
from seewhy.report import index_verdicts
from seewhy.report.html.assets import INDEX, styles
from seewhy.report.html.excerpts import finding, has_cards, shown, thumbs
from seewhy.report.html.render import document
from seewhy.report.index_measures import ABSENT, measured
from seewhy.report.plots.gate_bars import MARKS, figures, gates, marked, side, widest

COMPARISON, TASK = "08_comparison", "classification"
BOARD = {"pass": "passed", "fail": "failed", "unsure": "unsure", "not run": "not tested"}


class StudySummary(TypedDict, total=False):
    """What the index is told of a study; the rest it reads from the study's folder."""

    name: Required[str]
    task: str
    about: str  # one line: model and data
    pages: list[tuple[str, str]]  # (stem, title) of all its pages, also of those not yet run


class ComparisonSummary(TypedDict):
    """What the index is told of a comparison: its name, which is that of its folder, and the studies in it."""

    name: str
    studies: Sequence[str]


def write(root: Path, studies: Sequence[StudySummary], comparisons: Sequence[ComparisonSummary] = ()) -> Path:
    """Write <root>/reports/index.html over the pages, verdicts and metrics that exist; its path."""
    folder = root / "reports"
    told = [_study(folder / study["name"], study) for study in studies]
    own = measured(folder, [(study["name"], study.get("task", TASK)) for study in studies])
    spans = widest(study["verdict"].rows for study in told)
    for study, measures in zip(told, own, strict=True):
        study |= {"measures": measures, "gates": gates(study["verdict"].main, spans, folder=f"{study['name']}/")}
    judged = [study for study in told if study["verdict"].rows]
    html = document(
        "site.html.j2",
        styles(*INDEX),
        title="Which models can be trusted?",
        studies=sorted(told, key=lambda study: not study["tried"]),  # stable: first what there is to see
        summary=index_verdicts.sentence(told),
        board={status: [one for one in told if one["verdict"].status == status] for status in BOARD},
        words=BOARD,
        marks=MARKS,
        table=index_verdicts.table(judged),
        judged=judged,
        marked=marked,
        figures=figures,
        side=side,
        audit=index_verdicts.AUDIT,
        groups=_alike(told),
        comparisons=[_comparison(folder / one["name"], one) for one in comparisons],
    )
    artifacts.write_text(folder / "index.html", html)
    return folder / "index.html"


def _executed(folder: Path, stem: str) -> Path:
    """The notebook that a page in a study's or comparison's folder is rendered from."""
    return artifacts.executed(folder.parents[1], folder.name, stem)


def _study(folder: Path, study: StudySummary) -> dict[str, Any]:
    """Name, finding, thumbnails and pages of a study."""
    outputs = {stem: shown(_executed(folder, stem)) for stem, _ in study.get("pages", [])}
    pages = [
        {
            "stem": stem,
            "title": title,
            "run": (folder / f"{stem}.html").is_file(),
            "failed": (folder / f"{stem}.failed.html").is_file(),
            "finding": finding(outputs[stem]),
        }
        for stem, title in study.get("pages", [])
    ]
    with_cards = next((stem for stem in ("02_grad_cam", *outputs) if has_cards(outputs.get(stem, ""))), "")
    return {
        "name": study["name"],
        "about": study.get("about", ""),
        "task": study.get("task", TASK),
        "pages": pages,
        "by_stem": {page["stem"]: page for page in pages},
        "home": next((page["stem"] for page in pages if page["run"]), None),
        "tried": any(page["run"] or page["failed"] for page in pages),
        "verdict": index_verdicts.verdict(folder),
        "finding": next((page["finding"] for page in _asked(pages) if page["finding"] and page["run"]), ""),
        "thumbs": thumbs(outputs.get(with_cards, "")),
        "thumbs_page": with_cards,
    }


def _alike(studies: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A table for each group of studies that have the same figures, where there are at least two studies; `bare`: by
    study, whether none of its figures could be measured, which is told once."""
    tried = [study for study in studies if study["tried"]]
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for study in tried if len(tried) > 1 else ():
        groups.setdefault((study["task"], *(one["title"] for one in study["measures"])), []).append(study)
    bare = {study["name"]: {one["value"] for one in study["measures"]} == {ABSENT} for study in tried}
    return [
        {"task": task.capitalize(), "titles": titles, "studies": some, "bare": bare}
        for (task, *titles), some in groups.items()
    ]


def _asked(pages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The pages in the order in which their findings answer the index's question: the audit, then as they are."""
    return sorted(pages, key=lambda page: page["stem"] != index_verdicts.AUDIT)


def _comparison(folder: Path, comparison: ComparisonSummary) -> dict[str, Any]:
    """Name, studies, finding and gates of a comparison, and whether its page is there."""
    run = (folder / f"{COMPARISON}.html").is_file()
    return {
        **comparison,
        "run": run,
        "stem": COMPARISON,
        "finding": finding(shown(_executed(folder, COMPARISON))) if run else "",
        "gates": gates(index_verdicts.own(folder)),
    }
