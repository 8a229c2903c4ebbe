"""What is opened of each user's files: labels, weights, claims, and the very numbers that reach the network."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from seewhy import open_study
from seewhy.inputs.weights import left_aside
from seewhy.maps.attributions import attribute_rows
from tests.seeds.conftest import EMOTIONS, MEAN, STD, WASTE


@pytest.fixture
def opened(start, cli):
    """opened(dataset, study): the study, its dataset checked."""

    def call(dataset, study):
        start(dataset)
        assert cli("dataset", dataset) == (0, "")
        return open_study(study)

    return call


def outputs(study):
    """Shape of what the network makes of all images."""
    with torch.no_grad():
        return tuple(study.model(study.inputs(study.dataset.frame)).shape)


def test_waste(opened):
    study = opened("waste", "waste-mobile")
    assert study.dataset.frame["label"].tolist() == [WASTE[number % 3] for number in range(8)]
    assert outputs(study) == (8, 18)
    assert study.checkpoint.claimed_accuracy == pytest.approx(0.9125)


def test_solar(opened):
    import segmentation_models_pytorch as smp

    study = opened("solar", "solar-fpn")
    rows = study.dataset.frame.head(2)
    batch, pixels = study.inputs(rows), torch.from_numpy(study.photos(rows)).permute(0, 3, 1, 2).float()
    theirs = (pixels - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(STD).view(1, 3, 1, 1)
    torch.testing.assert_close(batch, theirs, rtol=1e-5, atol=1e-3)  # values up to 1100
    file = torch.load("data/inputs/solar/pv-model.ckpt", weights_only=True)["state_dict"]
    net = smp.FPN("resnext50_32x4d", encoder_weights=None, classes=4)
    net.load_state_dict({name.removeprefix("model."): file[name] for name in file if name.startswith("model.")})
    with torch.no_grad():
        torch.testing.assert_close(study.model(batch), net.eval()(theirs), rtol=1e-3, atol=1e-3)
    assert sorted(left_aside(study.model, study.checkpoint.weights)) == ["ce_loss.weight", "mean", "std"]


def test_one_image(opened):
    assert outputs(opened("one-image", "posts-resnet")) == (1, 1000)


def test_scenes(opened):
    study = opened("scenes", "captions")
    assert study.model.encoder(study.inputs(study.dataset.frame.head(2))).shape == (2, 8)
    assert study.checkpoint.words[4:7] == ["a", "dog", "runs"]


def as_the_notebook_does(model, layer, image, target):
    """The author's own heat map: hooks, a backward from one output, mean gradients, ReLU."""
    seen = {}
    module = model.get_submodule(layer)
    handles = [
        module.register_forward_hook(lambda _m, _i, out: seen.update(maps=out.detach())),
        module.register_full_backward_hook(lambda _m, _i, grad: seen.update(gradients=grad[0].detach())),
    ]
    model(image)[0, target].backward()
    for handle in handles:
        handle.remove()
    weights = seen["gradients"].mean(dim=[2, 3], keepdim=True)
    cam = functional.relu((weights * seen["maps"]).sum(1))[0].numpy()
    return cam / cam.max() if cam.max() > 0 else np.full_like(cam, np.nan)


@pytest.mark.parametrize(("name", "layer"), [("faces-cnn", "conv4"), ("faces-resnet", "backbone.layer4")])
def test_faces_give_the_authors_own_maps(opened, name, layer):
    study = opened("faces", name)
    assert (study.layer, study.checkpoint.epoch, study.checkpoint.claimed_accuracy) == (layer, 12, 0.62)
    assert study.dataset.frame["label"].tolist() == [EMOTIONS[number % 7] for number in range(8)]
    assert outputs(study) == (8, 7)
    rows = study.predict()
    found = attribute_rows(study, rows, ["gradcam"]).shares("gradcam")
    for row in (0, 3):
        image = study.inputs(rows.iloc[[row]]).clone()
        wanted = as_the_notebook_does(study.model, study.layer, image, int(rows["target"][row]))
        np.testing.assert_allclose(found[row], wanted, atol=1e-4)
    assert np.isfinite(found).any()
