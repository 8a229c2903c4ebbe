"""`seewhy new`: from files to a study, with comments kept, and refusals that name the option to add."""

import json
import re
from difflib import ndiff
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from seewhy import open_study
from seewhy.config.project import Project
from seewhy.errors import SeewhyError
from tests.conftest import CLASSES, CONFIG, checkpoint

GIVEN = ("new", "mine", "--data", "photos", "--checkpoint", "tiny.pth", "--architecture", "my_nets:Tiny")


@pytest.fixture
def folders(project):
    """The project's images in class folders of two splits; the comments of params.yaml."""
    for row in project.manifest.itertuples():
        for split in ("train", "test"):
            number = int(row.image.partition("-")[2].partition(".")[0])
            if row.label and (number < 4) == (split == "train"):
                path = project.root / "photos" / split / row.label / row.image
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes((project.root / "mine" / row.image).read_bytes())
    path = project.root / "params.yaml"
    path.write_text("# what is studied\n" + path.read_text().replace("studies:", "studies:   # ours"))
    return project


def test_class_folders_become_a_study(folders, cli):
    folders.save(classes=["cat", "cup"])
    before = (folders.root / "params.yaml").read_text()
    assert cli(*GIVEN)[0] == 0
    after = (folders.root / "params.yaml").read_text()
    assert all(line in after for line in before.splitlines() if "#" in line)
    params = Project(folders.root).params
    assert params.datasets["mine"].layout == "folders"
    assert params.datasets["mine"].classes == ["cat", "cup"]
    study = open_study("mine")
    assert (study.settings.split, len(study.dataset.frame)) == ("test", 3)
    assert params.studies["tiny"].dataset == "things"


def test_it_says_why(folders):
    from seewhy.inputs.new_study import propose_study
    from seewhy.inputs.new_study_request import Request

    request = Request("mine", "photos", "tiny.pth", "my_nets:Tiny")
    found = {what: (value, why) for what, value, why in propose_study(Project(folders.root), request).facts}
    assert found["layout"] == ("folders", "test/, train/ with class folders: cat, cup")
    assert found["classes"] == ("2: cat, cup", "the order of the data: names sorted as text, as ImageFolder does")
    assert found["split"] == ("test", "the first of test, val, train that is there, not train")
    assert found["images"][0] == "train 8, test 3"
    assert found["preprocessing"][1] == "the checkpoint's own settings"


def test_the_checkpoints_order_wins_over_that_of_the_folders(folders, cli, refused):
    folders.save(classes=CLASSES)
    assert cli(*GIVEN)[0] == 0
    assert Project(folders.root).params.datasets["mine"].classes == CLASSES
    said = refused("new", "other", *GIVEN[2:], "--classes", "cat,cup")
    assert "--classes says cat, cup, the checkpoint cup, cat" in said


@pytest.mark.parametrize(
    ("without", "option"),
    [("--checkpoint", "add --checkpoint PATH"), ("--architecture", "add --architecture torchvision:NAME")],
)
def test_what_is_not_known_is_refused_with_the_option(folders, cli, without, option):
    place = GIVEN.index(without)
    before = (folders.root / "params.yaml").read_text()
    code, said = cli(*GIVEN[:place], *GIVEN[place + 2 :])
    assert (code, said.count("\n")) == (2, 1)
    assert option in said
    assert (folders.root / "params.yaml").read_text() == before


def test_preprocessing_is_never_guessed(folders, cli):
    folders.save(config={"MODEL_NAME": "Tiny"})
    code, said = cli(*GIVEN)
    assert code == 2
    assert "the file does not tell size, mean, std" in said
    assert "--transform 'LINE'" in said
    assert cli(*GIVEN, *[f"--set=preprocessing.{key}" for key in ("size=32", "mean=[0.5]", "std=[0.5]")])[0] == 0
    assert open_study("mine").preprocessing.size == 32


@pytest.mark.usefixtures("folders")
def test_settings_of_both_sections(cli, refused):
    added = (
        "--set",
        "files=*cup*",
        "--set",
        "regions={top: [0, 0, 1, 0.5]}",
        "--layer",
        "features.0",
        "--split",
        "train",
    )
    assert cli(*GIVEN, *added) == (0, "")
    study = open_study("mine")
    assert study.dataset.frame["label"].unique().tolist() == ["cup"]
    assert (study.settings.layer, study.settings.split, list(study.settings.regions)) == (
        "features.0",
        "train",
        ["top"],
    )
    assert "unknown key 'colums' in --set; did you mean 'columns'?" in refused(
        "new", "b", *GIVEN[2:], "--set", "colums.a=b"
    )
    assert "studies.mine stands in params.yaml already" in refused(*GIVEN)


