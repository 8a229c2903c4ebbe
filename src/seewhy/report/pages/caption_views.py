"""From captioning studies and their maps to what pages show: captions, word strips, maps of a word among others."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from matplotlib.figure import Figure

from seewhy.config import artifacts
from seewhy.engine.reading import upsample
from seewhy.maps.attributions import Attributions, attribute
from seewhy.measure.families.caption_errors import swapped_words as swapped
from seewhy.measure.families.captions import written_captions as written
from seewhy.measure.families.word_maps import frequent_words as focus
from seewhy.measure.families.word_maps import lime_maps as by_trial
from seewhy.measure.families.word_maps import other_word_maps as instead
from seewhy.measure.families.word_maps import vocabulary_words
from seewhy.methods.cam import TITLES
from seewhy.metrics import localisation
from seewhy.metrics.diagnosis import spread
from seewhy.metrics.words import SIDES, over_images
from seewhy.metrics.words import by_kind as by_kind_of
from seewhy.metrics.words import opposites as opposites_of
from seewhy.report import figures
from seewhy.report.pages.views import correct, some
from seewhy.report.plots.sheet import look
from seewhy.report.plots.word_strip import Strip, Word, described
from seewhy.samples import stratified
from seewhy.stats import Estimate
from seewhy.study import Study
from seewhy.tasks.captioning import beams

__all__ = ["by_trial", "focus", "instead", "swapped", "written"]
DPI = 130


def images(rows: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    """All rows of at most `most` random images, balanced over captions, image after image."""
    one = rows.drop_duplicates("image")
    names = stratified(one, most, seed, by="written")["image"]
    return pd.concat([rows[rows["image"] == name] for name in names]) if len(names) else rows


def sampled(shown: pd.DataFrame, rows: pd.DataFrame, seed: int) -> str:
    """Which images a section shows, as a sentence."""
    chosen, total = shown["image"].nunique(), rows["image"].nunique()
    drawn = "" if chosen == total else f", drawn at random (seed {seed}), balanced over captions"
    return f"{some(chosen, total, 'image')}{drawn}."


def side_by_side(study: Study, shown: pd.DataFrame, width: int) -> pd.DataFrame:
    """Captions of some rows of `written`: greedy, by beam search of that width, reference."""
    searched = beams(study, shown, width)
    names = [_short(image) for image in shown["image"]]
    columns = {
        "image": names,
        "greedy": shown["written"],
        f"beam of {width}": searched,
        "reference": shown["caption"].map(_told),
    }
    return pd.DataFrame({name: list(values) for name, values in columns.items()})


def example(rows: pd.DataFrame) -> pd.DataFrame:
    """All words of one image: the one with the surest word for a side or, where no caption names one, for anything."""
    named = focus(rows, list(SIDES), 1)
    image = named if len(named) else rows.sort_values("confidence", ascending=False, kind="stable")
    return rows[rows["image"].isin(image["image"].head(1))]


def lifts(study: Study, rows: pd.DataFrame, method: str) -> dict[str, Estimate]:
    """Lift on the objects of each kind's evidence, and of maps that know nothing, over images with known objects."""
    boxed = rows[rows["boxes"] != "[]"].reset_index(drop=True)
    found = attribute(study, boxed, [method])
    table = localisation.lifts(found.titled(), study.objects(boxed), found.grid, study.base.seed)
    own = by_kind_of(boxed, table[TITLES[method]].to_numpy(), study.base.seed)
    rest = {name: over_images(table[name].to_numpy(), boxed["image"], study.base.seed) for name in ("centre", "random")}
    return {**own, **rest}


def spreads(study: Study, rows: pd.DataFrame, method: str) -> dict[str, Estimate]:
    """Spread of the evidence for words that the reference has, and for those that it has not."""
    values, right = spread(attribute(study, rows, [method]).maps[method]), rows["correct"].to_numpy(bool)
    parts = {"words in the reference": right, "words not in it": ~right}
    return {name: over_images(values[part], rows["image"][part], study.base.seed) for name, part in parts.items()}


def figure(study: Study, found: Attributions, method: str) -> tuple[Figure, str]:
    """The strip of the first image in `found`, and its alternative text."""
    shown = strips(study, found, method)[0]
    return figures.strip(shown, **study.look), f"{TITLES[method]}, {described(shown)}"


def strips(study: Study, found: Attributions, method: str) -> list[Strip]:
    """The words of each image in `found` with their maps, images and words in the order of its rows."""
    rows = found.rows.reset_index(drop=True)
    cams, right = found.shares(method), correct(rows)
    made = []
    for image, part in rows.groupby("image", sort=False):
        words = [
            Word(row.predicted, cams[row.Index], float(row.confidence), row.kind, right[row.Index])
            for row in part.itertuples()
        ]
        photo = study.photos(part.head(1))[0]
        made.append(Strip(_short(image), photo, words, _told(part["caption"].iloc[0])))
    return made


def save_strips(study: Study, rows: pd.DataFrame, folder: Path, method: str = "gradcam") -> list[Path]:
    """Writes the strip of every image in `rows` (words to explain) as `folder`/<image's stem>.png; their paths.

    Images of the same name in different folders get a number: 0001.png, 0001-2.png.
    """
    used: dict[str, int] = {}
    paths = []
    for shown in strips(study, attribute(study, rows, [method]), method):
        stem = Path(shown.id).stem
        used[stem] = used.get(stem, 0) + 1
        path = folder / f"{stem if used[stem] == 1 else f'{stem}-{used[stem]}'}.png"
        with look(), artifacts.whole(path) as scratch:
            figures.strip(shown, **study.look).savefig(scratch, format="png", dpi=DPI, metadata={"Software": None})
        paths.append(path)
    return paths


def opposites(study: Study, rows: pd.DataFrame) -> pd.DataFrame:
    """`audit.words.opposites` with the study's vocabulary."""
    return opposites_of(rows, vocabulary_words(study))


def on_squares(raw: dict[str, np.ndarray], like: Float[np.ndarray, "n h w"]) -> dict[str, Float[np.ndarray, "n h w"]]:
    """Signed maps at the resolution of `like`, so that squares can be compared."""
    return {name: upsample(torch.from_numpy(maps), like.shape[1:]).numpy() for name, maps in raw.items()}  # type: ignore[arg-type]


def _told(reference: str | None) -> str | None:
    """The captions of a reference, side by side."""
    return None if reference is None or pd.isna(reference) else " / ".join(reference.split("\n"))


def _short(image: str) -> str:
    return image.rpartition("/")[2]
