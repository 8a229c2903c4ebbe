from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from demo import training
from demo.nets import CustomCNN
from seewhy.config.params import Preprocessing
from seewhy.errors import SeewhyError
from seewhy.inputs import images as inputs

ROOT = Path(__file__).parents[2]  # its data/inputs/packages keeps what was fetched
ENTRY = {
    "from": "tiles.parquet",
    "out": "one.pth",
    "network": "cnn",
    "size": 32,
    "batch": 8,
    "steps": 12,
    "rate": 0.01,
    "seed": 0,
}


@pytest.fixture
def root(tmp_path):
    """Tiles that a network can tell apart: green for trees, brown for none."""
    (tmp_path / "tiles/images").mkdir(parents=True)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/inputs").symlink_to(ROOT / "data/inputs")
    draw, rows = np.random.default_rng(0), []
    for number in range(24):
        label = training.CLASSES[number % 2]
        shade = np.array([[60, 120, 50], [150, 110, 80]])[number % 2]
        noise = draw.integers(-30, 30, (40, 40, 3))
        Image.fromarray((shade + noise).astype(np.uint8)).save(tmp_path / f"tiles/images/{number}.png")
        rows.append({"image": f"tiles/images/{number}.png", "label": label, "split": "val" if number > 17 else "train"})
    pd.DataFrame(rows).to_parquet(tmp_path / "tiles.parquet")
    return tmp_path


@pytest.mark.parametrize("settings", [{"network": "cnn"}, {"network": "lite0", "steps": 2}])
def test_two_runs_give_equal_bytes(root, settings):
    training.build(ENTRY | settings, root)
    torch.rand(3)
    training.build(ENTRY | settings | {"out": "two.pth"}, root)
    assert (root / "one.pth").read_bytes() == (root / "two.pth").read_bytes()


def test_another_seed_gives_other_weights(root):
    training.build(ENTRY, root)
    training.build(ENTRY | {"out": "two.pth", "seed": 1}, root)
    assert (root / "one.pth").read_bytes() != (root / "two.pth").read_bytes()


def test_the_claimed_accuracy_is_what_the_checkpoint_does(root):
    training.build(ENTRY, root)
    checkpoint = torch.load(root / "one.pth", weights_only=True)
    model = CustomCNN(2).eval()
    model.load_state_dict(checkpoint["model_state_dict"])
    images, labels, split = training.load_tiles(root / "tiles.parquet", root, 32)
    hits = training.predict_classes(model, images[split == "val"], 8) == labels[split == "val"]
    assert checkpoint["val_acc"] == pytest.approx(100 * hits.float().mean().item(), abs=0.01)
    assert checkpoint["config"]["IMAGE_SIZE"] == 32


def test_training_sees_what_a_study_sees(root):
    ours, _, _ = training.load_tiles(root / "tiles.parquet", root, 32)
    preprocessing = Preprocessing(size=32, resize="squash")
    names = pd.read_parquet(root / "tiles.parquet")["image"]
    theirs = inputs.fitted_photos([root / name for name in names], preprocessing)
    assert np.array_equal(theirs, ((ours + 1) * 127.5).round().permute(0, 2, 3, 1).numpy().astype(np.uint8))


def test_augmentation_only_turns_flips_and_lights():
    batch = torch.rand(64, 3, 5, 5) * 0.5 - 0.9
    moved = training.augment_batch(batch, torch.Generator().manual_seed(0))
    light = (moved + 1).mean((1, 2, 3)) / (batch + 1).mean((1, 2, 3))
    assert light.min() >= 0.8 - 1e-4
    assert light.max() <= 1.2 + 1e-4
    whole = ((moved + 1) / light[:, None, None, None] - 1).flatten(1).sort(1).values
    assert torch.allclose(whole, batch.flatten(1).sort(1).values, atol=1e-5)
    assert len({tuple(image.flatten().tolist()) for image in moved}) == 64


@pytest.mark.parametrize("key", ["network", "size", "batch", "steps", "rate", "seed"])
def test_a_missing_setting_is_named(key):
    with pytest.raises(SeewhyError, match=f"'{key}'"):
        training.Recipe.from_entry({name: value for name, value in ENTRY.items() if name != key})


def test_network_that_does_not_exist():
    with pytest.raises(SeewhyError, match="network 'lite1'"):
        training.Recipe.from_entry(ENTRY | {"network": "lite1"})


def test_the_net_halves_four_times():
    net = CustomCNN(3).eval()
    seen = {}
    net.block4.register_forward_hook(lambda _module, _inputs, output: seen.update(shape=output.shape))
    assert net(torch.rand(2, 3, 80, 80)).shape == (2, 3)
    assert seen["shape"] == (2, 192, 5, 5)
