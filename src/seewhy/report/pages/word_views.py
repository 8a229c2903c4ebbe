"""Page 02 of a captioning: maps of words, from the family `words`."""

from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from seewhy.maps.attributions import attribute_rows
from seewhy.measure.families.tables import select_rows
from seewhy.measure.families.word_maps import frequent_words
from seewhy.measure.families.words import (
    METHODS,
    NOT_SAID,
    OPPOSITE,
    OTHERS,
    WRITTEN,
    side_differences,
    side_shares,
    word_spreads,
)
from seewhy.measure.measurement import Measurement
from seewhy.metrics.words import CHANCE, over_images
from seewhy.report.pages import views
from seewhy.report.pages.caption_views import balanced_images, caption_strips
from seewhy.report.pages.estimates import method_title
from seewhy.report.plots.word_strip import Strip
from seewhy.stats import NOTHING, Estimate
from seewhy.study import Study

Estimates = dict[str, Estimate]
MARGIN = 0.1  # of the attribution: a word that differs by less from its opposite hardly differs


@dataclass(frozen=True)
class WordMaps:
    """What the family `words` holds, as page 02 shows it.

    Args:
        study, measured: whose, and `study.measure("words")`.
    """

    study: Study
    measured: Measurement

    @property
    def table(self) -> pd.DataFrame:
        """The tidy table of the family."""
        return self.measured.table

    @property
    def captions_with_side(self) -> int:
        """How many captions have a word for a side."""
        return int(select_rows(self.table, "side_share", asked=WRITTEN)["image"].nunique())

    def named_side_shares(self) -> Estimates:
        """Share of the map on the side that a word names, by method and baseline; of Grad-CAM and HiResCAM also that of
        the unwritten opposite on its own side."""
        named, opposite = (side_shares(self.table, asked, self.study.base.seed) for asked in (WRITTEN, OPPOSITE))
        own = {method_title(name): one for name, one in named.items()}
        return own | {f"{method_title(name)}, opposite": one for name, one in opposite.items()}

    def side_gains(self) -> Estimates:
        """By how much more of a map is on its side than of the opposite's on its own, and than of other words' maps."""
        told = {OPPOSITE: "opposite", OTHERS: "other words"}
        return {
            f"{method_title(name)} minus {word}": side_differences(self.table, name, versus, self.study.base.seed)
            for versus, word in told.items()
            for name in METHODS
        }

    def by_kind(self, metric: str, asked: str = WRITTEN) -> Estimates:
        """Mean over images of a metric, for each kind of word; of the method of the settings."""
        rows = select_rows(self.table, metric, asked=asked)
        own = rows[~rows["is_baseline"].astype(bool)]
        return {str(kind): self.mean_over_images(some) for kind, some in own.groupby("word_kind", sort=True)}

    def mean_over_images(self, rows: pd.DataFrame) -> Estimate:
        """Mean over images of the values of words."""
        return over_images(rows["value"].to_numpy(float), rows["image"], self.study.base.seed)

    def kind_spreads(self) -> Estimates:
        """Share of the picture with half of the map, by kind, each followed by that of words that were not said."""
        said, other = self.by_kind("word_spread"), self.by_kind("word_spread", NOT_SAID)
        pairs = ((kind, {kind: said[kind], f"{kind}, not said": other.get(kind, NOTHING)}) for kind in said)
        return {name: one for _, pair in pairs for name, one in pair.items()}

    def kind_lifts(self) -> Estimates:
        """Lift of the maps on the objects, by kind of word, and of the baselines; empty where no object is known."""
        rows = select_rows(self.table, "word_lift")
        known = rows[rows["is_baseline"].astype(bool)]
        baselines = {
            method_title(str(name)): self.mean_over_images(some) for name, some in known.groupby("method", sort=True)
        }
        found = self.by_kind("word_lift") | baselines
        return found if any(one.measured for one in found.values()) else {}

    def word_table(self) -> pd.DataFrame:
        """One row a word: how often it is said, its spread, and whether it is localised."""
        return word_spreads(self.table, self.study.base.seed)

    def sample_strips(self, most: int, method: str) -> tuple[list[Strip], int, int]:
        """Captions to step through, of at most `most` images; how many these are, and of how many."""
        rows = self.study.predictions
        shown = balanced_images(rows, most, self.study.base.seed)
        made = caption_strips(self.study, attribute_rows(self.study, shown, [method]), method)
        return made, shown["image"].nunique(), rows["image"].nunique()

    def word_grid(self, keywords: list[str], most: int) -> tuple[Figure, str] | None:
        """Maps of single words by three methods, and the alternative text; None where no caption has one."""
        rows = frequent_words(self.study.predictions, keywords, most)
        if rows.empty:
            return None
        maps = attribute_rows(self.study, rows, [*METHODS, "activation"]).titled_shares()
        return views.map_figure(self.study, rows, maps), views.describe_images(rows, maps)


def word_maps(study: Study) -> WordMaps:
    """The family `words` of a study, as its page shows it."""
    return WordMaps(study, study.measure("words"))


def judge_words(side: Estimate, over_opposite: Estimate, lift: Estimate) -> str:
    """Does each word look at what it names? `No` where its map is no more on its side than the unwritten opposite's.

    side: share on the named side. over_opposite: paired difference. lift: of words of place on the objects.

    >>> judge_words(Estimate(0.7, 0.6, 0.8, 9), Estimate(0.0, -0.1, 0.05, 9), NOTHING)
    'No'
    """
    if not over_opposite.measured:
        return "Not tested"
    if over_opposite.high < MARGIN and side.low > CHANCE:
        return "No"
    if over_opposite.low > 0 and not (lift.measured and lift.high < 1):
        return "Yes"
    return "No" if over_opposite.high < 0 else "Undecided" if over_opposite.low <= 0 else "Partly"
