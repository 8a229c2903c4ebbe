"""Page 05: channels and layers, from their measurements to what is drawn and told."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from seewhy.measure.families.layers import leading_layer, place_losses
from seewhy.measure.families.tables import refusal_reason
from seewhy.measure.measurement import Measurement
from seewhy.report import figures
from seewhy.report.pages.estimates import facet_estimates, read_estimate
from seewhy.report.pages.views import values_text
from seewhy.stats import Estimate
from seewhy.study import Study
from seewhy.tasks import captioning, segmentation

FEW = 0.1  # of a layer's channels: half of the prediction in fewer of them rests on few
BARELY = 0.005  # of a score: what is less reads 0.00, and is rounding where a layer is pooled right away


@dataclass(frozen=True)
class PlaceLoss:
    """Where in the network it matters where things are: `lost` of `tested` layers clearly lose score without place,
    `most` the most of them (empty: none does), not clearly more than `tied` (empty: clearly)."""

    most: str
    tied: str
    lost: int
    tested: int
    gained: list[str]


def rests_on_few(needed: Estimate, channels: int) -> str:
    """The answer to the page's question: whether half of the prediction rests on fewer channels than `FEW` of them.

    >>> rests_on_few(Estimate(30, 28, 33, 20), 1280), rests_on_few(Estimate(9, 8, 10, 75), 96)
    ('Yes', 'Undecided')
    """
    if not needed.measured:
        return "Not tested"
    if needed.high < FEW * channels:
        return "Yes"
    return "No" if needed.low > FEW * channels else "Undecided"


def place_loss(layers: Measurement) -> PlaceLoss:
    """`PlaceLoss` of the measured layers."""
    losses = layer_estimates(layers, "place_loss")
    seen = {name: one for name, one in losses.items() if one.measured and abs(one.value) >= BARELY}
    lost = [name for name, one in seen.items() if one.low > 0]
    gained = [name for name, one in seen.items() if one.high < 0]
    order = sorted(seen, key=lambda name: -seen[name].value)
    most = next((name for name in order if name in lost), "")
    ahead = most and most == order[0] and leading_layer(place_losses(layers.table), layers.study.base.seed).low > 0
    tied = "" if ahead or not most else next((name for name in order[:2] if name != most), "")
    return PlaceLoss(most, tied, len(lost), len(losses), gained)


def channel_values(channels: Measurement, layers: Measurement) -> dict[str, Any]:
    """What the sentences of the page are filled with."""
    summary = channels.summary()
    gradient = channels.arrays.get("coincide")
    return {
        "needed": read_estimate(summary, metric="channels_for_half"),
        "agreement": read_estimate(summary, metric="gradient_agreement"),
        "channels": channels.arrays["ablation"].shape[1] if "ablation" in channels.arrays else 0,
        "coincide": gradient is not None and bool(gradient),
        "layer": channels.study.layer,
        "place": place_loss(layers),
        "place_at_layer": layer_estimates(layers, "place_loss").get(channels.study.layer),
        "images": len(channels.arrays.get("images", [])),
        "total": int(channels.study.predictions["image"].nunique()),
        "seed": channels.study.base.seed,
        "barely": BARELY,
        "few": FEW,
    }


def channel_losses(channels: Measurement, count: int) -> dict[str, Estimate]:
    """What the score loses without each of the top channels, the most important first; empty where none is measured."""
    found = facet_estimates(channels.summary(), "channel_loss", "channel") if "channel" in channels.table else {}
    return {f"channel {name}": one for name, one in list(found.items())[:count] if one.measured}


def layer_estimates(layers: Measurement, metric: str) -> dict[str, Estimate]:
    """`place_loss` or `layer_width` of each layer, shallow to deep; empty where none was measured."""
    return {} if refusal_reason(layers.table, "place_loss") else facet_estimates(layers.summary(), metric, "layer")


def place_chart(losses: dict[str, Estimate]) -> Figure:
    """Loss of score without place over the layers."""
    lines = tuple([getattr(one, key) for one in losses.values()] for key in ("value", "low", "high"))
    return figures.curve_chart(list(losses), {"loss without place": lines}, ylabel="loss of score", reference=0.0)  # type: ignore[dict-item]


def patch_figure(channels: Measurement, count: int, patches: int) -> tuple[Figure, str]:
    """The patches that excite each of the top channels most, with the class of the image, and the alternative text."""
    study, arrays = channels.study, channels.arrays
    pictures = [list(some[:patches]) for some in arrays["patches"][:count]]
    titles = [f"channel {number}" for number in arrays["channels"][:count]]
    names = [patch_names(study, images[:patches]) for images in arrays["patch_images"][:count]]
    told = "; ".join(f"{title}: {', '.join(some)}" for title, some in zip(titles, names, strict=True))
    return figures.patch_rows(pictures, titles, names), f"Patches that excite the top channels: {told}"


def patch_names(study: Study, images: np.ndarray) -> list[str]:
    """The true class of each image, or the predicted one; where a class is of a region or a word, the file."""
    if study.task in (segmentation, captioning):
        return [str(image).rpartition("/")[2] for image in images]
    rows = study.predictions.drop_duplicates("image").set_index("image")
    said = rows["label"].fillna(rows["predicted"])
    return [str(said[image]) for image in images]


def patch_table(channels: Measurement, count: int) -> pd.DataFrame:
    """The files that the patches are cut from, the strongest first."""
    images = channels.arrays["patch_images"][:count]
    files = [", ".join(str(image).rpartition("/")[2] for image in some) for some in images]
    return pd.DataFrame({"channel": [str(k) for k in channels.arrays["channels"][:count]], "strongest first": files})


def describe_losses(estimates: dict[str, Estimate]) -> str:
    """Named figures for alternative text."""
    return values_text({name: one.value for name, one in estimates.items() if one.measured})
