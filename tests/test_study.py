import json

import numpy as np
import pandas as pd
import pytest
import torch

from seewhy import open_study
from seewhy.config import artifacts
from seewhy.errors import SeewhyError
from seewhy.report.pages import facts
from seewhy.study import Study
from tests.conftest import CONFIG, checkpoint


@pytest.fixture
def checked(project, cli):
    assert cli("dataset", "things") == (0, "")
    return project


def predict() -> Study:
    study = open_study("tiny")
    study.save_predictions(study.predict())
    return open_study("tiny")


def refusal(ask):
    with pytest.raises(SeewhyError) as error:
        ask(open_study("tiny"))
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.usefixtures("checked")
def test_a_study_is_ready_in_one_line():
    study = open_study("tiny")
    assert (study.layer, study.size, len(study.dataset.frame)) == ("features", (32, 32), 12)
    assert study.preprocessing.mean == (0.485, 0.456, 0.406)
    assert study.inputs(study.dataset.frame.head(2)).shape == (2, 3, 32, 32)
    assert study.checkpoint.claimed_accuracy == 0.915


@pytest.mark.usefixtures("checked")
def test_predictions_are_those_of_the_plain_model():
    study = open_study("tiny")
    with torch.no_grad():
        wanted = study.model(study.inputs(study.dataset.frame)).softmax(1)
    found = torch.from_numpy(np.stack(study.predict()["probabilities"]))
    torch.testing.assert_close(found, wanted, atol=1e-6, rtol=1e-5)  # 12 images in batches of 5


@pytest.mark.usefixtures("checked")
def test_predictions_come_back_in_the_order_of_the_dataset():
    study = predict()
    assert study.predictions["image"].tolist() == study.dataset.frame["image"].tolist()
    assert study.predictions["correct"].isna().tolist() == [False] * 11 + [True]
    table = pd.read_csv(study.files("metrics/confusion.csv")[0])
    assert (list(table.columns), len(table)) == (["label", "predicted"], 11)


@pytest.mark.usefixtures("checked")
def test_after_predicting_the_same_model_can_be_explained():
    study = open_study("tiny")
    study.predict()
    assert not any(weight.is_inference() for weight in study.model.parameters())


def test_two_runs_predict_equal_bytes(checked):
    path = artifacts.predictions_path(checked.root, "tiny")
    contents = [(predict(), path.read_bytes())[1] for _ in range(2)]
    assert contents[0] == contents[1]


def test_predictions_of_another_checkpoint_are_refused(checked):
    predict()
    checked.save(epoch=4)
    assert refusal(lambda study: study.predictions).startswith(
        "the predictions of study 'tiny' are of another checkpoint"
    )


def test_predictions_of_other_images_are_refused(checked, cli):
    checked.write(checked.manifest.iloc[:-2])
    cli("dataset", "things")
    predict()
    checked.write(checked.manifest.iloc[:-2].assign(image=lambda rows: [*rows["image"][1:], "cat-4.png"], label=""))
    cli("dataset", "things")
    line = refusal(lambda study: study.predictions)
    assert line.endswith("or of other images; make them again: dvc repro explain@tiny")


def test_predictions_that_are_not_there_or_damaged_name_the_stage(checked):
    assert "make it with: dvc repro explain@tiny" in refusal(lambda study: study.predictions)
    artifacts.predictions_path(checked.root, "tiny").parent.mkdir()
    artifacts.predictions_path(checked.root, "tiny").write_bytes(b"PAR1")
    assert "is damaged or not of this project; make it again: dvc repro -f explain@tiny" in refusal(
        lambda study: study.predictions
    )


def test_boxes_are_in_pixels_of_the_input(checked):
    checked.set("studies.tiny.preprocessing", {"size": 64})
    study = open_study("tiny")
    first, second = study.boxes(study.dataset.frame.head(2))
    assert first.shape == (0, 4)
    assert second.tolist() == [[8, 8, 40, 48]]


WRONG = [
    (
        "studies.tiny.layer",
        "features.9",
        "layer",
        "unknown layer 'features.9' in study 'tiny'; did you mean 'features.2'",
    ),
    (
        "studies.tiny.split",
        "val",
        "dataset",
        "studies.tiny.split: unknown split 'val'; allowed: test (dataset 'things')",
    ),
    ("studies.tiny.checkpoint", "no.pth", "checkpoint", "studies.tiny.checkpoint: there is no checkpoint"),
    ("studies.tiny.architecture", "my_nets:Tyni", "model", "unknown architecture 'my_nets:Tyni' in study 'tiny'"),
    ("studies.tiny.architecture", "timm:resnet", "model", "unknown architecture 'timm:resnet' in study 'tiny'"),
    (
        "studies.tiny.arguments",
        {"wide": 1},
        "model",
        "my_nets:Tiny refuses its arguments {'wide': 1, 'num_classes': 2}",
    ),
]


