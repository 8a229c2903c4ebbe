"""Waste sorting: three torchvision networks, trained by one script, in one params.yaml."""

import json

import pytest

from tests.seeds.conftest import STEMS


def held(folder):
    """The figures of a study whose weights know nothing: eight images looked at, all of them labelled."""
    metrics = json.loads((folder / "metrics/model.json").read_text())
    return {path.stem for path in (folder / "metrics").glob("*.json")}, metrics["images"], metrics["accuracy_n"]


def test_a_network_passes_through_every_page(start, cli):
    root = start("waste")
    for words in (
        ("dataset", "waste"),
        *((verb, "waste-mobile") for verb in ("explain", "measure", "pages", "render")),
    ):
        assert cli(*words) == (0, ""), words
    folder = root / "reports/waste-mobile"
    assert sorted(path.stem for path in folder.glob("*.html")) == STEMS
    first = (folder / "01_model.html").read_text()
    assert "The checkpoint claims 91.2\N{NO-BREAK SPACE}% on other images, which is more than here" in first
    assert "25 epochs" in first
    assert held(folder) == ({stem.partition("_")[2] for stem in STEMS}, 8, 8)


@pytest.mark.parametrize("study", ["waste-resnet", "waste-efficient"])
def test_so_do_the_others_in_the_same_file_of_settings(start, pages, study):
    root = start("waste")
    pages("waste", study)
    assert held(root / "reports" / study) == ({stem.partition("_")[2] for stem in STEMS}, 8, 8)
