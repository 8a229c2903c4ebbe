"""What a check is about, by fields: a metric, of which maps, compared with what, in which images."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BASELINES = ("random", "centre", "edges")  # those of `seewhy.metrics.baselines`, which takes longer to import
BASELINE = "best_baseline"  # as `versus`: the baseline with the best mean in the same images
REST = "rest"  # as `versus`: all images that are not of the class or slice
CONTROL = "control"  # as `versus`: the same intervention elsewhere, or with another image


@dataclass(frozen=True)
class Figure:
    """One figure of a study, as it stands in its measurement tables.

    Args:
        metric: the metric's name, as `lift`.
        method: whose maps, as `gradcam`; empty for a metric of the model.
        versus: a baseline (`random`, `centre`, `edges`, or `best_baseline`), `control`, or another
            method: the figure is then the mean difference in the same images. `rest`: the difference from all images
            that are not of the class or slice. Empty: the figure itself.
        facets: what else tells rows of the table apart, as `{"region": "shadow", "kind": "paste"}`.
        label: only images of this true class; empty for all.
        images: only images with these values in columns of the manifest, as `{"site": "north"}`.

    >>> str(Figure("lift", method="gradcam", versus="centre", label="jay"))
    'lift, gradcam, versus centre, class jay'
    """

    metric: str
    method: str = ""
    versus: str = ""
    facets: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""
    images: Mapping[str, str] = field(default_factory=dict)

    @property
    def reference_names(self) -> tuple[str, ...]:
        """What any figure may be compared with, beside other methods."""
        return (*BASELINES, BASELINE, CONTROL, REST)

    def given_fields(self) -> dict[str, Any]:
        """The fields that are set, as params.yaml and the files of a report spell them."""
        own = {"metric": self.metric, "method": self.method, **self.facets, "versus": self.versus}
        own |= {"class": self.label, "slice": dict(self.images)}
        return {key: value for key, value in own.items() if value not in ("", {})}

    def __str__(self) -> str:
        """The fields in a line."""
        plain = {"metric": "", "method": "", "region": "", "kind": ""}
        told = self.given_fields()
        slices = [f"{column} {value}" for column, value in told.pop("slice", {}).items()]
        return ", ".join([*(f"{plain.get(key, f'{key} ')}{value}" for key, value in told.items()), *slices])


def baseline_title(name: str) -> str:
    """What pages call a baseline: 'centre baseline'.

    >>> baseline_title("edges")
    'edge baseline'
    """
    titles = {name: f"{name.removesuffix('s')} baseline" for name in BASELINES}
    return titles.get(name, "best baseline" if name == BASELINE else name)
