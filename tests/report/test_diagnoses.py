"""Maps with known answers on a user's small project: the object is the box of every second image."""

import numpy as np

from seewhy.maps.attributions import attribute
from seewhy.metrics.diagnosis import spread
from seewhy.report.pages import diagnoses


def test_spread_is_compared_over_right_and_wrong_and_with_confidence(study):
    parts, apart = diagnoses.spreads(study)
    wide = spread(attribute(study, study.predictions, ["gradcam"]).maps["gradcam"])
    assert sum(one.n for name, one in parts.items() if "true class" not in name) == np.isfinite(wide).sum()
    assert set(apart) == {"wrong minus right", "answer minus true class"}
    assert diagnoses.sureness(study).n == np.isfinite(wide).sum()