@pytest.mark.parametrize(("key", "value", "asked", "line"), WRONG, ids=[f"{key}={value}" for key, value, *_ in WRONG])
def test_a_wrong_setting_is_one_line(checked, key, value, asked, line):
    checked.set(key, value)
    assert line in refusal(lambda study: getattr(study, asked))


def test_a_device_that_is_not_there_is_one_line(checked, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    checked.set("base.device", "cuda")
    assert "base.device: found 'cuda'; allowed on this machine: auto, cpu" in refusal(lambda study: study.model)


def test_another_number_of_classes_in_the_checkpoint(checked):
    weights = checkpoint()["model_state_dict"] | {"head.weight": torch.zeros(7, 8), "head.bias": torch.zeros(7)}
    checked.save(model_state_dict=weights)
    line = refusal(lambda study: study.model)
    assert line == "study 'tiny': the checkpoint has 7 classes ('head.bias'), the dataset 2; allowed: equal numbers"


@pytest.mark.usefixtures("project")
def test_an_unknown_study_is_named():
    with pytest.raises(SeewhyError, match=r"unknown study 'tinny' in params.yaml; did you mean 'tiny'"):
        open_study("tinny")


def test_settings_win_over_the_checkpoints_config(checked):
    checked.set("studies.tiny.preprocessing", {"size": 48, "mean": [0.5], "std": None})
    seen = open_study("tiny").preprocessing
    assert (seen.size, seen.mean, seen.std) == (48, (0.5,), tuple(CONFIG["IMAGENET_STD"]))


def test_a_config_in_numpy_numbers_works(checked):
    checked.save(
        config={"IMAGE_SIZE": np.int64(40), "IMAGENET_MEAN": np.full(3, 0.5), "IMAGENET_STD": [np.float32(1)] * 3}
    )
    seen = open_study("tiny").preprocessing
    assert (seen.size, seen.mean, seen.std) == (40, (0.5, 0.5, 0.5), (1.0, 1.0, 1.0))


@pytest.mark.parametrize(
    ("config", "line"),
    [
        ({}, "missing key 'studies.tiny.preprocessing.size': the checkpoint has none"),
        ({"IMAGE_SIZE": 8, "IMAGENET_MEAN": [0.5]}, "missing key 'studies.tiny.preprocessing.std'"),
        (CONFIG | {"IMAGE_SIZE": "big"}, "size in studies.tiny.preprocessing and the checkpoint's config: found 'big'"),
        (
            CONFIG | {"IMAGENET_MEAN": [1, 2]},
            "mean in studies.tiny.preprocessing and the checkpoint's config: found [1, 2]",
        ),
        (CONFIG | {"IMAGENET_MEAN": [[1], [2, 3]]}, "mean.0 in studies.tiny.preprocessing and the checkpoint's config"),
        (
            CONFIG | {"IMAGENET_STD": [0, 1, 1]},
            "std.0 in studies.tiny.preprocessing and the checkpoint's config: found 0",
        ),
    ],
)
def test_a_config_that_does_not_tell_is_one_line(checked, config, line):
    checked.save(config=config)
    assert line in refusal(lambda study: study.preprocessing)


def test_provenance_names_files_and_no_machine(checked):
    told = facts.study_provenance(predict(), steps=4, gallery=60)
    assert told["parameters"] == {"gallery": 60, "steps": 4}
    assert artifacts.file_sha256(checked.root / "tiny.pth")[:12] in told["checkpoint"]
    assert str(checked.root) not in json.dumps(told)


def test_outputs_that_look_like_probabilities_are_told_unless_the_study_says_what_they_are(checked):
    def rows(*probabilities):
        return pd.DataFrame({"probabilities": [np.array(row) for row in probabilities]})

    flat, sure = rows([0.5, 0.5], [0.7, 0.3]), rows([0.5, 0.5], [0.9, 0.1])  # outputs ln(7/3) < 1 and ln 9 > 1 apart
    (line,) = facts.probability_warnings(open_study("tiny"), flat)
    assert "set `studies.tiny.output` to `sigmoid` or `softmax`" in line
    assert facts.probability_warnings(open_study("tiny"), sure) == []
    checked.set("studies.tiny.output", "sigmoid")
    assert facts.probability_warnings(open_study("tiny"), flat) == []


@pytest.mark.usefixtures("checked")
def test_targets_are_a_rows_own_unless_another_class_is_named():
    study = predict()
    rows = study.predictions.head(2).assign(target=[7, 8], predicted=["tree", "cup"])  # 7: the place of a word, say
    assert study.row_targets(rows) == [7, 8]
    assert study.row_targets(rows, ["tree", "cat"]) == [7, 1]
