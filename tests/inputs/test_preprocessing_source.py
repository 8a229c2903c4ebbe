"""Where preprocessing comes from when the user says little."""

import json

import pytest
import torch

from seewhy.config.preprocessing import Preprocessing
from seewhy.errors import SeewhyError
from seewhy.inputs.checkpoint import Checkpoint
from seewhy.inputs.preprocessing_source import resolve_preprocessing, settings_of_config

WHERE = "studies.a.preprocessing"


def resolve(given, config, tmp_path, architecture="my_nets:Net"):
    point = Checkpoint({}, "", config=config)
    return resolve_preprocessing(given, point, tmp_path / "a.pth", architecture, [(40, 30)], WHERE)


def test_timms_training_arguments(tmp_path):
    config = {
        **{"img_size": 64, "input_size": None, "mean": [0.5] * 3, "std": [0.5] * 3},
        **{"crop_pct": 0.8, "interpolation": "bicubic"},
    }
    found = resolve(Preprocessing(), config, tmp_path, "timm:mobilenetv3_small_050")
    seen = found.preprocessing
    assert (seen.size, seen.mean, seen.resize, seen.crop, seen.interpolation) == (
        64,
        (0.5,) * 3,
        "crop",
        0.8,
        "bicubic",
    )
    assert found.sentence == "size, mean, std, resize, crop, interpolation from the checkpoint"
    said = resolve(Preprocessing(resize="squash"), config, tmp_path)
    assert said.preprocessing.resize == "squash"
    assert said.preprocessing.crop == 1.0  # who says how images are fitted says all of it
    assert said.sentence == "resize from params.yaml; size, mean, std, interpolation from the checkpoint"


@pytest.mark.parametrize(
    ("config", "wanted"),
    [
        ({"input_size": (3, 96, 128), "mean": 0.5}, {"size": [96, 128], "mean": 0.5}),
        ({"crop_pct": None}, {"resize": "crop", "crop": 0.875}),
        ({"crop_pct": 1.0, "crop_mode": "squash"}, {"resize": "squash", "crop": 1.0}),
        ({"data_config": {"input_size": (3, 8, 8), "crop_pct": 0.9, "interpolation": "bilinear"}},
         {"size": 8, "resize": "crop", "crop": 0.9, "interpolation": "bilinear"}),
        ({"mean": torch.tensor([0.5, 0.5, 0.5])}, {"mean": [0.5, 0.5, 0.5]}),
    ],
)  # fmt: skip
def test_what_a_config_says(config, wanted):
    assert settings_of_config(config) == wanted


def test_timms_own_settings_where_nobody_says_any(tmp_path):
    found = resolve(Preprocessing(), {}, tmp_path, "timm:tf_efficientnet_lite0")
    seen = found.preprocessing
    assert (seen.size, seen.mean, seen.resize, seen.crop) == (224, (0.5,) * 3, "crop", 0.875)
    assert found.sentence.endswith("from timm's settings of timm:tf_efficientnet_lite0")
    own = resolve(Preprocessing(size=64, mean=[0.1], std=[0.2]), {}, tmp_path, "timm:tf_efficientnet_lite0")
    assert (own.preprocessing.size, own.preprocessing.resize, own.sentence) == (
        64,
        "squash",
        "size, mean, std from params.yaml",
    )


def test_a_hubs_config_beside_the_weights(tmp_path):
    config = {
        "input_size": [3, 48, 48],
        "mean": [0.1] * 3,
        "std": [0.2] * 3,
        "crop_pct": 0.9,
        "interpolation": "bicubic",
    }
    (tmp_path / "config.json").write_text(json.dumps({"architecture": "resnet18", "pretrained_cfg": config}))
    found = resolve(Preprocessing(), {}, tmp_path)
    assert (found.preprocessing.size, found.preprocessing.crop) == (48, 0.9)
    assert found.sentence == "size, mean, std, resize, crop, interpolation from config.json beside it"


def test_the_users_own_keys_go_before_a_processors_file(tmp_path):
    (tmp_path / "preprocessor_config.json").write_text('{"size": {"height": 8, "width": 8}, "image_mean": [0.5]}')
    given = Preprocessing(size=16, mean=[0.1], std=[0.2])
    assert resolve(given, {}, tmp_path).preprocessing.size == 16
    with pytest.raises(SeewhyError, match=r"image_std of preprocessor_config\.json: found None"):
        resolve(Preprocessing(), {}, tmp_path)
    (tmp_path / "preprocessor_config.json").write_text("[")
    with pytest.raises(SeewhyError, match=r"missing key 'studies.a.preprocessing.size': the checkpoint has none"):
        resolve(Preprocessing(), {}, tmp_path)


def test_the_line_alone_is_taken_where_there_is_one(tmp_path):
    line = Preprocessing.model_validate("T.Compose([T.Resize((8, 8)), T.ToTensor()])")
    found = resolve(line, {"mean": [0.5], "std": [0.5]}, tmp_path)
    assert (found.preprocessing.mean, found.preprocessing.normalise) == (None, "none")
    assert found.sentence == "all from the line in studies.a.preprocessing"


@pytest.mark.parametrize(
    ("line", "shape", "channels"),
    [
        ("T.Compose([T.ToTensor(), T.Normalize(0.5, 0.2)])", (8, 1, 3, 3), "grey"),
        ("T.Compose([T.ToTensor(), T.Normalize(0.5, 0.2)])", (8, 3, 3, 3), "rgb"),
        ("T.Compose([T.ToTensor(), T.Normalize(0.5, 0.2)])", (3, 1, 3, 3), "rgb"),  # three channels one by one
        ("T.Compose([T.ToTensor(), T.Normalize([0.5] * 3, [0.2] * 3)])", (8, 1, 3, 3), "rgb"),
        ("T.Compose([T.Grayscale(3), T.ToTensor()])", (8, 1, 3, 3), "rgb"),
    ],
)
def test_a_first_layer_of_one_channel_gets_grey_images_where_nothing_says_more(tmp_path, line, shape, channels):
    point = Checkpoint({"conv.weight": torch.ones(shape)}, "")
    file = tmp_path / "a.pth"
    found = resolve_preprocessing(Preprocessing(transform=line), point, file, "net.py:Net", [(40, 30)], WHERE)
    assert found.preprocessing.channels == channels
    assert ("channels from the weights' first layer, which takes one" in found.sentence) is (channels == "grey")
    said = Preprocessing(transform=line, channels="rgb")
    assert resolve_preprocessing(said, point, file, "net.py:Net", [(40, 30)], WHERE).preprocessing.channels == "rgb"
