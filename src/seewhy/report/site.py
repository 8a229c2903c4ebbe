"""reports/index.html: which models can be used, over the summaries and pages that exist."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Required, TypedDict

from seewhy.config import artifacts
from seewhy.report.html import kinds
from seewhy.report.html.assets import INDEX, page_styles
from seewhy.report.html.inline import inline_html
from seewhy.report.html.render import html_document
from seewhy.report.html.severity import SEVERITIES
from seewhy.report.html.summary import read_summary
from seewhy.report.index_models import HEADS, LEVELS, QUESTIONS, count_usable, group_models
from seewhy.report.plots.check_strips import check_strips

COMPARISON, TASK = "08_comparison", "classification"
CHECKS = "checks.json"
PICTURES = "02_grad_cam"  # the page whose gallery the index shows, where it has one


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


def write_site_index(
    root: Path, studies: Sequence[StudySummary], comparisons: Sequence[ComparisonSummary] = ()
) -> Path:
    """Write <root>/reports/index.html over the summaries and pages that exist; its path."""
    models = group_models([_read_study(root, study) for study in studies])
    html = html_document(
        "site.html.j2",
        page_styles(*INDEX),
        title="Which of these models can be used?",
        models=models,
        ordered=sorted(models, key=lambda model: not any(study["tried"] for study in model["studies"])),
        summary=count_usable(models),
        questions=QUESTIONS,
        heads=HEADS,
        severities=SEVERITIES,
        levels=LEVELS,
        comparisons=[_read_comparison(root, one) for one in comparisons],
    )
    artifacts.write_text(root / "reports" / "index.html", html)
    return root / "reports" / "index.html"


def _read_study(root: Path, study: StudySummary) -> dict[str, Any]:
    """Name, summary, thumbnails and pages of a study."""
    folder = artifacts.reports_folder(root, study["name"])
    stems = [stem for stem, _ in study.get("pages", [])]
    outputs = {stem: kinds.read_outputs(artifacts.executed_path(root, study["name"], stem)) for stem in stems}
    pages = [
        {
            "stem": stem,
            "title": title,
            "run": (folder / f"{stem}.html").is_file(),
            "failed": (folder / f"{stem}.failed.html").is_file(),
            "finding": _first_finding(outputs[stem]),
        }
        for stem, title in study.get("pages", [])
    ]
    pictured = next(
        (stem for stem in (PICTURES, *outputs) if kinds.first_output(outputs.get(stem, []), kinds.GALLERY)), ""
    )
    tried = any(page["run"] or page["failed"] for page in pages)
    return {
        "name": study["name"],
        "about": study.get("about", ""),
        "task": study.get("task", TASK),
        "pages": pages,
        "run": {page["stem"] for page in pages if page["run"]},
        "home": next((page["stem"] for page in pages if page["run"]), None),
        "tried": tried,
        "summary": read_summary(folder) if tried else {},  # what is kept in git may be of another run
        "thumbs": kinds.first_output(outputs.get(pictured, []), kinds.GALLERY).get("thumbnails", []),
        **_own_checks(folder),
    }


def _own_checks(folder: Path) -> dict[str, Any]:
    """The checks of params.yaml for the study or comparison in that folder: drawn, and how many have which status."""
    rows = artifacts.read_json(folder / CHECKS) if (folder / CHECKS).is_file() and any(folder.glob("*.html")) else []
    counts = Counter(row["status"] for row in rows)
    told = ", ".join(f"{counts[status]} {status}" for status in ("fail", "unsure", "not run", "pass") if counts[status])
    return {"checks": check_strips(rows, folder=f"{folder.name}/"), "checks_told": told}


def _read_comparison(root: Path, comparison: ComparisonSummary) -> dict[str, Any]:
    """Name, studies and finding of a comparison, and whether its page is there."""
    run = (artifacts.reports_folder(root, comparison["name"]) / f"{COMPARISON}.html").is_file()
    outputs = kinds.read_outputs(artifacts.executed_path(root, comparison["name"], COMPARISON)) if run else []
    own = _own_checks(artifacts.reports_folder(root, comparison["name"]))
    return {**comparison, **own, "run": run, "stem": COMPARISON, "finding": _first_finding(outputs)}


def _first_finding(outputs: list[dict[str, Any]]) -> dict[str, str]:
    """The first finding among outputs, ready for the template; empty when there is none."""
    found = kinds.first_output(outputs, kinds.FINDING)
    if not found:
        return {}
    level = found["severity"]
    mark = SEVERITIES[level].mark if level else ""
    return {"answer": found["answer"], "html": inline_html(found["sentence"]), "severity": level, "mark": mark}
