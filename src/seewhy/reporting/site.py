"""reports/index.html: which models can be trusted, over the pages and figures that exist."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Required, TypedDict

from seewhy import artifacts
from seewhy.errors import SeewhyError
from seewhy.reporting.excerpts import finding, has_cards, shown, thumbs
from seewhy.reporting.render import document


class StudySummary(TypedDict, total=False):
    """What the index is told of a study; the rest it reads from the study's folder."""

    name: Required[str]
    about: str  # one line: model and data
    pages: list[tuple[str, str]]  # (stem, title) of all its pages, also of those not yet run


Measure = dict[str, Any]  # a figure of a study: title, page, and what `_estimate` returns
STRIP = 150  # units across
FORMS: dict[str, Callable[[float], str]] = {
    "%": lambda x: f"{100 * x:.1f}",
    "×": lambda x: f"{x:.2f}",
    "+": lambda x: f"{x:+.2f}".replace("-", "\u2212"),
}
# title, metrics file, key, format, scale (its ends give way when a study goes beyond), reference, page
MEASURES = (
    ("Accuracy", "model", "accuracy", "%", (0.0, 1.0), None, "01_model"),
    ("Evidence on the object, 1 = chance", "grad_cam", "lift", "×", (0.0, 2.0), "centre_lift", "02_grad_cam"),
    ("The same, less that of a centred blob", "grad_cam", "lift_over_centre", "+", (-1.0, 1.0), 0.0, "02_grad_cam"),
)


def write(root: Path, studies: Sequence[StudySummary]) -> Path:
    """Write <root>/reports/index.html over the pages and metrics that exist; its path."""
    folder = root / "reports"
    told = [_study(folder / study["name"], study) for study in studies]
    figures = _measures(folder, studies)
    for study, measures in zip(told, figures, strict=True):
        study["measures"] = measures
    html = document(
        "site.html.j2",
        js=False,
        title="Which models can be trusted?",
        studies=sorted(told, key=lambda study: not study["tried"]),  # stable: first what there is to see
        summary=_summary(folder, studies),
        measures=[title for title, *_ in MEASURES],
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


def _measures(folder: Path, studies: Sequence[StudySummary]) -> list[list[Measure]]:
    """For each study its figures in the order of `MEASURES`, each figure on one scale over all studies."""
    rows: list[list[Measure]] = [[] for _ in studies]
    for title, file, key, form, scale, reference, page in MEASURES:
        found = [_metrics(folder / study["name"], file, page) for study in studies]
        start = min([scale[0], *(float(metrics.get(f"{key}_low", scale[0])) for metrics in found)])
        end = max([scale[1], *(float(metrics.get(f"{key}_high", scale[1])) for metrics in found)])
        for row, metrics in zip(rows, found, strict=True):
            against = metrics.get(reference) if isinstance(reference, str) else reference
            measured = _estimate(metrics, key, form, (start, end), against) if key in metrics else _absent(metrics)
            row.append({"title": title, "page": page, **measured})
    return rows


def _absent(metrics: Mapping[str, Any]) -> Measure:
    """No figure: because the page was not run here, or because it had too little to measure (it says why)."""
    return {"value": "not measured" if metrics else "not run", "interval": "", "n": "", "strip": None}


def _estimate(
    metrics: Mapping[str, Any], key: str, form: str, scale: tuple[float, float], reference: float | None
) -> Measure:
    """The text and the places on the strip of an estimate with its interval."""
    value = float(metrics[key])
    low, high = (float(metrics.get(f"{key}_{side}", value)) for side in ("low", "high"))
    count = metrics.get(f"{key}_n", metrics.get("n"))
    places = {"low": low, "high": high, "value": value} | ({} if reference is None else {"reference": reference})
    write = FORMS[form]
    return {
        "value": write(value) + (" %" if form == "%" else "×" if form == "×" else ""),
        "interval": f"{write(low)} to {write(high)}",
        "n": "" if count is None else f"{count:,}",
        "strip": {name: round(STRIP * (x - scale[0]) / (scale[1] - scale[0]), 2) for name, x in places.items()},
    }


def _metrics(folder: Path, name: str, page: str) -> dict[str, Any]:
    """The metrics file of a study whose page is here, else empty: figures kept in git may be those of another run."""
    path = folder / "metrics" / f"{name}.json"
    if not path.is_file() or not (folder / f"{page}.html").is_file():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise SeewhyError(f"{path} is no JSON mapping: {error}") from None


def _summary(folder: Path, studies: Sequence[StudySummary]) -> str:
    """The honest answer so far, in two or three sentences."""
    models = [_metrics(folder / study["name"], "model", "01_model") for study in studies]
    maps = [_metrics(folder / study["name"], "grad_cam", "02_grad_cam") for study in studies]
    lows = [float(metrics["lift_over_centre_low"]) for metrics in maps if "lift_over_centre_low" in metrics]
    built = sum(map(bool, models))
    rest = f" {len(models) - built} of {len(models)} studies are not built here." if built < len(models) else ""
    measured = f"No verdict yet. Accuracy is measured for {sum('accuracy' in one for one in models)} of {built} models"
    if not lows:
        return f"{measured}; whether they look at the object is not.{rest}"
    ahead = sum(low > 0 for low in lows)
    return (
        f"{measured}; of the {len(lows)} with object boxes, {ahead} put more evidence on the object "
        f"than a centred blob would (whole 95 % interval above 0).{rest}"
    )


def _all_pages(studies: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """Every page that any study has, once, in the order of the stems."""
    titles = {page["stem"]: page["title"] for study in studies for page in study["pages"]}
    return [{"stem": stem, "title": titles[stem]} for stem in sorted(titles)]
