"""How the first edition measured: pure oracles for the families that took its place."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float
from torch import nn

from seewhy import stats
from seewhy.errors import SeewhyError
from seewhy.inputs.images import input_tensor
from seewhy.maps.attributions import Attributions, attribute_rows
from seewhy.maps.explaining import Maps
from seewhy.measure.families.randomisation import DRAWS, PARTNERS
from seewhy.measure.forward import fast_study_model
from seewhy.measure.reliance import find_regions
from seewhy.measure.robustness import changed_maps, flipped_predictions, other_targets
from seewhy.metrics import faithfulness, localisation, randomisation, stability
from seewhy.metrics.agreement import spearman
from seewhy.metrics.baselines import NAMES, control_maps, enlarge_to_input
from seewhy.metrics.localisation import energy_inside, lift
from seewhy.samples import of_objects
from seewhy.stats import Estimate, mean, proportion, ratio
from seewhy.study import Study

Tables = dict[str, pd.DataFrame]  # by figure: a column for each method and control, NaN where a map says nothing


BETTER = {  # of each figure: whether more is better (1) or less (-1)
    "localisation_lift": 1,
    "pointing": 1,
    "deletion_auc": -1,
    "insertion_auc": 1,
    "road": 1,
    "average_drop": -1,
    "average_increase": 1,
}


COUNTED = ("pointing", "average_increase")  # an image is a hit (1), none (0), or in part (ties): means are shares


@dataclass(frozen=True)
class Versus:
    """A method beside the best of the controls: `difference` image by image, above 0 where the method is better, and p
    by flipping signs. `control` is empty where nothing was measured."""

    control: str
    difference: Estimate
    p: float


def versus(table: pd.DataFrame, method: str, better: int, seed: int, counted: bool = False) -> Versus:
    """`method` against the control with the best mean in the same images; `better` is 1 where more is, else -1.
    `counted`: an image is a hit or none."""
    if method not in table or not np.isfinite(table[method]).any():
        return Versus("", stats.NOTHING, float("nan"))
    there = table[np.isfinite(table[method])]
    best = str((better * there[list(NAMES)].mean()).idxmax())
    every, chances = [], []
    for name in NAMES:
        difference = (better * (there[method] - there[name])).to_numpy()
        pair = [there[one].to_numpy(float) for one in (method, name)]
        every.append(stats.paired_shares(*pair) if counted else stats.mean(difference, seed))
        chances.append(stats.sign_flip_p(difference, seed))
    over = stats.worst_estimate(every)
    if not over.measured:
        return Versus(best, over, float("nan"))
    return Versus(best, over, max(chances) if over.value > 0 else min(1.0, 3 * min(chances)))


def measured(tables: Mapping[str, pd.DataFrame], seed: int) -> dict[str, Estimate]:
    """Mean of every column of every table, as `column.table`."""
    return {
        f"{name}.{what}": stats.share_of_hits(table[name]) if what in COUNTED else stats.mean(table[name], seed)
        for what, table in tables.items()
        for name in table
    }


def compared(tables: Mapping[str, pd.DataFrame], methods: Sequence[str], seed: int) -> dict[str, Versus]:
    """Each method against the best control in each table of `BETTER`, as `method.table`."""
    return {
        f"{method}.{what}": versus(tables[what], method, sign, seed, what in COUNTED)
        for what, sign in BETTER.items()
        if what in tables
        for method in methods
    }


def over(against: Mapping[str, Versus]) -> dict[str, Estimate]:
    """What each method has over the best control, as `method.table_over_control`: above 0 where it is better."""
    return {f"{name}_over_control": one.difference for name, one in against.items()}


def located(study: Study, methods: Sequence[str]) -> Tables:
    """Lift and pointing game of the maps of what truly is there, for every image whose object is known."""
    rows = of_objects(study)
    if rows.empty:
        return {"localisation_lift": pd.DataFrame(), "pointing": pd.DataFrame()}
    held, masks, photos = (
        attribute_rows(study, rows, methods, rows["label"]),
        study.object_masks(rows),
        study.photos(rows),
    )
    shape = _shape(held)
    known = control_maps(photos, shape, study.base.seed)
    maps = {
        **{name: held.upsampled(name) for name in methods},
        **{name: enlarge_to_input(known[name], study.size) for name in NAMES},
    }
    return {
        "localisation_lift": pd.DataFrame({name: localisation.lift(some, masks) for name, some in maps.items()}),
        "pointing": pd.DataFrame({name: localisation.pointing_game(some, masks) for name, some in maps.items()}),
    }


def _shape(held: Attributions) -> tuple[int, int]:
    """Height and width of the maps. Raises SeewhyError where methods have different ones: an equal share of their cells
    would be another share of the picture at every step."""
    found = {name: some.shape[1:] for name, some in held.maps.items()}
    if len({*found.values()}) > 1:
        told = ", ".join(f"{name} {height} x {width}" for name, (height, width) in found.items())
        raise SeewhyError(f"audit.methods of params.yaml: maps of one size are allowed only; found: {told}")
    return next(iter(found.values()))


def swept(study: Study, rows: pd.DataFrame, methods: Sequence[str], steps: int) -> faithfulness.Sweep:
    """The perturbation sweep of all methods and controls, of each row's own target."""
    found = attribute_rows(study, rows, methods)
    shape = _shape(found)
    maps = {**found.maps, **control_maps(study.photos(rows), shape, study.base.seed)}
    parts, begin, sure = [], 0, study.task.answer_certainty(rows, study)
    with fast_study_model(study, rows) as model, torch.no_grad():
        for part, batch in study.input_batches(rows, "faithfulness"):
            numbers = range(begin, begin + len(part))
            own = {name: some[begin : begin + len(part)] for name, some in maps.items()}
            parts.append(faithfulness.sweep_maps(model, batch, sure, numbers, own, steps, study.base.seed))
            begin += len(part)
    return faithfulness.join_sweeps(parts)


