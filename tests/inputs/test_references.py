"""Arrays that albumentations 2.0.8, fastai 2.8.5, ultralytics 8.4 and transformers 5.24 made, against ours.

references.npz holds two photos, the users' lines and processor configs, and what those libraries made of the photos.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seewhy.config.preprocessing import Preprocessing
from seewhy.inputs import images
from seewhy.inputs.checkpoint import Checkpoint
from seewhy.inputs.preprocessing_source import resolve_preprocessing

FILE = np.load(Path(__file__).with_name("references.npz"), allow_pickle=False)
LINES = [name for name in FILE.files if name.startswith("line") and "photo" not in name]
PROCESSORS = [name for name in FILE.files if name.startswith("processor") and "photo" not in name]


@pytest.fixture
def photos(tmp_path):
    for k in range(2):
        Image.fromarray(FILE[f"photo {k}"]).save(tmp_path / f"{k}.png")
    return [tmp_path / f"{k}.png" for k in range(2)]


def compare(name, seen, photos):
    for k, file in enumerate(photos):
        wanted = FILE[f"{name} photo {k}"]
        np.testing.assert_allclose(
            images.network_inputs([file], seen)[0], wanted, rtol=0, atol=1e-6, err_msg=str(FILE[name])
        )


@pytest.mark.parametrize("name", LINES)
def test_a_line_gives_what_its_library_gave(name, photos):
    compare(name, Preprocessing.model_validate(str(FILE[name])), photos)


@pytest.mark.parametrize("name", PROCESSORS)
def test_a_processors_file_gives_what_the_processor_gave(name, photos, tmp_path):
    (tmp_path / "preprocessor_config.json").write_text(str(FILE[name]))
    point = Checkpoint({}, "")
    found = resolve_preprocessing(
        Preprocessing(), point, tmp_path / "model.safetensors", "transformers:x", [(37, 53)], "studies.a.preprocessing"
    )
    assert found.sentence == "all from preprocessor_config.json beside the checkpoint"
    compare(name, found.preprocessing, photos)


def test_which_library_resized_is_told_by_the_version_beside_it(photos, tmp_path):
    for name in PROCESSORS:
        config = json.loads(str(FILE[name]))
        if not config["image_processor_type"].endswith("Fast"):
            continue
        config["image_processor_type"] = config["image_processor_type"].removesuffix("Fast")
        (tmp_path / "preprocessor_config.json").write_text(json.dumps(config))
        (tmp_path / "config.json").write_text('{"transformers_version": "5.24.0"}')
        point = Checkpoint({}, "")
        found = resolve_preprocessing(
            Preprocessing(), point, tmp_path / "model.safetensors", "transformers:x", [(37, 53)], "a"
        )
        compare(name, found.preprocessing, photos)