def test_a_missing_folder_and_an_unknown_layout_are_one_line(folders, refused, cli):
    assert "--data: there is no file or folder 'photo'" in refused("new", "b", "--data", "photo", *GIVEN[4:])
    (folders.root / "photos/labels.csv").write_text("image,label\ncup-4.png,cup\ncat-4.png,cat\n")
    for split in ("train", "test"):
        (folders.root / "photos" / split).rename(folders.root / "photos" / f"c{split}")
    code, said = cli(*GIVEN)
    assert code == 2
    assert "add --set layout=NAME" in said


def test_only_takes_the_demonstration_out(folders, cli):
    demo = {"task": "classification", "manifest": "mine/manifest.csv", "classes": CLASSES, "demo": {"recipe": "photos"}}
    folders.set("datasets.shown", demo)
    folders.set("studies.shown", {"dataset": "shown", "checkpoint": "tiny.pth", "architecture": "my_nets:Tiny"})
    folders.set("gates.shown", {"accuracy": {"min": 0.5}})
    assert cli(*GIVEN, "--only")[0] == 0
    params = Project(folders.root).params
    assert ([*params.datasets], [*params.studies], params.gates) == (["things", "mine"], ["tiny", "mine"], {})


def test_an_equal_dataset_is_used_again(folders, cli):
    assert cli(*GIVEN)[0] == 0
    assert cli("new", "second", *GIVEN[2:])[0] == 0
    params = Project(folders.root).params
    assert (params.studies["second"].dataset, "second" in params.datasets) == ("mine", False)


def test_a_table_a_json_and_an_array_file(project, cli):
    frame = project.manifest[["image", "label"]].replace("", "cat")
    frame.rename(columns={"image": "file", "label": "species"}).to_csv(project.root / "mine/birds.csv", index=False)
    (project.root / "mine/birds.json").write_text(json.dumps(dict(zip(frame["image"], frame["label"], strict=True))))
    pictures = np.stack([np.asarray(Image.open(project.root / "mine" / name)) for name in frame["image"]])
    np.savez(
        project.root / "birds.npz", test_images=pictures, test_labels=[CLASSES.index(one) for one in frame["label"]]
    )
    reports = {}
    for name, data in (("csv", "mine/birds.csv"), ("json", "mine/birds.json"), ("npz", "birds.npz")):
        assert cli("new", name, "--data", data, "--classes", "cup,cat", *GIVEN[4:])[0] == 0, name
        study = open_study(name)
        study.save_predictions(study.predict())
        reports[name] = pd.read_csv(project.root / f"reports/{name}/predictions.csv")
    for name in ("json", "npz"):
        columns = ["label", "predicted", "confidence", "score_cup", "score_cat"]
        pd.testing.assert_frame_equal(reports[name][columns], reports["csv"][columns])
    assert np.allclose(reports["csv"][["score_cup", "score_cat"]].max(axis=1), reports["csv"]["confidence"])


def test_scores_are_the_users_own(study):
    table = pd.read_csv(study.root / "reports/tiny/predictions.csv")
    assert list(table.columns[:6]) == ["image", "label", "predicted", "confidence", "score_cup", "score_cat"]
    names: dict = {}
    exec((study.root / "my_nets.py").read_text(), names)
    net = names["Tiny"]()
    net.load_state_dict(checkpoint()["model_state_dict"])
    from torchvision import transforms

    theirs = transforms.Compose(
        [
            transforms.Resize((32, 32)),
            transforms.ToTensor(),
            transforms.Normalize(CONFIG["IMAGENET_MEAN"], CONFIG["IMAGENET_STD"]),
        ]
    )
    with torch.no_grad():
        batch = torch.stack([theirs(Image.open(study.root / one).convert("RGB")) for one in table["image"]])
        scores = net.eval()(batch).softmax(1)
    assert np.allclose(table[["score_cup", "score_cat"]], scores, atol=1e-4)