def faithful(found: faithfulness.Sweep) -> Tables:
    """The figures of a sweep."""
    names, deletion, insertion = (
        list(found.deletion),
        found.meaningful_curves("deletion"),
        found.meaningful_curves("insertion"),
    )
    return {
        "deletion_auc": pd.DataFrame({name: found.curve_area(deletion[name]) for name in names}),
        "insertion_auc": pd.DataFrame({name: found.curve_area(insertion[name]) for name in names}),
        "road": pd.DataFrame(found.road),
        "average_drop": pd.DataFrame({name: found.score_drop(name) for name in names}),
        "average_increase": pd.DataFrame({name: found.score_increase(name) for name in names}),
    }


def redrawn(
    study: Study, rows: pd.DataFrame, method: str, depths: int
) -> tuple[np.ndarray, np.ndarray, dict[float, tuple[np.ndarray, np.ndarray]]]:
    """Of each row and random network (n, draws): rank correlation of the map with that of the network, and mean rank
    correlation of the trained maps of the next rows with it; the same of the first network at each depth."""
    maps, inputs, n = attribute_rows(study, rows, [method]).maps[method], study.inputs(rows), len(rows)

    def both(other: nn.Module) -> tuple[np.ndarray, np.ndarray]:
        found = changed_maps(study, other, rows, inputs, [method])[method]
        reach = range(1, min(PARTNERS, n - 1) + 1)
        others = [spearman(np.roll(maps, -far, axis=0), found) for far in reach]
        return spearman(maps, found), np.nanmean(others, axis=0)

    seed = study.base.seed
    deep = {
        share: both(other) for share, other in randomisation.randomise_cascade(study.model, inputs[:1], depths, seed)
    }
    draws = [deep[max(deep)]]
    for draw in range(1, DRAWS):
        (_, other), *_ = randomisation.randomise_cascade(study.model, inputs[:1], 1, seed + draw)
        draws.append(both(other))
    return np.stack([own for own, _ in draws], 1), np.stack([null for _, null in draws], 1), deep


