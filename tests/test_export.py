"""Maps of pictures that are in no manifest: what stands in the folder afterwards."""

import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import seewhy
from seewhy import export, open_study
from tests.conftest import checkpoint


@pytest.fixture
def pictures(project, tmp_path):
    """Three pictures outside the project, two of them of one name."""
    folder = tmp_path / "pictures"
    (folder / "more").mkdir(parents=True)
    for name, source in (("a.png", "cup-0"), ("b.png", "cat-0"), ("more/a.png", "cup-2")):
        shutil.copy(project.root / f"mine/{source}.png", folder / name)
    return folder


@pytest.fixture
def call(cli, pictures, tmp_path):
    def called(pattern="**/*.png", methods="gradcam", *words):
        names = ["--images", f"{pictures}/{pattern}", "--methods", methods, "--out", f"{tmp_path}/out"]
        return cli("export", "tiny", *names, *words)

    return called


def table(tmp_path):
    return pd.read_csv(tmp_path / "out/maps.csv")


def files(tmp_path):
    folder = tmp_path / "out"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_picture_has_an_overlay_a_raw_map_and_a_line_for_each_method(call, pictures, tmp_path):
    assert call("**/*.png", "gradcam, guided_gradcam") == (0, "")
    lines, study = table(tmp_path), open_study("tiny")
    assert lines["image"].tolist() == ["a.png", "a.png", "b.png", "b.png", "more/a.png", "more/a.png"]
    assert lines["method"].tolist() == ["gradcam", "guided_gradcam"] * 3
    for line in lines.to_dict("records"):
        batch = study.inputs(pd.DataFrame({"image": [str(pictures / line["image"])]}))
        result = seewhy.explain(study.model, batch, methods=[line["method"]], layer="features")
        wanted = result[line["method"]][0, 0].numpy()
        wanted = wanted.sum(0) if wanted.ndim == 3 else wanted
        found = np.load(tmp_path / "out" / line["map"])
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, wanted, atol=1e-5 * np.abs(wanted).max(), rtol=0)
        assert (line["height"], line["width"]) == found.shape
        assert (line["minimum"], line["maximum"]) == pytest.approx((found.min(), found.max()))
        assert line["target"] == int(result.predictions[0]) == study.dataset.classes.index(line["class"])
        assert line["score"] == pytest.approx(float(result.scores[0, 0]), rel=1e-4)
        assert line["confidence"] == pytest.approx(float(study.model_output(batch).softmax(1).max()), rel=1e-4)
        assert Image.open(tmp_path / "out" / line["overlay"]).size == (32, 32)
    assert len(files(tmp_path)) == 2 * len(lines) + 1


def test_the_same_call_writes_the_same_bytes_under_the_same_names(call, tmp_path):
    call()
    first = files(tmp_path)
    call()
    assert files(tmp_path) == first
    assert {name.partition(".png.")[0] for name in first} == {"a", "b", "more/a", "maps.csv"}


def test_a_picture_that_cannot_be_read_is_one_line_and_the_others_go_on(call, pictures, tmp_path):
    (pictures / "b.png").write_bytes(b"torn")
    code, said = call()
    assert code == 1
    assert said.startswith("image 'b.png' cannot be read: ")
    assert said.count("\n") == 1
    assert table(tmp_path)["image"].tolist() == ["a.png", "more/a.png"]


def test_a_class_and_a_layer_of_the_users_choice(call, pictures, tmp_path):
    assert call("a.png", "gradcam", "--class", "cup", "--layer", "features.0") == (0, "")
    (line,) = table(tmp_path).to_dict("records")
    study = open_study("tiny")
    batch = study.inputs(pd.DataFrame({"image": [str(pictures / "a.png")]}))
    wanted = seewhy.explain(study.model, batch, methods=["gradcam"], layer="features.0", targets=0)["gradcam"][0, 0]
    found = np.load(tmp_path / "out" / line["map"])
    np.testing.assert_allclose(found, wanted.numpy(), atol=1e-5 * float(wanted.abs().max()), rtol=0)
    assert (line["class"], line["target"], found.shape) == ("cup", 0, (32, 32))
    assert line["predicted"] in study.dataset.classes


def test_a_map_without_evidence_says_so_in_table_and_picture(project, call, pictures, tmp_path):
    weights = checkpoint()["model_state_dict"]
    project.save(model_state_dict=weights | {"head.weight": torch.zeros(2, 8)})
    call("a.png")
    (line,) = table(tmp_path).to_dict("records")
    assert bool(line["no evidence"])
    drawn, photo = (np.asarray(Image.open(path)) for path in (tmp_path / "out" / line["overlay"], pictures / "a.png"))
    assert (drawn != photo).any()
    np.testing.assert_array_equal(drawn[20:], photo[20:])


def test_a_run_that_is_stopped_leaves_whole_files_and_a_table_of_them(project, call, tmp_path, monkeypatch):
    project.set("base.batch_size", 1)
    real, count = export.explain_batch, iter(range(9))

    def dying(*given):
        if next(count) == 2:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(export, "explain_batch", dying)
    assert call()[0] == 130
    assert table(tmp_path)["image"].tolist() == ["a.png", "b.png"]
    assert len(files(tmp_path)) == 5


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["nothing/*.png"], "--images: nothing is found by '"),
        ([""], "--images: nothing is found by '"),
        (["*.png", "gradcamm"], "unknown method 'gradcamm' in --methods; did you mean 'gradcam'?"),
        (["*.png", ","], "--methods: found none; allowed: names separated by commas"),
        (["*.png", "gradcam", "--class", "cap"], "unknown class 'cap' in --class; did you mean 'cup'?"),
        (["*.png", "gradcam", "--layer", "feature"], "unknown layer 'feature' in --layer; did you mean 'features'?"),
    ],
)  # fmt: skip
def test_a_wrong_word_is_one_line(call, tmp_path, words, line):
    code, said = call(*words)
    assert (code, said.count("\n")) == (1, 1)
    assert said.startswith(f"seewhy: {line}")
    assert not (tmp_path / "out").exists()


def test_overlays_are_never_taken_for_pictures(cli, pictures):
    names = ["--images", f"{pictures}/*.png", "--methods", "gradcam", "--out", str(pictures)]
    code, said = cli("export", "tiny", *names)
    assert code == 1
    assert "--images: 'a.png' lies in --out" in said
    (pictures / "file").touch()
    assert "--out: '" in cli("export", "tiny", *names[:-1], str(pictures / "file"))[1]
    assert len(list(pictures.iterdir())) == 4
