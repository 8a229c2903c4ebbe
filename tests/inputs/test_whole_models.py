"""Models that were saved whole, wrappers of what was saved, and recorded models predict as the user's own do."""

import copy

import pandas as pd
import pytest
import torch
from torch import nn
from torchvision import models

import seewhy
from seewhy import open_study
from seewhy.engine.layers import last_layer
from seewhy.engine.outputs import pick_output
from seewhy.engine.recorded import with_hooks
from seewhy.inputs import architecture
from seewhy.inputs.checkpoint import load_checkpoint
from tests.inputs.test_networks import HEAD, IMAGES, built, own, same, trained

NET = HEAD + (
    "class Net(nn.Module):\n    def __init__(self, num_classes=3, stride=2, act=nn.ReLU):\n"
    "        super().__init__()\n"
    "        self.body = nn.Sequential(nn.Conv2d(3, 4, 3, stride, 1), act(), nn.Dropout(0.1))\n"
    "        self.mask = nn.Conv2d(4, 1, 1)\n        self.fc = nn.Linear(4, num_classes)\n"
    "    def forward(self, x):\n        x = self.body(x)\n        return self.fc(x.amax((2, 3))), self.mask(x)\n"
)
DEEP = nn.Sequential(nn.Linear(512, 8), nn.GELU(approximate="tanh"), nn.Dropout(), nn.Linear(8, 3))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("net.fc = copy.deepcopy(DEEP)", "`fc` Sequential( (0): Linear(in_features=512"),
        ("net.relu = nn.SiLU()", "`relu` SiLU()"),
        ("net.conv1.stride = (1, 1)", "`conv1` Conv2d(3, 64, kernel_size=(7, 7), stride=(1, 1)"),
        ("net.layer1[0].relu = nn.LeakyReLU(0.3)", "`layer1.0.relu` LeakyReLU(negative_slope=0.3)"),
    ],
)
def test_parts_of_a_model_that_was_saved_whole_are_those_of_its_file(tmp_path, line, told):
    net = models.resnet18(num_classes=3)
    exec(line, {"net": net, "nn": nn, "copy": copy, "DEEP": DEEP})
    notes = same(tmp_path, "torchvision:resnet18", trained(net), net, 3)
    assert f"made as the whole model in the file has it: {told}" in notes
    plain = trained(models.resnet18(num_classes=3))
    assert "made as" not in same(tmp_path, "torchvision:resnet18", plain, {"model": nn.DataParallel(plain)}, 3)


def test_a_file_whose_settings_contradict_its_weights_changes_nothing(tmp_path):
    net = trained(models.resnet18(num_classes=3))
    net.fc.in_features = 10**9
    _, notes = built(tmp_path, "torchvision:resnet18", net, 3)
    assert "made as" not in " | ".join(notes)


def test_a_class_round_the_network_that_was_saved(tmp_path):
    code = NET + (
        "class Both(nn.Module):\n    def __init__(self, num_classes=3):\n        super().__init__()\n"
        "        self.inner = Net(num_classes)\n    def forward(self, x):\n        return self.inner(x)[0]\n"
    )
    (tmp_path / "net.py").write_text(code)
    net = own(code, "Both")
    state = {f"module.{name}": value for name, value in net.inner.state_dict().items()}
    assert "those of the network's part 'inner'" in same(tmp_path, "net.py:Both", net, {"state_dict": state}, 3)


def test_a_layer_behind_another_output_than_the_one_that_is_picked_is_not_chosen():
    net = own(NET)
    pick_output(net, 0)
    assert last_layer(net, IMAGES) == "body"


def test_recorded_models_that_come_from_a_file(tmp_path):
    net = own(NET)
    torch.jit.trace(net, IMAGES).save(tmp_path / "net.pt")
    loaded = torch.jit.load(tmp_path / "net.pt")
    found = seewhy.explain(loaded, IMAGES, methods=["gradient"], targets=1)
    torch.testing.assert_close(
        found["gradient"], seewhy.explain(net, IMAGES, methods=["gradient"], targets=1)["gradient"]
    )
    assert found.provenance["output"]["taken"] == 0
    for layer in (None, "mask"):
        with pytest.raises(seewhy.SeewhyError, match="TorchScript and exported programs have none"):
            seewhy.explain(loaded, IMAGES, methods=["gradcam"], layer=layer)
    model = with_hooks(loaded)
    other = copy.deepcopy(model)
    with torch.no_grad():
        other.fc.bias += 1
        torch.testing.assert_close(other(IMAGES)[0], model(IMAGES)[0] + 1)
    assert model.double()(IMAGES.double())[0].dtype == torch.float64
    assert not model.train().eval()._script[0].training


def test_weights_of_another_file_are_put_into_a_recorded_model(tmp_path):
    net, other = own(NET), own(NET)
    with torch.no_grad():
        other.fc.bias += 3
    torch.jit.trace(net, IMAGES).save(tmp_path / "net.pt")
    torch.save(other.state_dict(), tmp_path / "other.pth")
    point = load_checkpoint(tmp_path / "other.pth", "x")
    model = architecture.build_network("torchscript:net.pt", 3, {}, point, tmp_path, "x")
    with torch.no_grad():
        torch.testing.assert_close(model(IMAGES)[0], other(IMAGES)[0])


def test_an_exported_program_for_one_image_predicts_a_study(project, cli):
    """Batches of five images, one program for one."""
    assert cli("dataset", "things")[0] == 0
    assert cli("predict", "tiny")[0] == 0
    expected = pd.read_csv(project.root / "reports/tiny/predictions.csv")
    model = open_study("tiny").model.cpu()
    torch.export.save(torch.export.export(model, (torch.zeros(1, 3, 32, 32),)), project.root / "tiny.pt2")
    project.set("studies.tiny.architecture", "export:tiny.pt2")
    assert cli("predict", "tiny")[0] == 0
    pd.testing.assert_frame_equal(pd.read_csv(project.root / "reports/tiny/predictions.csv"), expected, atol=1e-5)
