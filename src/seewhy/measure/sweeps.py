"""Maps of a study held against its objects and against the model: a table for each figure, one row an image, a column
for each method and each control, NaN where a map says nothing. What the figures mean is in `seewhy.audit`."""

from collections.abc import Sequence

import pandas as pd
import torch

from seewhy.errors import SeewhyError
from seewhy.maps.attributions import Attributions, attribute
from seewhy.measure.against_baselines import Tables
from seewhy.measure.forward import asked
from seewhy.metrics import faithfulness, localisation
from seewhy.metrics.baselines import NAMES, controls, enlarged
from seewhy.metrics.perturbed_images import REMOVED
from seewhy.samples import of_objects
from seewhy.study import Study


def located(study: Study, methods: Sequence[str]) -> Tables:
    """Lift and pointing game of the maps of what truly is there, for every image whose object is known."""
    rows = of_objects(study)
    if rows.empty:
        return {"localisation_lift": pd.DataFrame(), "pointing": pd.DataFrame()}
    held, masks, photos = attribute(study, rows, methods, rows["label"]), study.objects(rows), study.photos(rows)
    shape = _shape(held)
    known = controls(photos, shape, study.base.seed)
    maps = {
        **{name: held.upsampled(name) for name in methods},
        **{name: enlarged(known[name], study.size) for name in NAMES},
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


def passes(methods: Sequence[str], steps: int) -> int:
    """The most passes an image can take in `swept`: two curves, ROAD and the drop for each map."""
    return (len(methods) + len(NAMES)) * (2 * steps + 2 * len(REMOVED) + 1)


def swept(study: Study, rows: pd.DataFrame, methods: Sequence[str], steps: int) -> faithfulness.Sweep:
    """The perturbation sweep of all methods and controls, of each row's own target."""
    found = attribute(study, rows, methods)
    shape = _shape(found)
    maps = {**found.maps, **controls(study.photos(rows), shape, study.base.seed)}
    parts, begin, sure = [], 0, study.task.certainty(rows, study)
    with asked(study, rows) as model, torch.no_grad():
        for part, batch in study.batches(rows, "faithfulness"):
            numbers = range(begin, begin + len(part))
            own = {name: some[begin : begin + len(part)] for name, some in maps.items()}
            parts.append(faithfulness.sweep(model, batch, sure, numbers, own, steps, study.base.seed))
            begin += len(part)
    return faithfulness.joined(parts)


def faithful(found: faithfulness.Sweep) -> Tables:
    """The figures of a sweep."""
    names, deletion, insertion = list(found.deletion), found.fair("deletion"), found.fair("insertion")
    return {
        "deletion_auc": pd.DataFrame({name: found.area(deletion[name]) for name in names}),
        "insertion_auc": pd.DataFrame({name: found.area(insertion[name]) for name in names}),
        "road": pd.DataFrame(found.road),
        "average_drop": pd.DataFrame({name: found.drop(name) for name in names}),
        "average_increase": pd.DataFrame({name: found.increase(name) for name in names}),
    }
