"""From captioning studies and their maps to what pages show: captions, word strips, maps of a word among others."""

from pathlib import Path

import pandas as pd

from seewhy.config import artifacts
from seewhy.maps.attributions import Attributions, attribute_rows
from seewhy.report import figures
from seewhy.report.pages.views import correct_marks
from seewhy.report.plots.sheet import house_style
from seewhy.report.plots.word_strip import Strip, Word
from seewhy.samples import stratified_sample
from seewhy.study import Study

DPI = 130


def balanced_images(rows: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    """All rows of at most `most` random images, balanced over captions, image after image."""
    one = rows.drop_duplicates("image")
    names = stratified_sample(one, most, seed, by="written")["image"]
    return pd.concat([rows[rows["image"] == name] for name in names]) if len(names) else rows


def caption_strips(study: Study, found: Attributions, method: str) -> list[Strip]:
    """The words of each image in `found` with their maps, images and words in the order of its rows."""
    rows = found.rows.reset_index(drop=True)
    cams, right = found.shares(method), correct_marks(rows)
    made = []
    for image, part in rows.groupby("image", sort=False):
        words = [
            Word(row.predicted, cams[row.Index], float(row.confidence), row.kind, right[row.Index])
            for row in part.itertuples()
        ]
        photo = study.photos(part.head(1))[0]
        made.append(Strip(_file_name(image), photo, words, _reference_text(part["caption"].iloc[0])))
    return made


def save_strips(study: Study, rows: pd.DataFrame, folder: Path, method: str = "gradcam") -> list[Path]:
    """Writes the strip of every image in `rows` (words to explain) as `folder`/<image's stem>.png; their paths.

    Images of the same name in different folders get a number: 0001.png, 0001-2.png.
    """
    used: dict[str, int] = {}
    paths = []
    for shown in caption_strips(study, attribute_rows(study, rows, [method]), method):
        stem = Path(shown.id).stem
        used[stem] = used.get(stem, 0) + 1
        path = folder / f"{stem if used[stem] == 1 else f'{stem}-{used[stem]}'}.png"
        with house_style(), artifacts.atomic_file(path) as scratch:
            figures.word_strip(shown, **study.map_colours).savefig(
                scratch, format="png", dpi=DPI, metadata={"Software": None}
            )
        paths.append(path)
    return paths


def _reference_text(reference: str | None) -> str | None:
    """The captions of a reference, side by side."""
    return None if reference is None or pd.isna(reference) else " / ".join(reference.split("\n"))


def _file_name(image: str) -> str:
    return image.rpartition("/")[2]
