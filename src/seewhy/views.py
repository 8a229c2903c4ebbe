"""From studies and their maps to what pages show: titles, cards, tables. Nothing here measures anything."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from seewhy import samples
from seewhy.attributions import Attributions
from seewhy.audit.statistics import Estimate, proportion
from seewhy.methods.cam import TITLES
from seewhy.methods.shapley import Shapley
from seewhy.reporting.gallery import Card
from seewhy.study import Study


def titles(rows: pd.DataFrame) -> list[str]:
    """'espresso 0.95', and what it really is where that differs."""
    return [
        f"{row.predicted} {row.confidence:.2f}"
        + ("" if pd.isna(row.label) or row.label == row.predicted else f"\ntrue: {row.label}")
        for row in rows.itertuples()
    ]


def correct(rows: pd.DataFrame) -> list[bool | None]:
    """Right, wrong, or None where there is no label."""
    return [None if pd.isna(value) else bool(value) for value in rows["correct"]]


def described(rows: pd.DataFrame) -> str:
    """The images of a figure for those who cannot see it."""
    words = {True: "right", False: "wrong", None: "unlabelled"}
    return "; ".join(
        f"{title.replace(chr(10), ', ')} ({words[right]})"
        for title, right in zip(titles(rows), correct(rows), strict=True)
    )


def cards(study: Study, found: Attributions, positions: Iterable[int]) -> list[Card]:
    """Gallery cards of the images at those positions of `found`, with every method's map."""
    chosen = list(positions)
    rows = found.rows.iloc[chosen]
    photos, boxes = study.photos(rows), study.boxes(rows)
    shares = {TITLES[method]: found.shares(method) for method in found.maps}
    peaks = {TITLES[method]: found.peaks(method) for method in found.maps}
    side = np.array([photos.shape[2], photos.shape[1]] * 2)
    return [
        Card(
            id=row.image.rpartition("/")[2],
            photo=photo,
            predicted=row.predicted,
            confidence=float(row.confidence),
            true=None if pd.isna(row.label) else row.label,
            maps={name: maps[position] for name, maps in shares.items()},
            boxes=[tuple(box) for box in (some / side).tolist()],
            peak={name: float(values[position]) for name, values in peaks.items()},
        )
        for position, row, photo, some in zip(chosen, rows.itertuples(), photos, boxes, strict=True)
    ]


def model_card(study: Study) -> pd.DataFrame:
    """What was loaded: one fact a row."""
    point, settings, seen = study.checkpoint, study.settings, study.preprocessing
    size = seen.size if isinstance(seen.size, int) else " x ".join(map(str, seen.size or ()))
    facts: Mapping[str, Any] = {
        "architecture": settings.architecture,
        "parameters": f"{sum(weight.numel() for weight in study.model.parameters()):,}",
        "checkpoint": f"{settings.checkpoint} (sha256 {point.sha256[:12]})",
        "trained for": "not stated" if point.epoch is None else f"{point.epoch} epochs",
        "claimed accuracy": "not stated" if point.claim is None else f"{point.claim:.1%} (validation)",
        "classes": f"{len(study.dataset.classes)}: {', '.join(study.dataset.classes[:4])}{' ...' if len(study.dataset.classes) > 4 else ''}",
        "images": f"{len(study.dataset.frame)} of dataset {study.dataset.name}, split {settings.split}",
        "input": f"{size} pixels, {seen.resize}{f' {seen.crop}' if seen.resize == 'crop' else ''}, {seen.interpolation}",
        "normalisation": f"(pixel / 255 x {seen.scale} - {_numbers(seen.mean)}) / {_numbers(seen.std)}",
        "layer of the maps": study.layer,
    }
    return pd.DataFrame({"fact": list(facts), "value": list(facts.values())})