def other_target(study: Study, rows: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """Likeness to the map of another class, or of another word of the caption, drawn at random: 1 for a method that
    knows no target. NaN where an image has no other."""
    targets = other_targets(study, rows)
    there = targets >= 0
    found = pd.DataFrame(np.nan, rows.index, list(methods))
    if there.any():
        asked, inputs = rows[there], study.inputs(rows[there])
        other = changed_maps(study, study.model, asked.assign(target=targets[there]), inputs, methods)
        found.loc[there] = _likeness(attribute_rows(study, asked, methods).maps, other).to_numpy()
    return found


@dataclass(frozen=True)
class Moved:
    """Likeness of the maps of changed images by kind of change, NaN where the prediction flipped; `flipped` counts."""

    likeness: dict[str, pd.DataFrame]
    flipped: dict[str, Bool[np.ndarray, " n"]]

    @property
    def worst(self) -> pd.DataFrame:
        """Likeness under the kind of change that moves the maps of that method most."""
        means = pd.DataFrame({kind: one.mean() for kind, one in self.likeness.items()})  # methods down, kinds across
        chosen = means.fillna(np.inf).idxmin(axis=1)
        return pd.DataFrame({name: self.likeness[kind][name] for name, kind in chosen.items()})

    @property
    def flips(self) -> tuple[str, Estimate]:
        """The kind of change that flips most predictions, and their share."""
        kind = max(self.flipped, key=lambda kind: self.flipped[kind].sum())
        return kind, proportion(self.flipped[kind])


def moved(study: Study, rows: pd.DataFrame, methods: Sequence[str]) -> Moved:
    """How far maps move when the image changes in ways that nobody would notice (see `stability.CHANGES`)."""
    first, photos = attribute_rows(study, rows, methods).maps, study.photos(rows)
    likeness, flipped = {}, {}
    for kind, change in stability.CHANGES.items():
        new = np.stack([change(photo, study.base.seed) for photo in photos])
        inputs = input_tensor(new, study.preprocessing).to(study.device)
        flipped[kind] = flipped_predictions(study, rows, photos, new, shifted=kind == "shift")
        likeness[kind] = _likeness(first, changed_maps(study, study.model, rows, inputs, methods))
        likeness[kind].loc[flipped[kind]] = np.nan
    return Moved(likeness, flipped)


def _likeness(first: Maps, second: Maps) -> pd.DataFrame:
    return pd.DataFrame({name: spearman(first[name], second[name]) for name in first})


def outside(study: Study, method: str) -> pd.DataFrame:
    """Share of the evidence for the answer outside the object, with what truly is there and whether it was right, one
    row an image; NaN where there is no evidence."""
    rows = of_objects(study)
    if rows.empty:
        return pd.DataFrame({"class": [], "right": [], "outside": []})
    maps, masks = attribute_rows(study, rows, [method]).upsampled(method), study.object_masks(rows)
    right = rows["correct"].fillna(False).to_numpy(bool)
    return pd.DataFrame({"class": rows["label"], "right": right, "outside": 1 - energy_inside(maps, masks)})


def marked(study: Study, rows: pd.DataFrame, method: str) -> pd.DataFrame:
    """Lift of the evidence for the answer on the object, every suspect and every region: 1 is chance. A column each,
    NaN where an image has none. `rows`: those that interventions test, so that both speak of the same answers."""
    if rows.empty:
        return pd.DataFrame()
    maps, masks = attribute_rows(study, rows, [method]).upsampled(method), find_regions(study, rows)
    return pd.DataFrame({name: lift(maps, own) for name, own in masks.items() if name != "background"})


def lift_means(found: pd.DataFrame, seed: int) -> dict[str, Estimate]:
    """Mean lift of each column of `lifts`."""
    return {str(name): mean(found[name].to_numpy(), seed) for name in found}


def paired(found: pd.DataFrame, pairs: Iterable[tuple[str, str]], seed: int) -> dict[str, Estimate]:
    """Mean difference in lift of two columns of `lifts`, image by image, where both have evidence.

    One map is better than another when the whole interval lies above 0: each image is its own control, so this
    decides also where the intervals of the two means overlap.
    """
    return {f"{a} minus {b}": mean((found[a] - found[b]).to_numpy(), seed) for a, b in pairs}


def agreement(maps: Mapping[str, Float[np.ndarray, "n h w"]]) -> pd.DataFrame:
    """Mean Spearman correlation over images for each pair of methods; NaN where no image defines it."""
    names = list(maps)
    table = pd.DataFrame(np.nan, index=names, columns=names)
    for row in names:
        for column in names:
            values = spearman(maps[row], maps[column])
            table.loc[row, column] = np.nanmean(values) if np.isfinite(values).any() else np.nan
    return table


def shares_wrong(
    predicted: Bool[np.ndarray, "n h w"], true: Bool[np.ndarray, "n h w"], seed: int
) -> dict[str, Estimate]:
    """Share of the true region that is missed, and of the predicted one that is invented, over all pixels."""
    found = {}
    for name, whole, other in (("missed", true, predicted), ("invented", predicted, true)):
        area, outside = whole.sum((1, 2)), (whole & ~other).sum((1, 2))
        found[name] = ratio(outside[area > 0], area[area > 0], seed)
    return found
