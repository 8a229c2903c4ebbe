"""The doctor's look at neighbouring settings: it names a clearly better one, and keeps still about noise."""

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from seewhy.config.preprocessing import Preprocessing
from seewhy.config.project import find_project
from seewhy.doctor import examination
from seewhy.doctor.preprocessing_check import better_neighbours, labelled_sample, neighbour_preprocessings, paired_p
from seewhy.inputs.transform_line import parse_line
from seewhy.study import open_study

NET = '''
from torch import nn


class Colour(nn.Module):
    """Says which of the first and the last channel is stronger, in the left half."""

    def __init__(self, num_classes=2):
        super().__init__()
        self.features = nn.Conv2d(3, 2, 1)

    def forward(self, x):
        return self.features(x)[..., : x.shape[-1] // 2].mean((2, 3))
'''
WEIGHTS = {
    "features.weight": torch.tensor([[1.0, 0, -1], [-1, 0, 1]])[..., None, None],
    "features.bias": torch.zeros(2),
}
RED, BLUE = (200, 90, 60), (60, 90, 200)


@pytest.fixture
def colours(project):
    """Twenty-four photos, left half red (cup) or blue (cat), right half the other; a network that reads blue first."""
    (project.root / "my_nets.py").write_text(NET)
    weights = {**WEIGHTS, "features.weight": WEIGHTS["features.weight"].flip(1)}
    torch.save({"model_state_dict": weights}, project.root / "tiny.pth")
    rows = []
    for k in range(24):
        image = Image.new("RGB", (40, 40), BLUE if k % 2 == 0 else RED)
        image.paste(RED if k % 2 == 0 else BLUE, (0, 0, 20, 40))
        image.save(project.root / f"mine/{k}.png")
        rows.append({"image": f"{k}.png", "label": "cup" if k % 2 == 0 else "cat"})
    project.write(pd.DataFrame(rows))
    project.set("studies.tiny.architecture", "my_nets:Colour")
    project.set("studies.tiny.preprocessing", {"size": 32, "mean": [0.5], "std": [0.5]})
    return project


def said(what="preprocessing"):
    return [(line.mark, line.text) for line in examination.examine_study(find_project(), "tiny") if line.what == what]


def test_blue_first_is_found_and_the_advice_mends_it(colours):
    warnings = [text for mark, text in said() if mark == "warning"]
    assert warnings == [
        "blue first (BGR) would be right on 100% of 24 labelled images, this setting is on 0%: if that is how the "
        "network was trained, set preprocessing.channels: bgr"
    ]
    colours.set("studies.tiny.preprocessing.channels", "bgr")
    assert [mark for mark, _ in said()] == ["ok", "ok"]
    assert "other settings is clearly better on 24 labelled images" in said()[-1][1]


def test_a_network_trained_on_lying_photos_is_found(colours):
    exif = Image.Exif()
    exif[0x0112] = 2  # to be mirrored when shown
    for k in range(24):
        Image.open(colours.root / f"mine/{k}.png").save(colours.root / f"mine/{k}.png", exif=exif)
    colours.set("studies.tiny.preprocessing.channels", "bgr")
    lines = said()
    assert ("ok", "24 of 24 images are turned by EXIF; taken upright") in lines
    assert any(mark == "warning" and "preprocessing.exif: stored" in text for mark, text in lines)
    colours.set("studies.tiny.preprocessing.exif", "stored")
    assert all(mark == "ok" for mark, _ in said())


