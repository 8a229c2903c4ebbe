import json
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from demo import faces, pyemotion
from demo.nets import PyEmotionNet
from seewhy.config.params import Preprocessing
from seewhy.inputs import checkpoint, images

ROOT = Path(__file__).parents[2]  # its data/inputs/packages keeps what was fetched


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("faces")
    faces.build({"out": "faces"}, root)
    return root / "faces"


def test_a_hundred_grey_faces_without_labels(folder):
    manifest = pd.read_csv(folder / "manifest.csv")
    assert (list(manifest.columns), len(manifest)) == (["image", "split"], 100)
    assert {(image.mode, image.size) for image in map(Image.open, folder / manifest["image"])} == {("L", (25, 25))}
    assert json.loads((folder / "classes.json").read_text())[3] == "Happy"


def test_the_real_network_reads_its_own_weights_and_finds_smiles(folder, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/inputs").symlink_to(ROOT / "data/inputs")
    pyemotion.build({"out": "net.pkl"}, tmp_path)
    model = PyEmotionNet().eval()
    model.load_state_dict(checkpoint.load_checkpoint(tmp_path / "net.pkl", "test").weights)
    seen = Preprocessing(size=48, mean=[0.5], std=[0.5], grey=True)
    with torch.inference_mode():
        found = model(images.input_tensor(images.fitted_photos(sorted((folder / "images").iterdir()), seen), seen))
    said = Counter(np.array(faces.CLASSES)[found.argmax(1)].tolist())
    assert said == {"Happy": 38, "Neutral": 36, "Angry": 12, "Fear": 6, "Sad": 6, "Surprise": 2}
    assert float(found.min()) >= 0
    assert float(found.max()) <= 1
