"""Studies of several labels and of numbers, from files to pages: small nets that learnt drawn squares."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

from seewhy import open_study
from seewhy.checks.majority_baseline import compare_label_sets, compare_mean
from seewhy.metrics import labels
from seewhy.metrics.residuals import r2_values
from seewhy.pipeline.forked_kernels import kernel_template
from seewhy.pipeline.pages import execute_page, page_fingerprint
from tests.conftest import NET
from tests.measure.conftest import SMALL

COLOURS = np.array([(225, 70, 60), (60, 90, 225), (70, 200, 80)])
NAMES = ["red", "blue", "green"]
COUNT = 24


def draw_labels(seed):
    """An image with one or two coloured squares: picture, label text, target, boxes."""
    draw = np.random.default_rng(seed)
    kinds = sorted(draw.permutation(3)[: draw.integers(1, 3)].tolist())
    picture, boxes = draw.normal(110, 40, (32, 32, 3)), []
    for kind in kinds:
        x, y = draw.integers(0, 22, 2)
        picture[y : y + 9, x : x + 9] = COLOURS[kind] + draw.normal(0, 30, (9, 9, 3))
        boxes.append([int(x), int(y), int(x) + 9, int(y) + 9])
    target = [float(kind in kinds) for kind in range(3)]
    return picture, "|".join(NAMES[kind] for kind in kinds), target, boxes


def draw_area(seed):
    """An image with a red square; the label is its area."""
    draw = np.random.default_rng(seed)
    side = int(draw.integers(4, 20))
    picture = draw.normal(110, 18, (32, 32, 3))
    x, y = draw.integers(0, 32 - side, 2)
    picture[y : y + side, x : x + side] = COLOURS[0]
    return picture, str(side**2 / 100), [side**2 / 100], [[int(x), int(y), int(x) + side, int(y) + side]]


def make_study(project, task, drawn, classes, loss):
    """Trains a net, writes images, table and checkpoint, and names all in params.yaml."""
    spaces: dict = {}
    exec(NET, spaces)
    torch.manual_seed(0)
    net = spaces["Tiny"](len(classes))
    many = [drawn(1000 + n) for n in range(60)]
    images = torch.tensor(np.stack([one[0].clip(0, 255) for one in many])).permute(0, 3, 1, 2).float()
    images, targets = (images / 255 - 0.5) / 0.5, torch.tensor([one[2] for one in many])
    steps = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(150):
        steps.zero_grad()
        loss(net(images), targets).backward()
        steps.step()
    torch.save(net.state_dict(), project.root / "net.pth")
    folder = project.root / "squares"
    folder.mkdir()
    rows = []
    for number in range(COUNT):
        picture, label, _, boxes = drawn(number)
        Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(folder / f"{number}.png")
        rows.append({"image": f"{number}.png", "label": label, "boxes": json.dumps(boxes)})
    pd.DataFrame(rows).to_csv(folder / "test.csv", index=False)
    project.set("datasets", {"squares": {"task": task, "manifest": "squares/test.csv", "classes": classes}})
    preprocessing = {"size": 32, "mean": [0.5], "std": [0.5]}
    study = {"dataset": "squares", "checkpoint": "net.pth", "architecture": "my_nets:Tiny"}
    study |= {"arguments": {"num_classes": len(classes)}, "preprocessing": preprocessing}
    project.set("studies", {"squares": study})
    for section, settings in SMALL.items():
        project.set(section, settings)
    project.set("audit", {"methods": ["gradcam"], "steps": 4, "depths": 2, "work": 300})
    return project


@pytest.fixture
def several(project, cli):
    """A study of several labels an image, explained and measured."""
    return measured(
        make_study(project, "multilabel", draw_labels, NAMES, nn.functional.binary_cross_entropy_with_logits), cli
    )


@pytest.fixture
def numbers(project, cli):
    """A study of numbers, explained and measured."""
    return measured(make_study(project, "regression", draw_area, ["area"], nn.functional.mse_loss), cli)


def measured(project, cli):
    assert cli("dataset", "squares")[0] == 0
    assert cli("explain", "squares")[0] == 0
    code, said = cli("measure", "squares")
    assert code == 0, said
    return project


def executed(project, *stems):
    """The findings of those pages, by page."""
    from seewhy.checks.summary import write_summary
    from seewhy.config.project import find_project

    found, opened = {}, find_project()
    write_summary(opened, "squares")
    serving = {one.stem: one for one in opened.notebooks_for("squares")}
    with kernel_template():
        for stem in stems:
            execute_page(opened, "squares", serving[stem], page_fingerprint(opened, "squares", stem))
    for stem in stems:
        cells = json.loads((project.root / f"data/pages/squares/{stem}.ipynb").read_text())["cells"]
        outputs = [one["data"] for cell in cells for one in cell.get("outputs", []) if "data" in one]
        found[stem] = next("".join(one["text/plain"]) for one in outputs if any("finding" in key for key in one))
    return found


def test_several_labels_from_files_to_pages(several):
    metrics = pytest.importorskip("sklearn.metrics")
    study = open_study("squares")
    table = pd.read_csv(several.root / "reports/squares/predictions.csv")
    assert list(table) == ["image", "label", "predicted", *(f"score_{name}" for name in NAMES)]
    assert len(table) == COUNT
    true = np.array([[name in text.split("|") for name in NAMES] for text in table["label"]])
    scores = table[[f"score_{name}" for name in NAMES]].to_numpy()
    arrays = study.measure("labels").arrays
    given = {
        "auc": metrics.roc_auc_score(true, scores, average=None),
        "average_precision": metrics.average_precision_score(true, scores, average=None),
        "f1": metrics.f1_score(true, scores >= 0.5, average=None),
    }
    for name, values in given.items():
        np.testing.assert_allclose(arrays[name][:, 0], values, atol=1e-6)
    assert (arrays["together_true"] == true.T.astype(int) @ true).all()
    model = json.loads((several.root / "reports/squares/metrics/model.json").read_text())
    assert model["accuracy"] == pytest.approx(metrics.accuracy_score(true, scores >= 0.5), abs=1e-4)
    found = executed(several, "01_model", "02_grad_cam", "06_misclassification", "07_audit")
    assert "of the images have all labels right" in found["01_model"]
    [works, *_] = json.loads((several.root / "reports/squares/verdict.json").read_text())
    assert works["figure"] == {"metric": "subset_accuracy"}
    assert works["limit"] == pytest.approx(table["label"].value_counts(normalize=True).max(), abs=1e-4)


def test_numbers_from_files_to_pages(numbers):
    metrics = pytest.importorskip("sklearn.metrics")
    study = open_study("squares")
    table = pd.read_csv(numbers.root / "reports/squares/predictions.csv")
    assert list(table) == ["image", "true_area", "predicted_area"]
    summary = study.measure("residuals").summary().set_index("metric")["estimate"]
    true, predicted = table["true_area"], table["predicted_area"]
    assert summary["r2"] == pytest.approx(metrics.r2_score(true, predicted), abs=1e-6)
    assert summary["absolute_error"] == pytest.approx(metrics.mean_absolute_error(true, predicted), abs=1e-6)
    assert summary["residual"] == pytest.approx((predicted - true).mean(), abs=1e-6)
    found = executed(numbers, "01_model", "02_grad_cam", "06_misclassification", "07_audit")
    assert "Always predicting the mean would reach 0.00" in found["01_model"]
    [works, *_] = json.loads((numbers.root / "reports/squares/verdict.json").read_text())
    assert (works["figure"], works["limit"]) == ({"metric": "r2"}, 0.0)


@pytest.mark.parametrize("seed", range(3))
def test_scores_with_ties_are_those_of_scikit_learn(seed):
    metrics = pytest.importorskip("sklearn.metrics")
    draw = np.random.default_rng(seed)
    true, scores = draw.random(40) < 0.3, draw.integers(0, 6, 40) / 5
    assert labels.roc_auc(true, scores) == pytest.approx(metrics.roc_auc_score(true, scores))
    assert labels.average_precision(true, scores) == pytest.approx(metrics.average_precision_score(true, scores))
    assert labels.f1_score(true, scores) == pytest.approx(metrics.f1_score(true, scores >= 0.5))


def test_the_mean_and_worse_than_the_mean():
    true = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    rows = pd.DataFrame({"image": list("abcdef"), "target": 0, "value": true, "estimate": true.mean()})
    constant = compare_mean(rows, 0)
    assert constant.accuracy.value == pytest.approx(0)
    assert constant.is_constant
    assert compare_mean(rows.assign(estimate=true[::-1]), 0).accuracy_checks[0].estimate.value < 0
    assert np.isnan(r2_values(np.ones(3), np.ones(3))).all()


def test_labels_in_doubt_count_neither_way():
    rows = pd.DataFrame(
        {
            "image": ["1", "1", "2"],
            "predicted": ["a", "b", "a"],
            "is_predicted": [True, True, True],
            "is_true": pd.array([True, pd.NA, pd.NA], dtype="boolean"),
        }
    )
    found = compare_label_sets(rows)
    assert (found.accuracy.value, found.accuracy.n, found.images) == (1.0, 1, 2)
