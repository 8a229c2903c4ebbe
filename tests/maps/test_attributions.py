import numpy as np
import pandas as pd
import torch

from seewhy.maps import trials
from seewhy.maps.attributions import Attributions
from seewhy.methods.partition import blur_input
from seewhy.report.pages import signed


def test_fine_maps_are_shown_by_the_size_of_their_values():
    fine = np.zeros((2, 8, 8), np.float32)
    fine[0, :2, :2] = [[3, -3], [-3, 3]]  # cancels in a sum, and is the strongest square all the same
    fine[0, 6, 6] = 1
    coarse = np.array([[[1.0, -2], [0, 4]]] * 2, np.float32)
    found = Attributions(pd.DataFrame(), {"gradcam": coarse, "guided_gradcam": fine}, (8, 8)).visible_strengths(4)
    np.testing.assert_array_equal(found["Grad-CAM"][0], [[0.25, 0], [0, 1]])  # as ever: positive, share of its maximum
    shown = found["Guided Grad-CAM"]
    assert shown.shape == (2, 4, 4)
    assert shown[0, 0, 0] == 1
    assert 0 < shown[0, 3, 3] < 0.2
    assert np.isnan(shown[1]).all()  # no evidence is said, not drawn


def test_methods_by_trial_are_signed_and_the_partition_adds_up(study):
    rows = study.predictions.head(2)
    found = trials.by_trial(study, rows, 60, 8)
    assert list(found) == ["SHAP (partition)", "LIME"]
    assert all(maps.shape == (2, 8, 8) and np.abs(maps).max() > 0 for maps in found.values())
    inputs = study.inputs(rows)
    with torch.no_grad():
        gain = study.model(inputs) - study.model(blur_input(inputs))
    gains = [float(gain[row, target]) for row, target in enumerate(study.classes_of(rows["predicted"]))]
    np.testing.assert_allclose(found["SHAP (partition)"].sum((1, 2)), gains, rtol=1e-3, atol=1e-5)


def test_signed_maps_on_their_own_scale():
    found = signed.own_scale({"a": np.array([[[1.0, -4]], [[0, 0]]])})["a"]
    np.testing.assert_array_equal(found[0], [[0.25, -1]])
    assert np.isnan(found[1]).all()
