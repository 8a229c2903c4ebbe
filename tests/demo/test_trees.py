import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from demo import trees
from demo.trees import Tiles
from seewhy.errors import SeewhyError

ENTRY = {"out": "tiles", "site": "a", "tile": 80, "train_stride": 32, "tree": 0.05, "bare": 0.01}
SHAPE = (2472, 2299)  # of site a


def test_boxes_are_moved_and_cut_to_the_tile():
    boxes = np.array([[90, 110, 130, 190], [60, 100, 103, 140], [0, 0, 50, 50], [170, 170, 300, 300]])
    assert trees.clip_boxes(boxes, 100, 100, 80).tolist() == [[0, 10, 30, 80], [70, 70, 80, 80]]


def test_splits_share_no_pixel():
    owner = np.full(SHAPE, "", dtype="U5")
    for x, y, split in trees.tile_places(Tiles.from_entry(ENTRY), SHAPE):
        window = owner[y : y + 80, x : x + 80]
        assert window.shape == (80, 80)
        assert np.isin(window, ["", split]).all()
        window[:] = split
    assert set(np.unique(owner)) == {"", "train", "val", "test"}


@pytest.mark.parametrize("site", ["a", "b"])
def test_measured_tiles_do_not_overlap(site):
    seen = np.zeros(SHAPE, dtype=int)
    for x, y, split in trees.tile_places(Tiles.from_entry(ENTRY | {"site": site}), SHAPE):
        if split != "train":
            seen[y : y + 80, x : x + 80] += 1
    assert seen.max() == 1


def test_the_other_site_is_for_testing_only():
    assert {split for _, _, split in trees.tile_places(Tiles.from_entry(ENTRY | {"site": "b"}), SHAPE)} == {"test"}


def test_shadow_is_dark_and_bluish_and_no_crown():
    photo = np.full((40, 40, 3), (180, 170, 150), dtype=np.uint8)
    photo[2:12, 2:12] = (40, 50, 70)  # dark, bluish: shadow
    photo[2:12, 22:32] = (70, 50, 40)  # dark, reddish: soil
    photo[22:32, 2:12] = (120, 130, 180)  # bluish, bright: water
    photo[22:32, 22:32] = (40, 50, 70)  # a dark crown
    crowns = trees.crown_mask(np.array([[22, 22, 32, 32]]), (40, 40))
    shade = trees.shadow_mask(photo, crowns)
    assert shade[3:11, 3:11].all()
    shade[2:12, 2:12] = False
    assert not shade.any()


@pytest.mark.parametrize(
    ("cover", "label"), [(0, "no tree"), (0.0099, "no tree"), (0.01, None), (0.0499, None), (0.05, "tree"), (1, "tree")]
)
def test_label_by_crown_cover(cover, label):
    assert trees.tile_label(cover, Tiles.from_entry(ENTRY)) == label


@pytest.mark.parametrize("key", ["site", "tile", "train_stride", "tree", "bare"])
def test_a_missing_setting_is_named(key):
    with pytest.raises(SeewhyError, match=f"'{key}'"):
        Tiles.from_entry({name: value for name, value in ENTRY.items() if name != key})


def test_site_that_does_not_exist():
    with pytest.raises(SeewhyError, match="site 'c'"):
        Tiles.from_entry(ENTRY | {"site": "c"})


def built(root, monkeypatch, boxes):
    """Tiles of a noisy 480 x 480 site b under `boxes`: the manifest."""
    photo = np.random.default_rng(0).integers(0, 256, (480, 480, 3), dtype=np.uint8)
    monkeypatch.setattr(trees, "load_site", lambda *_: (photo, np.array(boxes)))
    trees.build(ENTRY | {"site": "b"}, root)
    return pd.read_csv(root / "tiles/manifest.csv")


def test_tiles_hold_what_the_manifest_says_and_keep_their_bytes(tmp_path, monkeypatch):
    frame = built(tmp_path, monkeypatch, [[10, 10, 60, 60], [150, 150, 200, 170]])
    assert json.loads((tmp_path / "tiles/classes.json").read_text()) == ["no tree", "tree"]
    assert frame.set_index("image")["label"].to_dict()["images/0000_0000.png"] == "tree"
    for row in frame.itertuples():
        image, mask = (np.asarray(Image.open(tmp_path / "tiles" / name)) for name in (row.image, row.shadow_mask))
        assert image.shape == (80, 80, 3)
        assert mask.shape == (80, 80)
        assert set(np.unique(mask)) <= {0, 255}
        assert all(
            0 <= low < high <= 80 for x0, y0, x1, y1 in json.loads(row.boxes) for low, high in ((x0, x1), (y0, y1))
        )
    files = {path: path.read_bytes() for path in (tmp_path / "tiles").rglob("*.*")}
    built(tmp_path, monkeypatch, [[10, 10, 60, 60], [150, 150, 200, 170]])
    assert files == {path: path.read_bytes() for path in (tmp_path / "tiles").rglob("*.*")}


def test_crowns_cut_to_slivers_still_count_as_cover(tmp_path, monkeypatch):
    frame = built(tmp_path, monkeypatch, [[83, 20, 157, 77], [77, 100, 83, 140]]).set_index("image")
    assert "images/0080_0000.png" not in frame.index  # 3 x 40 pixels: .019, neither bare nor tree