def input_values(study: Study, rows: pd.DataFrame) -> pd.DataFrame:
    """What reaches the network, channel by channel: mean, standard deviation, smallest, largest."""
    values = study.inputs(rows).cpu().numpy()
    names = ["red", "green", "blue"] if values.shape[1] == 3 else [f"channel {k}" for k in range(values.shape[1])]
    flat = values.transpose(1, 0, 2, 3).reshape(values.shape[1], -1)
    return pd.DataFrame(
        {"channel": names, "mean": flat.mean(1), "std": flat.std(1), "smallest": flat.min(1), "largest": flat.max(1)}
    )


def warnings(study: Study, measured: Estimate) -> list[str]:
    """What differs between what the checkpoint says of itself and what was set or measured."""
    point, seen, found = study.checkpoint, study.preprocessing, []
    if point.claim is not None and measured.n and not measured.low <= point.claim <= measured.high:
        found.append(
            f"The checkpoint claims an accuracy of {point.claim:.1%}; measured here: {measured.text(suffix='%')}."
        )
    for key, value in (("IMAGE_SIZE", seen.size), ("IMAGENET_MEAN", seen.mean), ("IMAGENET_STD", seen.std)):
        claimed = point.config.get(key)
        if claimed is not None and list(np.ravel(claimed)) != list(np.ravel(value)):  # type: ignore[arg-type]
            found.append(f"The checkpoint was made with {key} = {claimed}; this study uses {value}.")
    return found


def by_class(predicted: pd.DataFrame, most: int = 30) -> pd.DataFrame:
    """Share of each true class named right, with interval and n; the classes with the most images, in name order."""
    labelled = predicted[predicted["label"].notna()]
    common = sorted(labelled["label"].value_counts().head(most).index)
    rows = []
    for name in common:
        hits = proportion(labelled.loc[labelled["label"] == name, "correct"].to_numpy(bool))
        rows.append((name, hits.value, hits.low, hits.high, hits.n))
    return pd.DataFrame(rows, columns=["class", "share named right", "low", "high", "n"])


def estimates(found: Mapping[str, Estimate]) -> pd.DataFrame:
    """Named estimates as a table."""
    rows = [(name, one.value, one.low, one.high, one.n) for name, one in found.items()]
    return pd.DataFrame(rows, columns=["", "mean", "low", "high", "n"])


def gallery_positions(rows: pd.DataFrame, most: int, seed: int) -> list[int]:
    """Positions of a seeded sample of at most `most` rows, in the order of the dataset."""
    numbered = rows.reset_index(drop=True).reset_index(names="position")
    return sorted(samples.stratified(numbered, most, seed)["position"])


def agreement_metrics(table: pd.DataFrame, n: int) -> dict[str, float]:
    """Each method's mean rank correlation with Grad-CAM, as flat keys."""
    names = {title: name for name, title in TITLES.items()}
    row = table.loc["Grad-CAM"].drop("Grad-CAM")
    return {"images": n, **{f"{names.get(str(title), title)}.spearman": value for title, value in row.items()}}


def limit(values: np.ndarray) -> float:
    """One symmetric scale for a page: the 99th percentile of the absolute values."""
    return float(np.quantile(np.abs(values), 0.99)) or 1.0


def versus(rows: pd.DataFrame, names: Sequence[Sequence[str]]) -> list[str]:
    """'espresso 0.95, then: cup', by image."""
    return [f"{title}\nthen: {second}" for title, (_, second, *_) in zip(titles(rows), names, strict=True)]


def additivity(rows: pd.DataFrame, names: Sequence[Sequence[str]], found: Shapley) -> pd.DataFrame:
    """What the values of each image and class should sum to, what they do, and the gap."""
    table = [
        (image.rpartition("/")[2], name, found.expected[i, k], found.expected[i, k] + found.gap[i, k], found.gap[i, k])
        for i, image in enumerate(rows["image"])
        for k, name in enumerate(names[i])
    ]
    return pd.DataFrame(table, columns=["image", "class", "should sum to", "sums to", "gap"])


def _numbers(values: tuple[float, ...] | None) -> str:
    return "[" + ", ".join(f"{value:g}" for value in values or ()) + "]"
