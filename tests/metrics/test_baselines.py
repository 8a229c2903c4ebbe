import numpy as np

from seewhy.metrics.baselines import NAMES, control_maps, edge_map


def test_edges_are_where_the_brightness_changes():
    photo = np.zeros((8, 8, 3), np.uint8)
    photo[:, 4:] = 255  # a step between columns 3 and 4
    found = edge_map(photo, (4, 4))
    assert found.shape == (4, 4)
    assert (found[:, 1:3] > 0).all()
    assert (found[:, [0, 3]] == 0).all()


def test_controls_have_the_maps_shape_and_the_seed_decides():
    photos = np.random.default_rng(0).integers(0, 255, (2, 12, 16, 3), dtype=np.uint8)
    one, two = control_maps(photos, (3, 4), 0), control_maps(photos, (3, 4), 0)
    assert tuple(one) == NAMES
    assert all(maps.shape == (2, 3, 4) for maps in one.values())
    assert all(np.array_equal(one[name], two[name]) for name in NAMES)
    assert not np.array_equal(one["random"], control_maps(photos, (3, 4), 1)["random"])
    assert all(maps.shape == (0, 3, 4) for maps in control_maps(photos[:0], (3, 4), 0).values())
