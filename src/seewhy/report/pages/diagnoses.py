"""What a study's maps look like: a word for each, how often controls get the same, mean maps, named regions, spread."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Float, UInt8
from matplotlib.figure import Figure

from seewhy import samples, stats
from seewhy.maps.attributions import Attributions, attribute
from seewhy.measure.families import mistakes
from seewhy.measure.families.object_shares import AT_ONCE, object_shares
from seewhy.measure.family import tidy_table
from seewhy.methods.cam import TITLES
from seewhy.metrics import diagnosis, regions
from seewhy.metrics.agreement import spearman
from seewhy.report import figures
from seewhy.report.text import findings
from seewhy.stats import Estimate
from seewhy.study import Study

PLACES = "hirescam"  # what means and regions rest on: it keeps places apart, and is Grad-CAM where the network pools
ALIKE = 0.9  # mean rank correlation of the two below which a page warns
PHOTOS = 60  # that a mean photo is made of
MOST = 12  # classes named in a sentence
SPREAD = ("when right", "when wrong, for its answer", "when wrong, for the true class", "when there is no label")


def diagnosed(study: Study, found: Attributions, rule: diagnosis.Rule, method: str = "gradcam") -> Attributions:
    """`found` with the columns word, inside, lift and spread of each row's map (see `diagnosis.diagnose`)."""
    told = diagnosis.diagnose(found.maps[method], *object_shares(study, found, method), rule)
    return replace(found, rows=found.rows.reset_index(drop=True).assign(**told))


def tally(study: Study, found: Attributions, rule: diagnosis.Rule) -> pd.DataFrame:
    """`diagnosis.tally` of rows that are `diagnosed`: all, right, wrong; then the other methods and the controls."""
    rows = found.rows
    right = rows["correct"].astype("boolean")
    groups = {
        "all": rows["word"],
        "right": rows["word"][right.fillna(False)],
        "wrong": rows["word"][~right.fillna(True)],
    }
    known = {name: np.array(maps) for name, maps in found.controls(study.base.seed).items()}
    controls = Attributions(rows, known, found.size)
    others = {title: (found, name) for name, title in telling(found).items() if name != "gradcam"}
    others |= {name: (controls, name) for name in ("centre", "random")}
    groups |= {title: diagnosed(study, some, rule, name).rows["word"] for title, (some, name) in others.items()}
    return diagnosis.tally({name: words.tolist() for name, words in groups.items()})


def telling(found: Attributions) -> dict[str, str]:
    """Methods and their titles, without HiResCAM where its maps are those of Grad-CAM."""
    first, other = found.maps["gradcam"], found.maps.get(PLACES)
    same = other is not None and np.allclose(first, other, atol=1e-4 * float(np.abs(first).max(initial=0)))
    return {name: TITLES[name] for name in found.maps if name != PLACES or not same}


def cautions(found: Attributions, seed: int) -> list[str]:
    """What to know before Grad-CAM is believed about places: see `findings.places`."""
    if PLACES not in telling(found):
        return []
    alike = stats.mean(spearman(found.maps["gradcam"], found.maps[PLACES]), seed)
    return [findings.places(alike)] if alike.value < ALIKE else []


