from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from demo import crowns, crowns_fpn, trees
from seewhy.config import artifacts
from seewhy.errors import SeewhyError
from seewhy.inputs import architecture, checkpoint

ROOT = Path(__file__).parents[2]  # its data/inputs/packages keeps what was fetched
ENTRY = {"from": "tiles.parquet", "out": "one.ckpt", "batch": 4, "steps": 2, "rate": 0.001, "seed": 0}


@pytest.fixture
def root(tmp_path):
    """Tiles whose left half is crown and whose right half is shadow, the last of them for validation."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/inputs").symlink_to(ROOT / "data/inputs")
    draw, rows = np.random.default_rng(0), []
    mask = np.repeat(np.array([[1, 1, 0, 2]], np.uint8), 16, 1).repeat(64, 0)
    Image.fromarray(mask).save(tmp_path / "mask.png")
    for number in range(8):
        Image.fromarray(draw.integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(tmp_path / f"{number}.png")
        rows.append({"image": f"{number}.png", "mask": "mask.png", "split": "val" if number > 5 else "train"})
    artifacts.write_table(tmp_path / "tiles.parquet", pd.DataFrame(rows), {})
    return tmp_path


def test_a_pixel_that_is_both_counts_as_crown():
    crown = np.array([[True, True, False, False]])
    shade = np.array([[True, False, True, False]])
    assert crowns.class_indices(crown, shade).tolist() == [[1, 1, 2, 0]]


def test_tiles_carry_their_part_of_the_mask(tmp_path, monkeypatch):
    photo = np.full((1200, 1200, 3), 200, np.uint8)
    photo[:, :40] = (20, 30, 60)  # a shadow along the left side
    monkeypatch.setattr(trees, "load_site", lambda _site, _root: (photo, np.array([[10, 0, 20, 100]])))
    monkeypatch.setenv("SEEWHY_PROGRESS", "off")
    crowns.build({"out": "tiles", "site": "a", "tile": 128, "train_stride": 64}, tmp_path)
    frame = pd.read_csv(tmp_path / "tiles/manifest.csv")
    assert set(frame["split"]) == {"train", "val", "test"}
    first = np.asarray(Image.open(tmp_path / "tiles/masks/0000_0000.png"))
    assert first[50, [5, 15, 30, 100]].tolist() == [2, 1, 2, 0]
    assert len(frame) == len(list((tmp_path / "tiles/images").iterdir()))


@pytest.mark.parametrize("key", ["site", "tile", "train_stride"])
def test_a_missing_setting_is_named(key):
    whole = {"site": "a", "tile": 128, "train_stride": 64}
    with pytest.raises(SeewhyError, match=f"'{key}'"):
        crowns.Tiles.from_entry({name: value for name, value in whole.items() if name != key})


def test_a_site_that_does_not_exist():
    with pytest.raises(SeewhyError, match="site 'c'"):
        crowns.Tiles.from_entry({"site": "c", "tile": 128, "train_stride": 64})


@pytest.mark.parametrize("key", ["batch", "steps", "rate", "seed"])
def test_a_missing_setting_of_the_training_is_named(key):
    with pytest.raises(SeewhyError, match=f"'{key}'"):
        crowns_fpn.Recipe.from_entry({name: value for name, value in ENTRY.items() if name != key})


def test_the_checkpoint_is_lightnings_and_comes_back_through_the_intake(root):
    crowns_fpn.build(ENTRY, root)
    torch.rand(3)
    crowns_fpn.build(ENTRY | {"out": "two.ckpt"}, root)
    assert (root / "one.ckpt").read_bytes() == (root / "two.ckpt").read_bytes()
    raw = torch.load(root / "one.ckpt", weights_only=True)
    outside = [key for key in raw["state_dict"] if not key.startswith("model.")]
    assert outside == ["ce_loss.weight", "mean", "std"]
    found = checkpoint.load_checkpoint(root / "one.ckpt", "here")
    net = architecture.build_network("smp:FPN", 3, crowns_fpn.ARGUMENTS, found, root, "here")
    own = net.state_dict()
    assert all(torch.equal(own[key], raw["state_dict"][f"model.{key}"]) for key in own)
    assert found.epoch == round(2 * 4 / 6)


def test_mask_and_image_turn_together():
    images = torch.rand(16, 3, 8, 8) * 0.5 - 0.5
    masks = (images[:, 0] > images[:, 0].mean()).long()
    moved, truth = crowns_fpn.augment_tiles(images, masks, torch.Generator().manual_seed(0))
    light = (moved[:, 0] + 1).mean((1, 2)) / (images[:, 0] + 1).mean((1, 2))
    back = (moved[:, 0] + 1) / light[:, None, None] - 1
    assert torch.equal((back > images[:, 0].mean()).long(), truth)
    assert not torch.equal(truth, masks)


def test_rare_classes_weigh_more():
    masks = torch.tensor([[[0] * 16 + [1] * 4 + [2]]])
    weight = crowns_fpn.class_weights(masks)
    assert weight.tolist() == pytest.approx([3 / 7, 6 / 7, 12 / 7])  # the roots of 1/16, 1/4, 1; mean 1


def test_overlap_is_over_all_pixels():
    found, true = torch.tensor([[[0, 1, 1, 2]]]), torch.tensor([[[0, 1, 2, 2]]])
    assert crowns_fpn.class_overlaps(found, true).tolist() == pytest.approx([1, 1 / 2, 1 / 2])
