import json
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image

from demo import lite0
from demo.photos import class_names
from seewhy.errors import SeewhyError

ROOT = Path(__file__).parents[2]  # its data/inputs/packages keeps what was fetched


def test_names_go_over_in_order():
    theirs = {"a": torch.zeros(3, 2), "b": torch.ones(2)}
    ours = {"stem": torch.empty(3, 2), "head": torch.empty(2)}
    renamed = lite0.rename_tensors(theirs, ours)
    assert list(renamed) == ["stem", "head"]
    assert renamed["head"] is theirs["b"]


def test_a_wrong_shape_or_count_is_refused():
    theirs = {"a": torch.zeros(3, 2), "b": torch.ones(2)}
    with pytest.raises(SeewhyError, match=r"b of .* has shape \(2,\), head of .* \(4,\)"):
        lite0.rename_tensors(theirs, {"stem": torch.empty(3, 2), "head": torch.empty(4)})
    with pytest.raises(SeewhyError, match="holds 2 tensors"):
        lite0.rename_tensors(theirs, {"stem": torch.empty(3, 2)})


def test_the_real_weights_know_an_espresso(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/inputs").symlink_to(ROOT / "data/inputs")
    lite0.build({"out": "lite0.pth"}, tmp_path)
    checkpoint = torch.load(tmp_path / "lite0.pth", weights_only=True)
    assert checkpoint["config"] == {
        "MODEL_NAME": "tf_efficientnet_lite0",
        "NUM_CLASSES": 1000,
        "IMAGE_SIZE": 224,
        "IMAGENET_MEAN": [0.5, 0.5, 0.5],
        "IMAGENET_STD": [0.5, 0.5, 0.5],
    }
    assert "val_acc" not in checkpoint
    model = timm.create_model("tf_efficientnet_lite0").eval()
    model.load_state_dict(checkpoint["model_state_dict"])
    with torch.inference_mode():
        probabilities = model(coffee()).softmax(1)[0]
    assert class_names()[int(probabilities.argmax())] == "espresso"
    assert probabilities.max() == pytest.approx(0.95, abs=0.02)


def coffee():
    """scikit-image's coffee as Lite0 takes it: 256 pixels bicubic, the middle 224, mean and std 0.5."""
    from skimage import data

    photo = Image.fromarray(data.coffee()).resize((384, 256), Image.Resampling.BICUBIC).crop((80, 16, 304, 240))
    return torch.from_numpy(np.asarray(photo).copy()).permute(2, 0, 1)[None] / 127.5 - 1


def test_equal_weights_give_equal_bytes(tmp_path):
    state = {"a": torch.arange(6.0).reshape(2, 3)}
    for name in ("one.pth", "two.pth"):
        lite0.save_checkpoint(tmp_path / name, {"a": state["a"].clone()}, "Net", 2, 32, 1, val_acc=87.5)
    assert (tmp_path / "one.pth").read_bytes() == (tmp_path / "two.pth").read_bytes()
    content = torch.load(tmp_path / "one.pth", weights_only=True)
    assert content["val_acc"] == 87.5
    assert json.dumps(content["config"])
