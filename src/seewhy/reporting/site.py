"""reports/index.html: which models can be trusted, over the pages and figures that exist."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Required, TypedDict

from seewhy import artifacts
from seewhy.reporting.excerpts import finding, has_cards, shown, thumbs
from seewhy.reporting.measures import measured, metrics
from seewhy.reporting.render import document


class StudySummary(TypedDict, total=False):
    """What the index is told of a study; the rest it reads from the study's folder."""

    name: Required[str]
    task: str
    about: str  # one line: model and data
    pages: list[tuple[str, str]]  # (stem, title) of all its pages, also of those not yet run


def write(root: Path, studies: Sequence[StudySummary]) -> Path:
    """Write <root>/reports/index.html over the pages and metrics that exist; its path."""
    folder = root / "reports"
    told = [_study(folder / study["name"], study) for study in studies]
    figures = measured(folder, [(study["name"], study.get("task", "classification")) for study in studies])
    for study, own in zip(told, figures, strict=True):
        study["measures"] = own
    html = document(
        "site.html.j2",
        js=False,
        title="Which models can be trusted?",
        studies=sorted(told, key=lambda study: not study["tried"]),  # stable: first what there is to see
        summary=_summary(folder, studies),
        groups=_alike(told),
        pages=_all_pages(told),
    )
    artifacts.write_text(folder / "index.html", html)
    return folder / "index.html"


def _study(folder: Path, study: StudySummary) -> dict[str, Any]:
    """Name, finding, thumbnails and pages of a study."""
    outputs = {stem: shown(folder / f"{stem}.ipynb") for stem, _ in study.get("pages", [])}
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
        "pages": pages,
        "by_stem": {page["stem"]: page for page in pages},
        "home": next((page["stem"] for page in pages if page["run"]), None),
        "tried": any(page["run"] or page["failed"] for page in pages),
        "finding": next((page["finding"] for page in pages if page["finding"] and page["run"]), ""),
        "thumbs": thumbs(outputs.get(with_cards, "")),
        "thumbs_page": with_cards,
    }


def _alike(studies: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Studies that have the same figures, where there are at least two: a table for each such group."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for study in studies:
        if study["tried"]:
            groups.setdefault(tuple(one["title"] for one in study["measures"]), []).append(study)
    return [{"titles": titles, "studies": some} for titles, some in groups.items() if len(some) > 1]


def _summary(folder: Path, studies: Sequence[StudySummary]) -> str:
    """The honest answer so far, in two or three sentences."""
    models = {study["name"]: metrics(folder / study["name"], "model", "01_model") for study in studies}
    naming = [models[study["name"]] for study in studies if study.get("task", "classification") == "classification"]
    maps = [metrics(folder / study["name"], "grad_cam", "02_grad_cam") for study in studies]
    lows = [float(own["lift_over_centre_low"]) for own in maps if "lift_over_centre_low" in own]
    missing = sum(not own for own in models.values())
    rest = f" {missing} of {len(models)} studies are not built here." if missing else ""
    told = f"No verdict yet. Accuracy is measured for {sum('accuracy' in own for own in naming)} of "
    told += f"{sum(map(bool, naming))} classifiers"
    if not lows:
        return f"{told}; whether they look at the object is not.{rest}"
    ahead = sum(low > 0 for low in lows)
    return (
        f"{told}; of the {len(lows)} with object boxes, {ahead} put more evidence on the object "
        f"than a centred blob would (whole 95 % interval above 0).{rest}"
    )


def _all_pages(studies: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """Every page that any study has, once, in the order of the stems."""
    titles = {page["stem"]: page["title"] for study in studies for page in study["pages"]}
    return [{"stem": stem, "title": titles[stem]} for stem in sorted(titles)]