def test_doctor_tells_of_copies_and_numeric_names(project):
    for split, names in (("train", (0, 1, 2)), ("test", (2, 3))):
        for label in ("0", "10", "2"):
            for n in names:
                path = project.root / "photos" / split / label / f"{n}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(np.full((32, 32, 3), 10 * n + 50 * (label == "2") + (label == "10"), np.uint8)).save(
                    path
                )
    (project.root / "photos/notes.docx").write_bytes(b"x")
    from seewhy.config.dataset import Dataset as Settings
    from seewhy.doctor.data_checks import data_lines
    from seewhy.inputs.dataset import check_dataset, load_dataset

    settings = Settings(task="classification", data="photos")
    check_dataset("photos", settings, project.root)
    whole = load_dataset("photos", project.root)
    told = {what: (mark, text) for mark, what, text in data_lines(whole, whole, settings)}
    assert told["classes"] == ("warning", "names are numbers, and not in their order: output 1 is '10'")
    assert told["copies"][1].startswith("3 images stand in two splits")
    assert told["files"] == ("ok", "not read as images: 1 of .docx")


def test_another_class_order_in_the_checkpoint_is_an_error(project, cli):
    project.save(class_to_idx={"cat": 0, "cup": 1}, classes=["cat", "cup"])
    assert cli("dataset", "things")[0] == 0
    told = "output 0 is 'cup' by the dataset's classes and 'cat' by the checkpoint's; allowed: `classes` in the"
    with pytest.raises(SeewhyError, match=re.escape(told)):
        open_study("tiny").predict()
    assert cli("doctor")[0] == 1


def test_no_other_line_of_params_is_touched(folders, cli):
    path = folders.root / "params.yaml"
    text = path.read_text().replace("datasets:\n", "datasets:   # theirs\n", 1) + "\n# the end\n"
    path.write_text(text)
    assert cli(*GIVEN)[0] == 0
    after = path.read_text().splitlines()
    changes = [line for line in ndiff(text.splitlines(), after) if line[:2] in ("- ", "+ ")]
    assert all(line.startswith("+ ") for line in changes)
    assert after[-1] == "# the end"
    assert Project(folders.root).params.studies["mine"].split == "test"


TRANSFORM = (
    "transforms.Compose([Resize((40, 40)), CenterCrop(32), ToTensor(), Normalize([0.5, 0.5, 0.5], [0.5, 0.5, 0.5])])"
)


def test_lines_of_the_users_own_code_give_their_rows_and_scores(project, cli):
    """Against torch's `random_split` of torchvision's ImageFolder and its transforms."""
    pytest.importorskip("seewhy.inputs.split_line")
    from torch.utils.data import random_split
    from torchvision import transforms
    from torchvision.datasets import ImageFolder

    project.save(config={})
    for row in project.manifest.itertuples():
        path = project.root / "photos" / (row.label or "cat") / row.image
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((project.root / "mine" / row.image).read_bytes())
    line = "random_split([0.7, 0.3], seed=42)[1]"
    assert cli(*GIVEN, "--transform", TRANSFORM, "--split", line) == (0, "")
    study = open_study("mine")
    study.save_predictions(study.predict())
    ours = pd.read_csv(project.root / "reports/mine/predictions.csv").set_index("image")
    steps = [transforms.Resize((40, 40)), transforms.CenterCrop(32), transforms.ToTensor()]
    whole = ImageFolder(
        str(project.root / "photos"), transforms.Compose([*steps, transforms.Normalize([0.5] * 3, [0.5] * 3)])
    )
    part = random_split(whole, [0.7, 0.3], generator=torch.Generator().manual_seed(42))[1]
    names: dict = {}
    exec((project.root / "my_nets.py").read_text(), names)
    net = names["Tiny"]()
    net.load_state_dict(checkpoint()["model_state_dict"])
    with torch.no_grad():
        scores = net.eval()(torch.stack([whole[row][0] for row in part.indices])).softmax(1)
    images = [str(Path(whole.samples[row][0]).relative_to(project.root)) for row in part.indices]
    assert sorted(images) == sorted(ours.index)
    assert np.allclose(ours.loc[images, ["score_cat", "score_cup"]], scores, atol=1e-4)


def test_a_split_by_a_column_of_the_users_own(project, cli):
    pytest.importorskip("seewhy.inputs.split_line")
    rows = project.manifest[["image", "label"]].assign(fold=[row % 3 for row in range(12)])
    rows.to_csv(project.root / "mine/folds.csv", index=False)
    given = ("new", "folds", "--data", "mine/folds.csv", *GIVEN[4:], "--classes", "cup,cat")
    assert cli(*given, "--split", "fold == 2") == (0, "")
    assert len(open_study("folds").dataset.frame) == 4
