"""Detectors: one score a class of the boxes of every form, equal to what their own output says, with maps."""

import json
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models import detection

from seewhy import SeewhyError, open_study
from seewhy.config.project import Project
from seewhy.engine.box_scores import FORMS, BoxScores, fitting_forms
from seewhy.engine.evidence import collect_evidence
from seewhy.engine.layers import last_layer
from seewhy.inputs.detectors import Detector, score_boxes
from seewhy.inputs.renewal import renew_dataset

SMALL = {"weights": None, "weights_backbone": None, "num_classes": 3}
IN_96 = {"min_size": 96, "max_size": 96}
TORCHVISION = {  # constructor, its arguments, and the layer that boxes of all sizes depend on
    "ssdlite320_mobilenet_v3_large": ({}, "backbone.features.0"),
    "retinanet_resnet50_fpn": ({**IN_96, "score_thresh": 0.0}, "backbone.fpn.inner_blocks.2"),
}
YOLO = """
import torch
from torch import nn


class Scales(nn.Module):
    def __init__(self, nc=None, order="first"):
        super().__init__()
        self.fine = nn.Sequential(nn.Conv2d(3, 8, 3, 4, 1), nn.SiLU(), nn.Conv2d(8, 8, 3, 1, 1), nn.SiLU())
        self.coarse = nn.Sequential(nn.Conv2d(8, 8, 3, 2, 1), nn.SiLU())
        self.heads = nn.ModuleList(nn.Conv2d(8, 4 + nc, 1) for _ in range(2))
        self.order, self.grid = order, torch.empty(0)

    def forward(self, x):
        fine = self.fine(x)
        maps = [head(part) for head, part in zip(self.heads, (fine, self.coarse(fine)))]
        boxes = torch.cat([one.flatten(2) for one in maps], 2)
        if self.grid.shape != boxes[:, :4].shape:  # kept for the next pass, as YOLO's anchors are
            self.grid = torch.ones_like(boxes[:, :4].detach())
        found = torch.cat([boxes[:, :4] * self.grid, boxes[:, 4:].sigmoid()], 1)
        return (found if self.order == "first" else found.transpose(1, 2)), maps
"""


def confidences(count=7, classes=3):
    """How sure a detector is of so many boxes of two images, and where they are."""
    draw = torch.Generator().manual_seed(0)
    return torch.rand(2, count, classes, generator=draw), 10 + 30 * torch.rand(2, count, 4, generator=draw)


def output_of(form, sure, where):
    """The output of a detector of that form, and what its classes' strongest boxes are."""
    first = sure.argmax(2)
    if form == "yolov5":
        objects = torch.full_like(sure[..., :1], 0.5)
        return (torch.cat([where, objects, sure], 2), [where]), 0.5 * sure.amax(1)
    if form == "yolov8":
        return (torch.cat([where, sure], 2).transpose(1, 2), {"boxes": where}), sure.amax(1)
    if form == "rtdetr":
        return [torch.cat([where, sure], 2), (where,)], sure.amax(1)
    single = sure * nn.functional.one_hot(first, sure.shape[2])
    if form == "end2end":
        return torch.cat([where, sure.amax(2, keepdim=True), first[..., None]], 2), single.amax(1)
    if form == "torchvision":
        parts = zip(where, first + 1, sure.amax(2), strict=True)
        return [{"boxes": box, "labels": label, "scores": score} for box, label, score in parts], single.amax(1)
    if form == "detr":
        logits = torch.cat([sure, sure[..., :1]], 2)
        return {"pred_logits": logits, "pred_boxes": where}, logits.softmax(2)[..., :-1].amax(1)
    return {"logits": sure.logit(), "pred_boxes": where}, sure.amax(1)


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_told_by_its_shape_and_gives_the_strongest_box_of_each_class(form):
    value, expected = output_of(form, *confidences())
    assert fitting_forms(nn.Identity(), value, 3) == [form]
    for scale, back in (("logit", torch.sigmoid), ("log", torch.exp)):
        scores = BoxScores(form, 3, scale)(nn.Identity(), (), value)
        assert torch.allclose(back(scores), expected, atol=1e-6)
        assert scores.isfinite().all()


def test_an_image_without_boxes_has_scores_and_a_graph():
    sure = torch.rand(2, 4, requires_grad=True)
    value = [{"boxes": torch.rand(n, 4), "labels": torch.ones(n, dtype=int), "scores": sure[k][:n]} for k, n in
             enumerate((0, 4))]  # fmt: skip
    scores = BoxScores("torchvision", 2, "logit")(nn.Identity(), (), value)
    assert torch.allclose(scores.sigmoid(), torch.tensor([[0, 0], [sure[1].max().item(), 0]]), atol=1e-6)
    scores[0].sum().backward()
    assert not sure.grad.any()