def test_lines_of_the_users_own_in_params(colours):
    line = "T.Compose([T.RandomHorizontalFlip(), T.Resize((32, 32)), T.ToTensor(), T.Lambda(lambda x: x[[2, 1, 0]])])"
    colours.set("studies.tiny.preprocessing", line)
    colours.set("studies.tiny.split", "random_split([0.5, 0.5], seed=42)[1]")
    texts = [text for _, text in said()]
    assert texts[0].startswith(
        "32 × 32 pixels, resize squash 32 x 32 (bilinear, pil), blue first (BGR); pixel / 255, no"
    )
    assert texts[0].endswith("(all from the line in studies.tiny.preprocessing)")
    assert "left out of the line, since random: RandomHorizontalFlip" in texts
    study = open_study("tiny")
    wanted = torch.utils.data.random_split(range(24), [0.5, 0.5], torch.Generator().manual_seed(42))[1]
    assert [int(name.split("/")[-1][:-4]) for name in study.dataset.frame["image"]] == sorted(wanted.indices)
    assert study.size == (32, 32)
    assert study.predict()["correct"].all()


def test_a_line_without_a_size_takes_that_of_the_images(colours):
    colours.set("studies.tiny.preprocessing", "T.Compose([T.ToTensor(), T.Normalize([0.5] * 3, [0.5] * 3)])")
    examination.print_examination(find_project(), ["tiny"])
    assert open_study("tiny").size == (40, 40)
    Image.new("RGB", (50, 40)).save(colours.root / "mine/3.png")
    (line,) = [line for line in examination.examine_study(find_project(), "tiny") if line.mark == "problem"]
    assert "studies.tiny.preprocessing: leaves images of 2 sizes (40 x 40, 50 x 40)" in line.text


def test_a_wrong_line_names_its_key(colours, cli):
    colours.set("studies.tiny.preprocessing", "T.Compose([T.Resize(32), hair_removal()])")
    code, text = cli("doctor")
    assert code == 1
    assert text.startswith("seewhy: studies.tiny.preprocessing in params.yaml: found 'T.Compose([")
    assert "unknown transform 'hair_removal'" in text
    assert text.count("\n") == 1


def test_noise_is_no_finding():
    draw = np.random.default_rng(0)
    for _ in range(20):
        one, other = draw.random(64) < 0.7, draw.random(64) < 0.7
        assert paired_p(one, other) > 0.001
    assert paired_p(np.ones(9, bool), np.ones(9, bool)) == 1


def test_only_neighbours_that_change_something_are_tried(tmp_path):
    Image.new("RGB", (64, 64)).save(tmp_path / "square.png")
    Image.new("RGB", (90, 64)).save(tmp_path / "wide.png")

    def names(seen, file):
        return [one.name for one in neighbour_preprocessings(seen, [tmp_path / file])]

    plain = Preprocessing(size=32, mean=[0.5], std=[0.5])
    assert names(plain, "square.png") == [
        *("blue first (BGR)", "pixel / 255 without mean and std", "pixels of 0 to 255 as they are"),
        "ImageNet's mean and std",
    ]
    assert names(plain, "wide.png")[-1] == "the centre, uncompressed"
    line = Preprocessing.model_validate("A.Compose([A.Resize(32, 32), A.Normalize(), ToTensorV2()])")
    assert "ImageNet's mean and std" not in names(line, "square.png")
    assert "blue first (BGR)" not in names(Preprocessing(size=32, mean=[0.5], std=[0.5], grey=True), "wide.png")
    assert parse_line("A.Normalize()").steps[0].kind == "normalise"


def test_a_neighbour_under_which_the_network_fails_is_none(tmp_path):
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")

    def predict(seen):
        if seen.steps is not None:
            raise RuntimeError
        return np.zeros(12, bool)

    assert better_neighbours(Preprocessing(size=32, mean=[0.5], std=[0.5]), [tmp_path / "a.png"], predict) == (0, [])


def test_the_sample_is_labelled_and_seeded():
    frame = pd.DataFrame({"label": ["a", None] * 100})
    sample = labelled_sample(frame, 0)
    assert len(sample) == 64
    assert sample["label"].notna().all()
    assert sample.equals(labelled_sample(frame, 0))
    assert not sample.index.equals(labelled_sample(frame, 1).index)
