"""From the tables of an audit to what its page shows. Nothing here measures anything but means with their intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from seewhy.checks.check import Check
from seewhy.checks.figure import Figure
from seewhy.checks.old_keys import old_key
from seewhy.config import artifacts
from seewhy.formatting import chance, written
from seewhy.maps.attributions import attribute
from seewhy.measure.against_baselines import Tables, Versus
from seewhy.measure.budget import Budget
from seewhy.measure.robustness import Moved, Redrawn
from seewhy.methods.cam import TITLES
from seewhy.metrics import agreement, baselines, stability
from seewhy.metrics.faithfulness import Sweep
from seewhy.report.pages.diagnoses import PLACES, cautions
from seewhy.report.pages.views import some
from seewhy.samples import LEAST
from seewhy.stats import NOTHING, Estimate, mean
from seewhy.study import Study

FIGURES = {
    "localisation_lift": "lift",
    "pointing": "pointing game",
    "deletion_auc": "deletion",
    "insertion_auc": "insertion",
    "road": "ROAD",
    "average_drop": "average drop",
    "average_increase": "average increase",
}
GATES = {
    "localisation_lift": "finds the object",
    "localisation_lift_over_control": "better than controls",
    "deletion_auc_over_control": "deletion",
    "insertion_auc_over_control": "insertion",
    "road_over_control": "ROAD",
    "kept": "forgets",
    "target_spearman": "knows its target",
    "stability_spearman": "stays",
}
PROBED = 32  # images that show whether two methods differ
Lines = dict[str, tuple[list[float], list[float], list[float]]]


@dataclass(frozen=True)
class AuditFigures:
    """Figures of a page that measures for itself, by the old keys, as `seewhy.checks.verdict.Figures`."""

    measured: Mapping[str, Estimate]
    compared: Mapping[str, Versus]

    def estimate(self, figure: Figure) -> Estimate:
        """The figure by its old key; of no image where there is none."""
        key = old_key(figure).removeprefix("audit.")
        beside = self.compared.get(key.removesuffix("_over_control"))
        return beside.difference if figure.method and figure.versus and beside else self.measured.get(key, NOTHING)

    def strongest(self, figure: Figure) -> str:
        """The baseline that the method was compared with."""
        beside = self.compared.get(old_key(figure).removeprefix("audit.").removesuffix("_over_control"))
        return beside.control if beside else ""


def named(methods: Sequence[str]) -> dict[str, str]:
    """Methods with their titles."""
    return {name: TITLES[name] for name in methods}


def led(study: Study, methods: Sequence[str]) -> list[str]:
    """Those methods, with HiResCAM first where Grad-CAM is not to be believed about places (see `findings.places`)."""
    first = study.predictions.drop_duplicates("image").head(PROBED)
    pair = ["gradcam", PLACES]
    if set(pair) <= set(methods) and cautions(attribute(study, first, pair), study.base.seed):
        return [PLACES, *(name for name in methods if name != PLACES)]
    return list(methods)


def title(name: str) -> str:
    """What pages call a method or a control."""
    return TITLES.get(name, baselines.TITLES.get(name, name))


def statuses(found: Sequence[Check], methods: Sequence[str]) -> pd.DataFrame:
    """Methods down, their gates across: status and figure."""
    by = {str(one.row()["gate"]): one for one in found}
    columns = {
        told: [_cell(by.get(f"{name}.{what}")) for name in methods]
        for what, told in GATES.items()
        if any(f"{name}.{what}" in by for name in methods)
    }
    return pd.DataFrame({"": [title(name) for name in methods], **columns})


def _cell(check: Check | None) -> str:
    if check is None or not check.estimate.measured:
        return "not run" if check is None else check.status
    return f"{check.status} {written(check.estimate.value, '+' if check.figure.versus else '')}"


def alike(study: Study, rows: pd.DataFrame, methods: Sequence[str]) -> str:
    """Methods that rank the cells alike and so count as one, and how alike the others are, as a sentence."""
    table = agreement.agreement(attribute(study, rows, methods).raw())
    groups = "; ".join(" = ".join(group) for group in agreement.duplicates(table))
    told = f"Ranking the cells alike, these count as one: {groups}." if groups else ""
    pairs = table.where(np.triu(np.ones(table.shape, bool), 1)).stack().dropna()
    if pairs.empty:
        return told
    first, second = pairs.idxmin()
    lowest = f"rank correlation {written(float(pairs.min()))} (mean over {len(rows)} images)"
    return f"{told} The furthest apart are {first} and {second}, {lowest}.".strip()


def sampled(budget: Budget, rows: pd.DataFrame) -> str:
    """How many images a part took, and why not more."""
    every = budget.study.predictions["image"].nunique()
    total = budget.every["image"].nunique()
    small = f" Without a region of at least {100 * LEAST:.0f} % of the picture, and left out: {every - total}."
    told, rest = some(len(rows), total, "image"), small if total < every else ""
    if len(rows) == total:
        return f"{told}.{rest}"
    how = f"drawn at random (seed {budget.study.base.seed}), balanced over predicted classes"
    return f"{told}, {how}: as many as the page's budget pays for (`work`, in billions of operations).{rest}"


def left_out(sweep: Sweep) -> str:
    """For how many images a curve says nothing, as a sentence; empty where there are none."""
    out = {kind: int((~sweep.able(kind)).sum()) for kind in ("deletion", "insertion")}
    told = " and ".join(f"{count} of {kind}" for kind, count in out.items() if count)
    why = "what covers the whole image scores no lower than the photo, so covering a part says nothing"
    return f"Of these images, {told} are left out: there, {why}." if told else ""


def lines(curves: Mapping[str, Float[np.ndarray, "n s"]], names: Sequence[str], seed: int) -> Lines:
    """Mean curves with their intervals, of those maps that have any; `figures.curves` takes them."""
    return {title(name): _line([curves[name][:, k] for k in range(curves[name].shape[1])], seed) for name in names}


def _line(columns: Sequence[np.ndarray], seed: int) -> tuple[list[float], list[float], list[float]]:
    found = [mean(values, seed) for values in columns]
    return [one.value for one in found], [one.low for one in found], [one.high for one in found]


def areas(measured: Mapping[str, Estimate], kind: str) -> dict[str, Estimate]:
    """Areas under the curves of that kind, by title."""
    end = f".{kind}_auc"
    return {title(name.removesuffix(end)): one for name, one in measured.items() if name.endswith(end)}


def metrics(tables: Tables) -> pd.DataFrame:
    """Means of every method and control: one row each, one column a figure, of those figures that were measured."""
    there = {what: told for what, told in FIGURES.items() if what in tables and not tables[what].empty}
    found = {told: tables[what].mean() for what, told in there.items()}
    return pd.DataFrame(found).rename(index=title).rename_axis("").reset_index()


def against(found: Mapping[str, Versus], methods: Sequence[str]) -> pd.DataFrame:
    """Methods down, figures across: by how much better than the best control, p, and which control that was."""
    columns = {
        told: [_beside(found[f"{name}.{what}"]) for name in methods]
        for what, told in FIGURES.items()
        if any(f"{name}.{what}" in found and found[f"{name}.{what}"].control for name in methods)
    }
    return pd.DataFrame({"": [title(name) for name in methods], **columns})


def _beside(one: Versus) -> str:
    if not one.difference.measured:
        return "–"
    return f"{written(one.difference.value, '+')} ({chance(one.p)}, {one.control})"


def randomised(found: Redrawn, methods: Sequence[str], seed: int) -> Lines:
    """What is kept by depth, from the trained model, where it is all. Methods with one and the same line share it."""
    lines: Lines = {}
    for name in methods:
        values, lows, highs = ([1.0, *part] for part in _line([one[name].to_numpy() for one in found.left], seed))
        same = [told for told, known in lines.items() if np.allclose(known[0], values, atol=1e-3, equal_nan=True)]
        lines = {f"{told} = {title(name)}" if told in same else told: known for told, known in lines.items()}
        lines |= {} if same else {title(name): (values, lows, highs)}
    return lines


def ends(found: Lines) -> str:
    """Where each line ends, for alt text."""
    return "; ".join(f"{name} {values[-1]:.2f}" for name, (values, _, _) in found.items())


def depths(found: Redrawn) -> list[float]:
    """Per cent of the weights that are redrawn at each step of `randomised`."""
    shares = [0.0, *(100 * share for share in found.shares)]
    digits = next((k for k in range(1, 6) if len({round(share, k) for share in shares}) == len(shares)), 6)
    return [round(share, digits) for share in shares]


def sanity(found: Redrawn, target: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """What is left of the maps of each method, and what that has to be held against."""
    columns = {
        "all weights redrawn": found.likeness[-1],
        "maps of different images": found.unrelated,
        "two random networks": found.random,
        "kept": found.kept,
        "another target": target,
    }
    table = pd.DataFrame({told: one.mean() for told, one in columns.items()}).loc[list(methods)]
    return table.rename(index=title).rename_axis("").reset_index()


def stays(found: Moved, method: str, seed: int) -> dict[str, Estimate]:
    """Likeness after each change of one method's maps."""
    return {stability.TITLES[kind]: mean(one[method].to_numpy(), seed) for kind, one in found.likeness.items()}