@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvisions_detectors_give_their_own_scores_and_a_layer_of_all_sizes(name):
    arguments, layer = TORCHVISION[name]
    torch.manual_seed(0)
    model, images, notes = getattr(detection, name)(**SMALL, **arguments).eval(), torch.rand(2, 3, 96, 96), []
    with torch.no_grad():
        found = model(images)
    own = [[one["scores"][one["labels"] == label].max().item() for label in (1, 2)] for one in found]
    assert score_boxes(model, images[:1], 2, Detector(None, "logits"), "study 'mine'", notes) == 2
    assert notes[0].startswith("boxes are read as torchvision's, a dict of boxes, labels and scores for each image")
    assert torch.allclose(model(images).sigmoid(), torch.tensor(own), atol=1e-6)
    assert last_layer(model, images) == layer


@pytest.fixture
def boxed(project):
    """A project whose network returns boxes of two scales."""
    (project.root / "boxes.py").write_text(YOLO)
    space = {}
    exec(YOLO, space)
    torch.manual_seed(0)
    project.save(model_state_dict=space["Scales"](2).state_dict())
    project.set("studies.tiny.architecture", "boxes.py:Scales")
    renew_dataset(Project(project.root), "things")
    return project


@pytest.mark.usefixtures("boxed")
def test_a_study_of_a_detector_has_maps_of_a_layer_that_all_boxes_depend_on():
    study = open_study("tiny")
    assert study.layer == "fine"
    rows = study.predict()
    with torch.no_grad():
        own = open_study("tiny").new_network("", [])(study.inputs(study.dataset.frame))[0][:, 4:].amax(2)
    assert np.allclose(np.stack(rows["probabilities"]), own.logit().softmax(1), atol=1e-5)
    study.save_predictions(rows)
    maps = study.explain("layercam").maps
    assert (np.abs(maps).max((1, 2)) > 0).all()


@pytest.mark.usefixtures("boxed")
def test_what_a_network_keeps_of_a_pass_in_inference_mode_does_not_spoil_the_next():
    study = open_study("tiny")
    images = study.inputs(study.dataset.frame.head(3))
    study.model_output(images)
    assert collect_evidence(study.model, images, ["fine"], None).evidence["fine"][0].gradient.any()


@pytest.mark.parametrize(
    ("output", "expected"), [("sigmoid", lambda p: p), ("softmax", lambda p: p / p.sum(1)[:, None])]
)
def test_output_says_whether_scores_are_confidences_or_shares(boxed, output, expected):
    boxed.set("studies.tiny.output", output)
    study = open_study("tiny")
    with torch.no_grad():
        own = study.new_network("", [])(study.inputs(study.dataset.frame))[0][:, 4:].amax(2).numpy()
    assert np.allclose(np.stack(study.predict()["probabilities"]), expected(own), atol=1e-5)


def test_boxes_that_can_be_read_in_two_ways_are_refused_until_one_is_said(boxed):
    boxed.set("studies.tiny.arguments", {"order": "last"})  # (n, boxes, 6): 4 + 2 classes, or 5 + 1
    with pytest.raises(SeewhyError, match=r"can be read in 2 ways; say one of: `boxes: yolov5` .*`boxes: rtdetr`"):
        open_study("tiny").predict()
    boxed.set("studies.tiny.boxes", "rtdetr")
    assert open_study("tiny").predict()["confidence"].between(0.5, 1).all()
    boxed.set("studies.tiny.boxes", "yolov8")
    with pytest.raises(
        SeewhyError, match=r"does not return boxes in the form \(n, 4 \+ classes, boxes\), of 2 classes"
    ):
        open_study("tiny").predict()


def test_labels_of_several_classes_make_a_multilabel_study_of_confidences(boxed):
    frame = boxed.manifest
    frame["label"] = [json.dumps([name]) if name else "" for name in frame["label"]]
    boxed.write(frame)
    boxed.set("datasets.things.task", "multilabel")
    renew_dataset(Project(boxed.root), "things")
    study = open_study("tiny")
    with torch.no_grad():
        own = study.new_network("", [])(study.inputs(study.dataset.frame))[0][:, 4:].amax(2).numpy()
    assert np.allclose(np.stack(study.predict().drop_duplicates("image")["probabilities"]), own, atol=1e-5)


@pytest.mark.skipif(find_spec("ultralytics") is None, reason="ultralytics is not installed, and is no dependency")
@pytest.mark.parametrize("name", ["yolov8n", "yolo11n"])
def test_a_network_of_ultralytics_is_made_by_what_its_file_says(project, cli, name):
    from ultralytics.nn.tasks import DetectionModel

    torch.manual_seed(0)
    net = DetectionModel(f"{name}.yaml", nc=2, verbose=False)
    net.names = {0: "cup", 1: "cat"}
    held = {"epoch": -1, "model": net.half(), "ema": None, "optimizer": None, "train_args": {"imgsz": 64}}
    torch.save(held, project.root / "best.pt")
    words = ["--data", "mine/manifest.csv", "--task", "classification", "--checkpoint", "best.pt"]
    assert cli("new", "boxes", *words)[0] == 0
    study = open_study("boxes")
    images = study.inputs(study.dataset.frame)
    with torch.no_grad():
        own = net.float().eval()(images)[0][:, 4:].amax(2)
    assert np.allclose(np.stack(study.predict()["probabilities"]), own.logit().softmax(1), atol=1e-4)
    assert study.layer == ("model.15" if name == "yolov8n" else "model.16")
