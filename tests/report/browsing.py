"""Pages for the browser: one with everything in it, and how it is opened."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from seewhy.report import figures
from seewhy.report import show as report
from seewhy.report.html.render import page_html
from seewhy.report.plots.gallery import Card, gallery_html
from seewhy.report.plots.word_strip import Strip, Word, strips_html
from tests.report.samples import HOSTILE, SITE, blob, card, executed, photo

PHONE = {"width": 390, "height": 844}
FACTS = [("a", "cat", "cat", 0.5), ("b", "cat", "dog", 0.9), ("c", "cat", "cat", 0.7), ("d", "dog", None, 0.6)]


def opened(browser: Any, path: Path, **context: Any) -> Any:
    """The page in a context of its own; what it logs and what it asks for from elsewhere gather in `troubles`."""
    page = browser.new_context(**context).new_page()
    page.troubles = []
    page.on("console", lambda message: page.troubles.append(message.text))
    page.on("pageerror", lambda error: page.troubles.append(str(error)))
    page.on(
        "request",
        lambda asked: page.troubles.append(asked.url) if not asked.url.startswith(("file:", "data:")) else None,
    )
    page.goto(path.as_uri())
    return page


def written(path: Path, *outputs: dict[str, Any]) -> Path:
    """A page with these outputs."""
    path.write_text(page_html(executed(*outputs), "02_grad_cam", SITE), encoding="utf-8")
    return path


def cards() -> list[Card]:
    """Two cats named right, a dog taken for a cat, one without a label; two methods, two controls."""
    maps, controls = {"Grad-CAM": blob(), "LayerCAM": blob(0.0, 0.0)}, {"centre": blob(), "edges": blob(1.0, 1.0)}
    boxes = [(0.2, 0.3, 0.8, 0.9)]
    return [
        card(name, said, true, sure, maps=maps, controls=controls, boxes=boxes, photo=photo(k))
        for k, (name, said, true, sure) in enumerate(FACTS)
    ]


def pictures() -> str:
    """The gallery of `cards`."""
    return gallery_html(cards(), ["Grad-CAM", "LayerCAM"], "four samples")


def segments() -> str:
    """A gallery of two photos, each with two classes and the rim of each."""
    y, x = np.mgrid[:64, :64]
    inks = {"crown": ("#e69f00", (x - 20) ** 2 + (y - 20) ** 2 < 200), "shadow": ("#56b4e9", x > 40)}
    made = [
        card(f"{name} {kind}", kind, kind, 0.8, photo=photo(k), region=region, ink=ink)
        for k, name in enumerate("ab")
        for kind, (ink, region) in inks.items()
    ]
    return gallery_html(made, ["Grad-CAM"], "four classes of two images")


def captions() -> str:
    """Two captions; the second has a word that the reference has not, and one without evidence."""
    flat = np.full((7, 7), np.nan)
    first = [Word(text, blob(k / 2), 0.9, "noun", True) for k, text in enumerate(["a", "tree", "left"])]
    second = [Word("two", flat, 0.4, "number", False), Word("trees", blob(1.0, 0.0), 0.8, "noun", True)]
    shown = [Strip("a.png", photo(), first, "a tree left"), Strip("b.png", photo(1)[:40], second, "trees")]
    return strips_html(shown, "two captions")


@contextmanager
def recorded() -> Iterator[list[dict[str, Any]]]:
    """What `page` shows meanwhile, as a notebook stores it."""
    shown: list[dict[str, Any]] = []

    def keep(data: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
        coded = {kind: base64.b64encode(value).decode() for kind, value in data.items() if isinstance(value, bytes)}
        shown.append(data | coded | {"metadata": metadata or {}})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "_display_output", keep)
        yield shown


def everything() -> list[dict[str, Any]]:
    """Outputs of every kind, some with hostile names."""
    with recorded() as shown:
        report.finding(
            "Partly", "It **does**, in 3 of 4 images (`lift`).", "look at [page 04](04_shap.html).", "n = 4", "unstable"
        )
        report.note("Few images: the *lift* may be chance.")
        report.not_run("LIME", "*two* classes")
        report.text(HOSTILE)
        report.figure(figures.interval_chart(["a", "b"], [1.0, 2.0], [0.5, 1.5], [1.5, 2.5], [9, 9]), "two dots")
        report.figure(figures.map_grid([photo()], {name: [blob()] for name in ("a", "b")}, ["one"]), "a grid")
        report.table(pd.DataFrame({"a": [HOSTILE, "b"], "n": [1, 2]}, index=["one", "two"]), "a table")
        report.table(pd.DataFrame({"a": [-1.5]}), "a folded table", folded=True)
        report.provenance({"model": "a" * 64, "seed": 0})
    hostile = gallery_html([card(HOSTILE, HOSTILE, "cat"), card("b", word="diffuse")], ["Grad-CAM"], HOSTILE)
    return [*shown, *({"text/html": html} for html in (pictures(), segments(), captions(), hostile))]
