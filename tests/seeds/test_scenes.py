"""Captions: a CNN-LSTM of one's own, with its vocabulary as an object of one's own class."""

import json

import pandas as pd


def written(root):
    """The words of the captions, image by image."""
    rows = pd.read_csv(root / "reports/captions/predictions.csv")
    return rows.groupby("image")["predicted"].agg(list)


def test_a_captioner_passes_through_every_page(start, pages):
    root = start("scenes")
    found = pages("scenes", "captions")
    words = written(root)
    assert len(words) == 3
    for said in words:
        assert " ".join(said) in found["01_model"].replace("\n", " ")
    assert {word for said in words for word in said} <= {"a", "dog", "runs", "on", "the", "left", "grass"}
    assert all(f">{word}<" in found["02_grad_cam"] for said in words for word in said)
    assert "No image has a reference caption" in found["01_model"]
    assert "no word can be called wrong" in found["06_misclassification"]
    metrics = json.loads((root / "reports/captions/metrics/misclassification.json").read_text())
    assert (metrics["references"], metrics["wrong_words"]) == (0, 0)


def test_references_are_read_from_rows_of_image_and_caption(start, pages):
    root = start("scenes", 1)
    found = pages("scenes", "captions")
    assert "No image has a reference caption" not in found["01_model"]
    metrics = json.loads((root / "reports/captions/metrics/misclassification.json").read_text())
    assert metrics["references"] == 3