def moved(found: Moved, methods: Sequence[str]) -> pd.DataFrame:
    """A row for each change: how many predictions flipped, of how many, and the mean likeness of the others' maps."""
    rows = [
        (stability.TITLES[kind], int(found.flipped[kind].sum()), len(one), *(one[name].mean() for name in methods))
        for kind, one in found.likeness.items()
    ]
    return pd.DataFrame(rows, columns=["change", "flipped", "of", *map(title, methods)])


def save(study: Study, found: Sequence[Check], sweep: Sweep, method: str) -> None:
    """Writes reports/<study>/verdict.json, and metrics/curves.csv: mean curves of a method and the controls."""
    folder = artifacts.reports(study.root, study.name)
    artifacts.write_json(folder / "verdict.json", [gate.row() for gate in found])
    curves = {
        f"{kind}_{name}": np.nanmean(sweep.fair(kind)[name], axis=0).round(4)
        for kind in ("deletion", "insertion")
        for name in (method, *baselines.NAMES)
        if np.isfinite(sweep.fair(kind)[name]).any()
    }
    own = {
        kind: curves.pop(f"{kind}_{method}", np.full(len(sweep.shares), np.nan)) for kind in ("deletion", "insertion")
    }
    artifacts.write_csv(
        folder / "metrics" / "curves.csv", pd.DataFrame({"share": sweep.shares.round(4), **own, **curves})
    )
