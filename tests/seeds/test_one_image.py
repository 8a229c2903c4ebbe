"""The blog post: one image, a network of the zoo, its weights in a file of one's own."""

import json

from tests.seeds.conftest import MEAN, STD, one_image

DATASETS = {
    "one-image": {
        "task": "classification",
        "images": "data/inputs/mine/image",
        "classes": "data/inputs/mine/imagenet.txt",
    }
}
STUDIES = {
    "posts-resnet": {
        "dataset": "one-image",
        "checkpoint": "data/inputs/mine/resnet50.pth",
        "architecture": "torchvision:resnet50",
        "preprocessing": {"size": 64, "mean": MEAN, "std": STD},
    }
}


def test_two_entries_are_enough(start, cli):
    root = start(one_image, DATASETS, STUDIES)
    for words in (("dataset", "one-image"), ("strip",), ("run", "01_model", "posts-resnet")):
        assert cli(*words) == (0, "")
    assert cli("explain", "posts-resnet") == (0, "")
    assert cli("run", "02_grad_cam", "posts-resnet") == (0, "")
    folder = root / "reports/posts-resnet"
    assert "Accuracy was not run" in (folder / "01_model.html").read_text()
    assert "Activation" in (folder / "02_grad_cam.html").read_text()
    assert json.loads((folder / "metrics/model.json").read_text())["images"] == 1
