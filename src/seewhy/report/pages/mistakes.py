"""A study's mistakes together, as notebook 06 shows them. What is measured is in `measure.families`."""

from dataclasses import dataclass

from matplotlib.figure import Figure

from seewhy.measure.families import mistakes, neighbours
from seewhy.measure.families.neighbours import Neighbours
from seewhy.measure.family import Result, tidy_table
from seewhy.metrics.neighbours import kinds
from seewhy.report import figures
from seewhy.report.pages import views
from seewhy.report.plots.sheet import shown
from seewhy.stats import Estimate
from seewhy.study import Study

TITLES = dict(
    zip(mistakes.CASES[:3], ("when right", "when wrong, for its answer", "when wrong, for the true class"), strict=True)
)


def on_object(study: Study) -> dict[str, Estimate]:
    """Mean share of the Grad-CAM evidence on the object: of right images, of wrong ones for their answer, and of these
    for their true class."""
    found = mistakes.case_means(tidy_table(mistakes.share_rows(study)), "mistake_object_share", study.base.seed)
    return {title: found[case] for case, title in TITLES.items()}


def same_answer(study: Study) -> Estimate:
    """See `mistakes.same_class_difference`."""
    return mistakes.same_class_difference(tidy_table(mistakes.share_rows(study)))


@dataclass(frozen=True)
class Nearest(Neighbours):
    """`Neighbours`, with why there are none as a sentence, and figures as flat keys."""

    @property
    def refused(self) -> str:
        """Why there are none."""
        return f"Not run: {self.reason}." if self.reason else ""

    def metrics(self) -> dict[str, float]:
        """Shares and what chance would give; none where nothing can be told."""
        found = neighbours.neighbour_figures(Result(*neighbours.neighbour_rows(self)), 0)
        shares = {key: one for key, one in found.items() if isinstance(one, Estimate)}
        return views.flat(shares) | {key: one for key, one in found.items() if not isinstance(one, Estimate)}


def nearest(study: Study, count: int) -> Nearest:
    """The `count` right images nearest to each mistake by the pooled features of the study's layer."""
    return Nearest(**vars(neighbours.find_neighbours(study, count)))


def beside(study: Study, found: Nearest, most: int) -> tuple[Figure, str]:
    """The `most` surest mistakes, each beside its nearest right images; and the figure's alt text."""
    head, index = found.wrong.head(most), found.index[:most]
    near = found.right.iloc[index.ravel()]
    classes = near["label"].to_numpy().reshape(index.shape)
    sides = kinds(classes, head["predicted"], head["label"])
    names = [
        [f"{shown(name)}\n{kind}\n{alike:.3f}" for name, kind, alike in zip(*some, strict=True)]
        for some in zip(classes, sides, found.alike, strict=False)
    ]
    photos = study.photos(near)
    rows = [list(photos[start : start + index.shape[1]]) for start in range(0, len(photos), index.shape[1])]
    titles = views.titles(head)
    told = "; ".join(
        f"{title} beside {', '.join(some)}".replace("\n", ", ") for title, some in zip(titles, names, strict=True)
    )
    return figures.neighbours(list(study.photos(head)), titles, rows, names), f"Nearest right images: {told}"