def one_each(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One random row of each word that occurs, in the order of the words."""
    picked = samples.stratified(rows, rows["word"].nunique(), seed, by="word")
    return picked.sort_values("word", key=lambda words: words.map(diagnosis.WORDS.index)).reset_index(drop=True)


def boxed(rows: pd.DataFrame) -> int:
    """How many diagnosed rows were held against an object."""
    return int(rows["inside"].notna().sum())


@dataclass(frozen=True)
class Means:
    """Mean map of each predicted class over its mean photo, with n; what sets it apart from the others, NaN where those
    are too few; who is left out and why, as sentences."""

    photos: list[UInt8[np.ndarray, "h w 3"]]
    maps: Float[np.ndarray, "k h w"]
    apart: Float[np.ndarray, "k h w"]
    titles: list[str]
    notes: list[str]


def means(study: Study, found: Attributions, most: int, method: str = PLACES) -> Means:
    """Means of the maps of the `most` frequent predicted classes, each map a share of its own maximum."""
    shares, said = found.shares(method), found.rows["predicted"].tolist()
    by_class, few = regions.mean_maps(shares, said)
    kept = dict(list(by_class.items())[:most])
    maps = np.array([one for one, _ in kept.values()]).reshape(len(kept), *shares.shape[1:])
    rest = {name: shares[found.rows["predicted"].to_numpy() != name] for name in kept}
    return Means(
        [_mean_photo(study, found.rows[found.rows["predicted"] == name]) for name in kept],
        maps,
        maps - np.array([_mean(others) for others in rest.values()]).reshape(maps.shape),
        [f"{name}\nn = {n}" for name, (_, n) in kept.items()],
        _left_out(few, len(kept), len(by_class)) + _alone({name: len(_there(some)) for name, some in rest.items()}),
    )


def _left_out(few: Mapping[str, int], kept: int, enough: int) -> list[str]:
    notes = [f"The {kept} most frequent of {enough} classes are shown."] if kept < enough else []
    if few:
        told = ", ".join(f"{name} ({count})" for name, count in list(few.items())[:MOST])
        more = f" and {len(few) - MOST} more" if len(few) > MOST else ""
        notes.append(f"No mean map for classes with fewer than {stats.FEWEST} maps with evidence: {told}{more}.")
    return notes


def _alone(others: Mapping[str, int]) -> list[str]:
    few = [f"{name} ({count})" for name, count in others.items() if count < stats.FEWEST]
    least = f"fewer than {stats.FEWEST} maps with evidence"
    return [f"What sets a class apart is not shown where the others have {least}: {', '.join(few)}."] if few else []


def listed(found: Means) -> str:
    """The classes of the means with their n, for alt text."""
    return "; ".join(title.replace("\n", " (") + ")" for title in found.titles)


def _mean(shares: Float[np.ndarray, "n h w"]) -> Float[np.ndarray, "h w"]:
    """Mean of the maps with evidence; NaN where those are fewer than `FEWEST`."""
    there = _there(shares)
    return there.mean(0) if len(there) >= stats.FEWEST else np.full(shares.shape[1:], np.nan)


def _there(shares: Float[np.ndarray, "n h w"]) -> Float[np.ndarray, "k h w"]:
    """The maps with evidence."""
    return shares[np.isfinite(shares).all((1, 2))]


def _mean_photo(study: Study, rows: pd.DataFrame) -> UInt8[np.ndarray, "h w 3"]:
    return study.photos(rows.head(PHOTOS)).mean(0).round().astype(np.uint8)


def region_table(study: Study, found: Attributions, method: str = PLACES) -> pd.DataFrame:
    """`regions.table` of the study's named regions over the predicted classes; empty where it names none."""
    named, seed = study.settings.regions, study.base.seed
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in named}
    for start in range(0, len(found.rows) if named else 0, AT_ONCE):
        some = replace(found, maps={method: found.maps[method][start : start + AT_ONCE]})
        for name, rows in regions.measure(some.upsampled(method), named, found.grid, seed + start).items():
            parts[name].append(rows)
    whole = {name: pd.concat(rows, ignore_index=True) for name, rows in parts.items()}
    return regions.table(whole, found.rows["predicted"].tolist(), seed)


def region_dots(table: pd.DataFrame) -> Figure:
    """Lift of each region and class that was measured, with its interval."""
    there = table[table["lift"].notna()]
    names = (there["region"] + " · " + there["class"]).tolist()
    lift, low, high, n = (there[name].tolist() for name in ("lift", "low", "high", "n"))
    return figures.dots(names, lift, low, high, n, reference=1.0, xlabel="lift (1 = chance)")


def region_said(table: pd.DataFrame) -> str:
    """The table's lifts over all classes, in words."""
    every = table.drop_duplicates("region")  # the row over all classes comes first
    return "; ".join(f"{row.region} {stats.written(row.lift, '×')} (n = {row.n})" for row in every.itertuples())


def spreads(study: Study) -> tuple[dict[str, Estimate], dict[str, Estimate]]:
    """Mean spread of the maps by right and wrong; and differences: wrong minus right (different images), and, image by
    image, of the wrong ones the map of the answer minus that of the true class."""
    table, seed = tidy_table(mistakes.spread_rows(study)), study.base.seed
    means, apart = mistakes.case_means(table, "mistake_spread", seed), mistakes.spread_differences(table, seed)
    occurring = set(table["case"])
    there = {name: means[case] for case, name in zip(mistakes.CASES, SPREAD, strict=True) if case in occurring}
    return there, dict(zip(("wrong minus right", "answer minus true class"), apart.values(), strict=True))


def sureness(study: Study) -> Estimate:
    """Rank correlation over all images of the spread of the map with the confidence of the answer."""
    wide = diagnosis.spread(attribute(study, study.predictions, ["gradcam"]).maps["gradcam"])
    return stats.rank_correlation(wide, study.predictions["confidence"].to_numpy(), study.base.seed)


def shares(rows: pd.DataFrame) -> dict[str, float]:
    """Share of each word among diagnosed rows, as flat keys of a metrics file."""
    counts = diagnosis.counted(rows["word"])
    return {f"word.{word.replace(' ', '_')}": count / len(rows) for word, count in counts.items()}
