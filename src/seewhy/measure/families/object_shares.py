"""How much of a map lies on its object, for maps by the thousand."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from seewhy.maps.attributions import Attributions
from seewhy.metrics.localisation import energy_inside
from seewhy.study import Study

AT_ONCE = 256  # maps at the input's resolution in memory


def object_shares(
    study: Study, found: Attributions, method: str
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Share of each map's positive attribution on its object, NaN where that is not known; and the object's share of
    the picture.

    Args:
        study: whose objects they are.
        found: the maps.
        method: which of them.
    """
    inside, area = [np.empty(0)], [np.empty(0)]
    for start in range(0, len(found.rows), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        some = replace(found, rows=found.rows.iloc[part], maps={method: found.maps[method][part]})
        masks = study.object_masks(some.rows)
        inside.append(energy_inside(some.upsampled(method), masks))
        area.append(masks.mean((1, 2)))
    return np.concatenate(inside), np.concatenate(area)
