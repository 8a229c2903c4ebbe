"""The blog post: one image, a network of the zoo, its weights in a file of one's own."""

import json


def test_two_entries_are_enough(start, pages):
    root = start("one-image")
    found = pages("one-image", "posts-resnet")
    assert "No image has a label" in found["01_model"]
    assert "Activation" in found["02_grad_cam"]
    assert "Fewer than five images have a label" in found["02_grad_cam"]
    assert json.loads((root / "reports/posts-resnet/metrics/model.json").read_text())["images"] == 1
