"""Seven images and three classes by hand; the formula of the paper; sigmoids; ties."""

import numpy as np
import pandas as pd
import pytest

from seewhy.metrics import label_noise

LABELS = np.array([0, 0, 0, 1, 1, 2, 2])
SURE = np.array(
    [
        [0.8, 0.1, 0.1],
        [0.6, 0.3, 0.1],
        [0.1, 0.8, 0.1],  # called 0, and surely a 1
        [0.1, 0.7, 0.2],
        [0.3, 0.3, 0.4],  # sure of nothing
        [0.2, 0.0, 0.8],
        [0.5, 0.1, 0.4],  # called 2, and just enough a 0
    ]
)


def test_by_hand():
    limits = label_noise.class_thresholds(SURE, LABELS, fewest=1)
    np.testing.assert_allclose(limits, [(0.8 + 0.6 + 0.1) / 3, (0.7 + 0.3) / 2, (0.8 + 0.4) / 2])
    found = label_noise.find_doubts(SURE, LABELS, np.round(limits, 9))
    assert found.confident.tolist() == [0, 0, 1, 1, label_noise.NONE, 2, 0]
    assert found.ranked_images.tolist() == [2, 6]
    np.testing.assert_allclose(found.margin, [0, 0, 0.7, 0, np.nan, 0, 0.1], atol=1e-12)


def test_the_joint_is_that_of_the_paper():
    rng = np.random.default_rng(0)
    labels, sure = rng.integers(0, 4, 300), rng.dirichlet(np.ones(4), 300)
    limits = [sure[labels == j, j].mean() for j in range(4)]
    joint = np.zeros((4, 4), int)
    for label, p in zip(labels, sure, strict=True):
        reached = [j for j in range(4) if p[j] >= limits[j]]
        if reached:
            joint[label, max(reached, key=lambda j: p[j])] += 1
    found = label_noise.find_doubts(sure, labels, label_noise.class_thresholds(sure, labels))
    there = found.confident != label_noise.NONE
    own = pd.crosstab(labels[there], found.confident[there]).to_numpy()
    np.testing.assert_array_equal(own, joint)
    assert len(found.ranked_images) == joint.sum() - np.trace(joint) > 0
    assert (np.diff(found.margin[found.ranked_images]) <= 0).all()


def test_a_class_of_few_images_accuses_nobody():
    limits = label_noise.class_thresholds(SURE, LABELS, fewest=3)
    assert np.isnan(limits).tolist() == [False, True, True]
    found = label_noise.find_doubts(SURE, LABELS, limits)
    assert set(found.confident) <= {0, label_noise.NONE}


@pytest.mark.parametrize(
    ("sure", "label", "confident"),
    [
        ([0.9, 0.7, 0.1], 1, 0),  # both reach their limits: the likelier
        ([0.9, 0.9, 0.1], 1, 1),  # of equals the label
        ([1.0, 1.0, 1.0], 2, 2),
        ([0.4, 0.5, 0.9], 1, 1),  # the third is likelier and below its own limit
        ([0.4, 0.2, 0.9], 1, label_noise.NONE),
    ],
)
def test_sigmoids_need_not_add_up_to_one(sure, label, confident):
    found = label_noise.find_doubts(np.array([sure]), np.array([label]), np.array([0.5, 0.5, 0.95]))
    assert found.confident.tolist() == [confident]
