"""Page 02 of a classification: do the maps lie on the objects, and what do they look like?"""

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from seewhy import samples
from seewhy.maps.attributions import Attributions, attribute_rows
from seewhy.measure.measurement import Measurement
from seewhy.methods.cam import TITLES
from seewhy.metrics.diagnosis import WORDS
from seewhy.report import figures
from seewhy.report.pages import views
from seewhy.report.pages.estimates import method_title, read_estimate
from seewhy.report.plots.gallery import Card
from seewhy.stats import FEWEST, Estimate
from seewhy.study import Study

SHAPES = dict(zip(WORDS, WORDS, strict=True)) | {
    "focused": "medium",
    "diffuse": "wide",
    "too narrow": "small",
    "no evidence": "empty",
}  # the word of the rule -> the neutral one that pages show
MOST = 4  # predicted classes with a column of their own
SHOWN = ("gradcam", "hirescam", "activation")
ALIKE = 0.9  # mean rank correlation of Grad-CAM and HiResCAM below which places are read off HiResCAM


def judge_object(lift: Estimate, over_centre: Estimate) -> str:
    """Does the map lie on the object? `Yes` where its lift is clearly above chance and above the centre baseline's.

    lift: 1 is chance. over_centre: paired difference from the centre baseline.

    >>> judge_object(Estimate(1.7, 1.4, 2.2, 7), Estimate(0.3, 0.1, 0.5, 7))
    'Yes'
    """
    if not lift.measured:
        return "Not tested"
    if lift.high < 1:
        return "No"
    if lift.low <= 1:
        return "Undecided"
    return "Yes" if over_centre.low > 0 else "Partly"


def map_shapes(study: Study) -> pd.DataFrame:
    """The predictions with the shape of each Grad-CAM map in the column `word`; see `SHAPES`."""
    table = study.measure("diagnosis").table
    own = table[(table["metric"] == "diagnosis") & (table["method"] == "gradcam")]
    known = own.set_index(["image", "target"])["word"].map(SHAPES)
    rows = study.predictions
    pairs = pd.MultiIndex.from_frame(rows[["image", "target"]])
    return rows.assign(word=known.reindex(pairs).to_numpy(object))


def shape_table(study: Study, shapes: Measurement) -> pd.DataFrame:
    """How many maps have each shape: of all predictions, of the most frequent predicted classes, of other maps.

    shapes: the study's measurement of `diagnosis`.
    """
    table = shapes.table[shapes.table["metric"] == "diagnosis"]
    words = {name: some["word"].map(SHAPES) for name, some in table.groupby("method", sort=False)}
    predicted = study.predictions["predicted"].to_numpy()
    common = study.predictions["predicted"].value_counts()
    classes = list(common[common >= FEWEST].index[:MOST])
    columns = {"Grad-CAM, all": words["gradcam"]}
    columns |= {f"predicted {name}": words["gradcam"][predicted == name] for name in classes if len(common) > 1}
    columns |= {method_title(name): words[name] for name in ("activation", "centre", "random") if name in words}
    there = [word for word in SHAPES.values() if any((one == word).any() for one in columns.values())]
    counts = {f"{name} (n = {len(one)})": [int((one == word).sum()) for word in there] for name, one in columns.items()}
    return pd.DataFrame({"the map is": there, **counts})


def one_each(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One random row of each shape that occurs (see `map_shapes`), in the order of the shapes."""
    picked = samples.stratified_sample(rows, rows["word"].nunique(), seed, by="word")
    order = list(SHAPES.values())
    return picked.sort_values("word", key=lambda words: words.map(order.index)).reset_index(drop=True)


def shown_methods(maps: Attributions) -> list[str]:
    """The titles of maps that a gallery switches between, HiResCAM only where it is another map than Grad-CAM."""
    first, other = maps.maps["gradcam"], maps.maps["hirescam"]
    same = np.allclose(first, other, atol=1e-4 * float(np.abs(first).max(initial=0)))
    return [TITLES[name] for name in SHOWN if name != "hirescam" or not same]


def gallery_cards(study: Study, rows: pd.DataFrame) -> tuple[list[Card], list[str]]:
    """Cards of those rows (see `map_shapes`) with maps of the predicted class, and the methods to switch between."""
    maps = attribute_rows(study, rows, SHOWN)
    return views.map_cards(study, replace(maps, rows=rows), range(len(rows))), shown_methods(maps)


def row_shares(study: Study, rows: pd.DataFrame) -> np.ndarray:
    """Grad-CAM (n, h, w) of each row's own target, as shares of its maximum; of several labels a map for each."""
    return attribute_rows(study, rows, ["gradcam"]).shares("gradcam")


def place_correlation(study: Study) -> Estimate:
    """Mean rank correlation of the Grad-CAM and the HiResCAM map of an image."""
    return read_estimate(study.measure("rank_correlation").summary(), method="gradcam", other="hirescam")


def class_grid(study: Study, rows: pd.DataFrame, columns: dict[str, tuple[str, str]]) -> tuple[Figure, str]:
    """Images down, maps across with the object outlined; and the alternative text.

    columns: title -> method, and the column of the rows that names the class of its maps ("predicted", "label").
    """
    maps = {
        title: attribute_rows(study, rows, [method], rows[of].tolist()).shares(method)
        for title, (method, of) in columns.items()
    }
    return views.map_figure(study, rows, maps), views.describe_images(rows, maps)


def region_chart(summary: pd.DataFrame) -> tuple[Figure, pd.DataFrame, str]:
    """Lift of Grad-CAM or HiResCAM in each named region beside the centre baseline: chart, table, alternative text.

    summary: of the metric `region_lift`, of the method that is shown and the baselines.
    """
    rows = summary[(summary["versus"] == "") & summary["method"].isin([*TITLES, "centre"])]
    names = [f"{row.region}, {method_title(row.method)}" for row in rows.itertuples()]
    values = [Estimate(row.estimate, row.low, row.high, int(row.n)) for row in rows.itertuples()]
    named = dict(zip(names, values, strict=True))
    chart = figures.interval_chart(*views.interval_bars(named), reference=1.0, xlabel="lift (1 = chance)")
    return chart, views.estimate_table(named), views.estimates_text(named, "×")
