"""What the doctor says of a healthy study, and of each way to fall ill."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from seewhy import open_study
from seewhy.config.dataset import Dataset as Settings
from seewhy.config.project import find_project
from seewhy.doctor import data_checks, examination, patient, sample_steps
from seewhy.inputs.dataset import Dataset
from tests.conftest import NET, checkpoint
from tests.seeds import nets

OTHER = '''

class Odd(Tiny):
    """Ends in a softmax, behind an activation that guided methods do not know."""

    def __init__(self, num_classes=2):
        super().__init__(num_classes)
        self.features = nn.Sequential(self.features[0], nn.Softplus(), self.features[2])

    def forward(self, x):
        return super().forward(x).softmax(1)


class Whole(nn.Module):
    """Each pixel's classes, and nothing after the last layer."""

    def __init__(self, num_classes=2):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU())
        self.head = nn.Conv2d(8, num_classes, 1)

    def forward(self, x):
        return self.head(self.features(x))
'''


def said(mark, name="tiny"):
    return [
        f"{line.what}: {line.text}" for line in examination.examine_study(find_project(), name) if line.mark == mark
    ]


def sure():
    """Weights of a network whose answers differ."""
    weights = checkpoint()["model_state_dict"]
    return weights | {"head.weight": weights["head.weight"] * 100}


def test_a_healthy_study_is_described_line_by_line(project, monkeypatch, capsys):
    project.save(model_state_dict=sure(), val_acc=None)
    monkeypatch.setattr(sample_steps.time, "monotonic", iter([1.0, 1.5]).__next__)
    examination.print_examination(find_project(), ["tiny"])
    lines = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()[1:]]
    assert {line[0] for line in lines} == {"ok"}
    found = {what: text for _, what, text in lines}
    assert found["dataset"] == "12 images of split 'test' in dataset 'things', 2 classes"
    assert found["labels"] == "cup 6, cat 5; 1 without"
    assert found["checkpoint"] == "4 tensors; claims: epoch 3"
    assert found["model"] == "my_nets:Tiny, 242 parameters, all from the checkpoint"
    assert found["layer"] == "features (auto), maps of 8 × 8 cells"
    assert found["methods"].startswith("Grad-CAM = HiResCAM = XGrad-CAM at this layer")
    assert found["forecast"] == "12 images x 0.125 s = 2 s for 2 stored methods"


@pytest.mark.usefixtures("project")
def test_it_says_the_same_twice_but_for_the_seconds():
    first, second = ([line for line in said("ok") if "forecast" not in line] for _ in range(2))
    assert first == second
    assert len(first) > 9


def test_one_ill_study_keeps_nobody_waiting(project, cli, monkeypatch):
    lines = []
    monkeypatch.setattr(examination.typer, "echo", lines.append)
    project.set("studies.ill", {"dataset": "things", "checkpoint": "tiny.pth", "architecture": "my_nets:Tinny"})
    project.set("studies.well", {"dataset": "things", "checkpoint": "tiny.pth", "architecture": "my_nets:Tiny"})
    assert cli("doctor")[0] == 1
    assert [line for line in lines if line in ("tiny", "ill", "well")] == ["tiny", "ill", "well"]
    assert sum("images x" in line for line in lines) == 2
    assert cli("doctor", "well")[0] == 0
    assert cli("doctor", "wel") == (1, "seewhy: unknown study 'wel' in params.yaml; did you mean 'well'? allowed: "
                                       "tiny, ill, well\n")  # fmt: skip


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("studies.tiny.checkpoint", "tinny.pth", "files: unknown file 'tinny.pth' in studies.tiny.checkpoint of "),
        (
            "studies.tiny.split",
            "val",
            "dataset: studies.tiny.split: unknown split 'val'; allowed: test (dataset 'things')",
        ),
        ("studies.tiny.layer", "featurs", "layer: unknown layer 'featurs' in study 'tiny'; did you mean 'features'?"),
        ("studies.tiny.layer", "head", "layer: "),
        ("studies.tiny.preprocessing", {"size": 32}, "preprocessing: missing key 'studies.tiny.preprocessing.mean'"),
        ("attributions.methods", ["gradcamm"], "names: unknown method 'gradcamm' in attributions.methods"),
        ("datasets.things.classes", ["cup"], "dataset: unknown label 'cat' in row 7 of dataset 'things'"),
        ("datasets.things.classes", ["cup", "cat", "cow"], "model: study 'tiny': the checkpoint has 2 classes"),
    ],
)
def test_a_problem_is_one_line_of_its_step(project, key, value, line):
    if "preprocessing" in key:
        project.save(config={})
    project.set(key, value)
    (found,) = said("problem")
    assert found.startswith(line)
    assert "\n" not in found


def test_dataset_and_checkpoint_are_both_looked_at(project):
    project.cell("label", "cow")
    (project.root / "tiny.pth").write_bytes(b"torn")
    assert [line.partition(":")[0] for line in said("problem")] == ["dataset", "checkpoint"]


def test_weights_that_are_not_finite_are_a_problem(project):
    weights = checkpoint()["model_state_dict"]
    project.save(model_state_dict=weights | {"head.bias": torch.tensor([0.0, torch.nan])})
    (line,) = said("problem")
    assert line.startswith("output: the model's output is not finite for 5 of 5 images")


def test_what_the_demonstration_has_yet_to_make_is_no_problem(project):
    project.set("demo.piece", {"recipe": "lite0", "from": "tiny.pth", "out": "made.pth"})
    project.set("studies.tiny.checkpoint", "made.pth")
    assert said("warning") == ["files: 'made.pth' is not there yet; make it with: dvc repro data/dvc.yaml:demo@piece"]
    assert said("problem") == []
    project.set("demo", {})
    project.set("datasets.things.demo", {"recipe": "photos", "out": "mine"})
    project.set("studies.tiny.checkpoint", "mine/made.pth")
    told = "files: 'mine/made.pth' is not there yet; make it with: dvc repro data/dvc.yaml:dataset@things"
    assert said("warning") == [told]


@pytest.mark.parametrize(("claim", "warned"), [(91.5, 0), (50.0, 1), (99.9, 1), (None, 0)])
def test_accuracy_far_from_the_claim_is_a_warning_and_noise_is_none(project, claim, warned):
    project.save(val_acc=claim)
    lines = [line for line in said("warning") if line.startswith("accuracy")]
    assert len(lines) == warned
    assert all("95 % interval" in line and "n = 11" in line for line in lines)


def test_settings_that_differ_from_the_checkpoints_own_are_the_sentences_of_the_first_page(project):
    project.set("studies.tiny.preprocessing", {"size": 48, "std": [1.0]})
    assert said("warning")[:2] == [
        "preprocessing: The checkpoint was made with IMAGE_SIZE = 32; this study uses 48.",
        "preprocessing: The checkpoint was made with IMAGENET_STD = [0.229, 0.224, 0.225]; this study uses (1.0,).",
    ]


def test_what_of_the_checkpoint_is_no_part_of_the_network_is_named(project):
    weights = {f"net.{name}": value for name, value in sure().items()}
    project.save(model_state_dict=weights | {"loss.weight": torch.ones(2)}, val_acc=None)
    assert said("warning") == ["model: left aside in the checkpoint, for no part of the network: loss.weight"]


def test_probabilities_activations_and_coarse_maps_are_noticed(project):
    (project.root / "my_nets.py").write_text(NET + OTHER)
    project.set("studies.tiny.architecture", "my_nets:Odd")
    project.set("studies.tiny.preprocessing", {"size": 8, "mean": [0.5], "std": [0.5]})
    found = said("warning")
    assert any(line.startswith("output: No two outputs of this network are more than 1 apart") for line in found)
    assert any(line.startswith("layer: features (auto), maps of 2 × 2 cells; that is coarse") for line in found)
    assert any(line.startswith("methods: guided methods do not know Softplus") for line in found)
    assert any(line.startswith("methods: guided methods will not run") for line in found)


def test_a_layer_that_is_the_answer_itself_is_noticed(project):
    (project.root / "my_nets.py").write_text(NET + OTHER)
    names = {}
    exec(NET + OTHER, names)
    weights = nets.made(names["Whole"]).state_dict()
    project.save(model_state_dict=weights | {"head.bias": torch.tensor([0.0, 9.0])}, config={})  # all of it is crown
    project.set("datasets.things", {"task": "segmentation", "images": "mine", "classes": ["ground", "crown"]})
    project.set("studies.tiny.architecture", "my_nets:Whole")
    project.set("studies.tiny.preprocessing", {"size": 16, "mean": [0.5], "std": [0.5]})
    project.set("studies.tiny.layer", "head")
    (line,) = (line for line in said("warning") if line.startswith("layer"))
    assert "nothing comes after it" in line
    project.set("studies.tiny.layer", "features")
    assert not [line for line in said("warning") if line.startswith("layer")]
    assert not said("problem")


def test_the_sample_is_of_labelled_images_as_far_as_there_are_any(project, monkeypatch):
    frame = project.manifest
    frame.loc[2:, "label"] = ""
    project.write(frame)
    monkeypatch.setattr(patient, "SAMPLE", 3)
    (line,) = (line for line in said("ok") + said("warning") if line.startswith("accuracy"))
    assert "n = 2)" in line
    assert "output: finite on 3 images, 3 rows to explain" in said("ok")


def test_one_number_for_both_sides_or_all_channels_is_the_same_setting(project):
    project.save(config={"IMAGE_SIZE": 32, "IMAGENET_MEAN": [0.5], "IMAGENET_STD": np.float32([0.3] * 3)})
    project.set("studies.tiny.preprocessing", {"size": [32, 32], "mean": [0.5, 0.5, 0.5], "std": [0.3]})
    assert not [line for line in said("warning") if line.startswith("preprocessing")]


def test_a_network_that_does_not_take_the_images_is_a_problem_of_its_study_alone(project):
    project.set("studies.tiny.preprocessing", {"size": 2, "mean": [0.5], "std": [0.5]})
    (line,) = said("problem")
    assert "the network does not take these images: RuntimeError" in line
    assert "see size, grey, mean and std" in line


def frame(names, labels=None):
    return pd.DataFrame({"image": names, "label": labels or [None] * len(names), "split": "test", "sha256": names})


PATIENTS = [f"mine/p{k // 4:03}_{k % 4}.png" for k in range(24)]
LABELS = ["cup", "cat", "cup", "cat"] * 6


@pytest.mark.parametrize(
    ("names", "labels", "said"),
    [
        (PATIENTS, LABELS, "file names suggest groups of images, as 4 of 'p000'"),
        (
            [f"site-{k // 6}/{k:05}.png" for k in range(24)],
            LABELS,
            "folders suggest groups of images, as 6 of 'site-0'",
        ),
        ([f"{'cup' if k < 12 else 'cat'}/{k:05}.png" for k in range(24)], LABELS, None),
        ([f"mine/cup-{k}.png" for k in range(24)], LABELS, None),
        ([f"mine/IMG_{k}_2.png" for k in range(24)], LABELS, None),
        ([f"mine/class{k % 2}_{k}.png" for k in range(24)], ["cup", "cat"] * 12, None),  # that is the class
    ],
)
def test_groups_are_asked_for_where_names_suggest_them(names, labels, said):
    found = Dataset("things", ["cup", "cat"], frame(names, labels), Path())
    settings = Settings(task="classification", images="mine", classes=["cup", "cat"])
    lines = [line[2] for line in data_checks.group_lines(found, settings)]
    assert [line.partition(":")[0] for line in lines] == ([said] if said else [])
    assert all(line.endswith("name the column: datasets.things.group") for line in lines)


def test_equal_files_are_told_and_counted_once(project):
    frame = project.manifest
    shutil.copy(project.root / "mine" / frame["image"][0], project.root / "mine/again.png")
    project.write(pd.concat([frame, frame.head(1).assign(image="again.png")], ignore_index=True))
    [line] = [line for line in said("warning") if line.startswith("copies")]
    assert line.startswith("copies: 1 images are equal to others of their split, as mine/")
    groups = open_study("tiny").image_groups
    assert groups["mine/again.png"] == groups["mine/cup-0.png"]
    assert groups.nunique() == 12


def test_a_column_says_which_images_belong_together(project, cli, refused):
    project.write(project.manifest.assign(patient=[f"p{k // 2}" for k in range(12)]))
    project.set("datasets.things.group", "patent")
    assert "unknown column 'patent' in manifest.csv of dataset 'things'; did you mean 'patient'?" in refused(
        "dataset", "things"
    )
    project.set("datasets.things.group", "patient")
    assert cli("dataset", "things") == (0, "")
    assert open_study("tiny").image_groups.tolist() == [k // 2 for k in range(12)]
    assert "groups: 12 images in 6 groups (column 'patient')" in said("ok")
