"""The networks of real setups, each made small: saved by their own code, built from the file, equal in output."""

import json
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from seewhy.errors import SeewhyError
from seewhy.inputs import architecture
from seewhy.inputs.checkpoint import load_checkpoint

IMAGES = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
HEAD = "import torch\nfrom torch import nn\nfrom torchvision import models\nimport timm\n"


@pytest.fixture(autouse=True)
def nothing_is_fetched(monkeypatch):
    """Any download fails the test."""

    def fail(*_args, **_options):
        raise AssertionError("a download")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", fail)
    monkeypatch.setattr("socket.socket.connect", fail)


def trained(net):
    """Weights that are not those of a constructor: norms with means of their own."""
    torch.manual_seed(1)
    with torch.no_grad():
        for name, value in net.state_dict().items():
            if value.is_floating_point():
                value.copy_(torch.rand_like(value) + 0.5 if "var" in name else torch.randn_like(value) * 0.1)
    return net.eval()


def own(code, name="Net", **arguments):
    """The network that the user's own code makes, with no weights of elsewhere."""
    space = {"__name__": "theirs"}
    exec(code.replace("pretrained=True", "pretrained=False"), space)
    made = space[name]
    return trained(made(**arguments) if callable(made) and not isinstance(made, nn.Module) else made)


def built(root, name, content, classes, **arguments):
    torch.save(content, root / "net.pth")
    notes = []
    point = load_checkpoint(root / "net.pth", "study 'a'")
    return architecture.build_network(name, classes, arguments, point, root, "study 'a'", notes), [*point.notes, *notes]


def same(root, name, net, content, classes, images=IMAGES, **arguments):
    """Builds and compares with the user's own network; the notes."""
    model, notes = built(root, name, content, classes, **arguments)
    with torch.no_grad():
        expected, found = net(images), model(images)
    for one, other in zip(*(v if isinstance(v, tuple) else (v,) for v in (expected, found)), strict=True):
        torch.testing.assert_close(other, one, atol=1e-5, rtol=1e-5)
    return " | ".join(notes)


def notebook(path, *cells):
    """A notebook with these code cells."""
    told = [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    path.write_text(json.dumps({"cells": [{"cell_type": "markdown", "source": ["# It's"]}, *told], "nbformat": 4}))


OWN_CNN = """
class Block(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), ACT, nn.MaxPool2d(2))

    def forward(self, x):
        return self.body(x)
"""
NET_CNN = """
class Net(nn.Module):
    def __init__(self, num_classes=10, width=WIDTH, in_channels=3):
        super().__init__()
        self.features = nn.Sequential(Block(in_channels, width), Block(width, 2 * width))
        self.fc = make_head(2 * width, num_classes)

    def forward(self, x):
        return self.fc(self.features(x).mean((2, 3)))
"""
TRAINING = """
open("was_run", "w")
loader = torch.utils.data.DataLoader(data, batch_size=4)
for x, y in loader:
    net(x).backward()
"""


@pytest.mark.parametrize("suffix", ["py", "ipynb"])
def test_s01_s08_a_class_among_training_code_and_what_it_needs_alone_is_run(tmp_path, suffix):
    helper = "def make_head(a, b):\n    return nn.Linear(a, b)\n"
    cells = [
        "%matplotlib inline\n!pip install torch\n" + HEAD + "import numpy as np",
        TRAINING.replace("net(x)", "None"),
        "WIDTH = 2 ** 3\nACT = nn.ReLU(inplace=True)\n" + helper + OWN_CNN + NET_CNN,
        "%%bash\nrm -rf /",
        "net = Net(len(data.classes)).to('cuda')\n" + TRAINING,
    ]
    if suffix == "ipynb":
        notebook(tmp_path / "train.ipynb", *cells)
    else:
        code = "\n".join(
            [cells[0].split("\n", 2)[2], cells[1], cells[2], 'if __name__ == "__main__":', "    " + "main()"]
        )
        (tmp_path / "train.py").write_text(code)
    net = own(HEAD + "WIDTH = 8\nACT = nn.ReLU(inplace=True)\n" + helper + OWN_CNN + NET_CNN, num_classes=4)
    assert same(tmp_path, f"train.{suffix}:Net", net, net.state_dict(), 4) == ""
    assert not (tmp_path / "was_run").exists()
    wider = own(HEAD + "WIDTH = 8\nACT = nn.ReLU()\n" + helper + OWN_CNN + NET_CNN, width=12, in_channels=1)
    grey = IMAGES[:, :1]
    assert "read from the weights: width = 12" in same(
        tmp_path, f"train.{suffix}:Net", wider, wider.state_dict(), 10, grey
    )
    with pytest.raises(SeewhyError, match=rf"unknown architecture 'train.{suffix}:Nett'.*did you mean '.*:Net'"):
        built(tmp_path, f"train.{suffix}:Nett", net.state_dict(), 4)


def test_a_value_that_only_a_run_would_tell_is_the_number_of_classes_or_asked_for(tmp_path):
    code = HEAD + "names = data.classes\nNUM_CLASSES = len(names)\nSIDE = measure(data)\n"
    net = "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        {}\n"
    forward = "    def forward(self, x):\n        return self.fc(x.mean((2, 3)))\n"
    (tmp_path / "a.py").write_text(code + net.format("self.fc = nn.Linear(3, NUM_CLASSES)") + forward)
    theirs = own(HEAD + net.format("self.fc = nn.Linear(3, 5)") + forward)
    told = same(tmp_path, "a.py:Net", theirs, theirs.state_dict(), 5)
    assert "'NUM_CLASSES = len(names)' is not run: 5 classes, as in the dataset" in told
    (tmp_path / "a.py").write_text(code + net.format("self.fc = nn.Linear(SIDE, 5)") + forward)
    with pytest.raises(SeewhyError, match=r"needs 'SIDE', which is made by line 7: SIDE = measure\(data\)"):
        built(tmp_path, "a.py:Net", theirs.state_dict(), 5)
    same(tmp_path, "a.py:Net", theirs, theirs.state_dict(), 5, SIDE=3)


def test_what_changes_a_class_after_its_definition_is_run_or_told(tmp_path):
    net = "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    net += "        self.fc = nn.Linear(3, 2)\n"
    code = HEAD + net + "def forward(self, x):\n    return self.fc(x.mean((2, 3)))\nNet.forward = forward\n"
    (tmp_path / "a.py").write_text(code)
    theirs = own(code)
    assert same(tmp_path, "a.py:Net", theirs, theirs.state_dict(), 2) == ""
    (tmp_path / "a.py").write_text(code + "Net = register(Net)\n")
    told = same(tmp_path, "a.py:Net", theirs, theirs.state_dict(), 2)
    assert "Net = register(Net) is not run: 'Net' is taken as it is defined" in told


def test_files_beside_the_script_are_read_the_same_way(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models/blocks.py").write_text(HEAD + "from .sizes import *\n" + OWN_CNN + TRAINING)
    (tmp_path / "models/sizes.py").write_text("from torch import nn\nACT = nn.ReLU()\nWIDTH = 6\n")
    head = "import utils\nfrom models.blocks import Block\nfrom models import sizes as s\nWIDTH = s.WIDTH\n"
    (tmp_path / "utils.py").write_text("from torch import nn\ndef make_head(a, b):\n    return nn.Linear(a, b)\n")
    (tmp_path / "train.py").write_text(head + HEAD + NET_CNN.replace("make_head", "utils.make_head") + TRAINING)
    space = "WIDTH = 6\nACT = nn.ReLU()\nmake_head = nn.Linear\n"
    net = own(HEAD + space + OWN_CNN + NET_CNN, num_classes=3)
    same(tmp_path, "train.py:Net", net, net.state_dict(), 3)
    assert not (tmp_path / "was_run").exists()
    assert "utils" not in sys.modules


WRAPPED = """
class Net(nn.Module):
    def __init__(self, num_classes=7):
        super().__init__()
        self.backbone = {backbone}
        {head}

    def forward(self, x):
        return {forward}
"""
TIMM = "timm.create_model('test_efficientnet', pretrained=True, num_classes=0)"
WRAPPERS = {
    "s05 timm with own head": (TIMM, "self.fc = nn.Sequential(nn.BatchNorm1d(256), nn.Linear(256, num_classes))", ""),
    "s07 torchvision resnet": (
        "models.resnet18(pretrained=True)",
        "self.backbone.fc = nn.Linear(512, num_classes)",
        "b",
    ),
    "s10 torchvision with weights": (
        "models.squeezenet1_1(weights=models.SqueezeNet1_1_Weights.DEFAULT)",
        "self.backbone.classifier[1] = nn.Conv2d(512, num_classes, 1)",
        "b",
    ),
    "s35 efficientnet": (
        "models.mobilenet_v3_small(weights='DEFAULT')",
        "self.backbone.classifier = nn.Sequential(nn.Dropout(.3), nn.Linear(576, num_classes))",
        "b",
    ),
}


@pytest.mark.parametrize("case", WRAPPERS)
def test_wrappers_round_zoo_backbones_ask_for_published_weights_and_get_none(tmp_path, case):
    backbone, head, kind = WRAPPERS[case]
    forward = "self.backbone(x)" if kind else "self.fc(self.backbone(x))"
    code = HEAD + WRAPPED.format(backbone=backbone, head=head, forward=forward)
    (tmp_path / "train.py").write_text(code)
    plain = code.replace("models.SqueezeNet1_1_Weights.DEFAULT", "None").replace("'DEFAULT'", "None")
    net = own(plain, num_classes=3)
    told = same(tmp_path, "train.py:Net", net, {"weights": net.state_dict(), "epoch": 3, "optimizer": {}}, 3)
    assert "published weights that the network's own code asks for are not fetched" in told


def test_a_network_that_the_script_makes_line_by_line(tmp_path):
    lines = (
        "model = models.resnet18(pretrained=True)\nfeatures = model.fc.in_features\nfor p in model.parameters():\n"
        "    p.requires_grad = False\n"
        "model.fc = nn.Sequential(nn.Linear(features, 16), nn.Tanh(), nn.Dropout(0.5), nn.Linear(16, NUM))\n"
    )
    code = HEAD + "device = torch.device('cuda')\nNUM = 4\n" + lines
    (tmp_path / "train.py").write_text(code + "model = model.to(device)\nmodel = nn.DataParallel(model)\n" + TRAINING)
    net = own(code, "model")
    told = same(tmp_path, "train.py:model", net, nn.DataParallel(net).state_dict(), 4)
    assert "not fetched" in told
    assert not (tmp_path / "was_run").exists()


def deeper(name, head, **options):
    """A network of torchvision with another head: `head` is a line that sets it in `net`."""
    from torchvision import models

    net = models.get_model(name, weights=None, **options)
    exec(head, {"net": net, "nn": nn})
    return trained(net)


HEADS = {
    "s04 s37": ("efficientnet_b0", "net.classifier = nn.Sequential(nn.Dropout(.2), nn.Linear(1280, 3))"),
    "s29": ("resnet18", "net.fc = nn.Sequential(nn.Dropout(.5), nn.Linear(512, 3))"),
    "named": ("resnet18", "net.fc = nn.Sequential()\nnet.fc.add_module('drop', nn.Dropout())\n"
              "net.fc.add_module('out', nn.Linear(512, 3))"),
    "nested": ("mobilenet_v3_small", "net.classifier[3] = nn.Sequential(nn.Dropout(), nn.Linear(1024, 3))"),
    "plain for a sequence": ("mobilenet_v2", "net.classifier = nn.Linear(1280, 3)"),
    "norm": ("resnet18", "net.fc = nn.Sequential(nn.BatchNorm1d(512), nn.Dropout(), nn.Linear(512, 3))"),
    "ends in softmax": ("resnet18", "net.fc = nn.Sequential(nn.Linear(512, 3), nn.Identity())"),
    "s14": ("resnet18", "net.fc = nn.Linear(512, 3)"),
}  # fmt: skip


@pytest.mark.parametrize("case", HEADS)
def test_another_head_is_made_as_the_weights_are(tmp_path, case):
    name, line = HEADS[case]
    net = deeper(name, line)
    told = same(tmp_path, f"torchvision:{name}", net, {"model": net.state_dict(), "classes": list("abc")}, 3)
    assert ("is made as the weights are" in told) is (case not in ("s04 s37", "s14"))


def test_a_head_that_the_file_does_not_tell_is_refused_with_the_line_to_write(tmp_path):
    net = deeper("resnet18", "net.fc = nn.Sequential(nn.Linear(512, 8), nn.GELU(), nn.Dropout(), nn.Linear(8, 3))")
    with pytest.raises(SeewhyError, match=r"`arguments: {fc: 'nn.Sequential\(nn.Linear\(512, 8\), nn.ReLU\(\)"):
        built(tmp_path, "torchvision:resnet18", net.state_dict(), 3)
    line = "nn.Sequential(nn.Linear(512, 8), nn.GELU(), nn.Dropout(0.5), nn.Linear(8, 3))"
    same(tmp_path, "torchvision:resnet18", net, net.state_dict(), 3, fc=line)
    for bad, said in (("nn.Sequential(open('x'))", "unknown module 'open'"), ("nn.Linear(1)", "nn.Linear(1)")):
        with pytest.raises(SeewhyError) as error:
            built(tmp_path, "torchvision:resnet18", net.state_dict(), 3, fc=bad)
        assert said in str(error.value)


@pytest.mark.parametrize(("channels", "bias"), [(1, False), (4, True)])
def test_s28_s32_the_first_layer_takes_the_channels_of_the_weights(tmp_path, channels, bias):
    net = deeper("resnet18", f"net.conv1 = nn.Conv2d({channels}, 64, 7, 2, 3, bias={bias})\nnet.fc = nn.Linear(512, 2)")
    images = torch.randn(2, channels, 64, 64)
    told = same(tmp_path, "torchvision:resnet18", net, net.state_dict(), 2, images)
    assert f"the first layer `conv1` takes {channels} channels" in told


def test_s22_s41_timm_with_channels_and_classes_of_the_file(tmp_path):
    import timm

    net = trained(timm.create_model("test_efficientnet", num_classes=2, in_chans=1))
    told = same(tmp_path, "timm:test_efficientnet", net, {"model": net.state_dict()}, 2, IMAGES[:, :1])
    assert told == "read from the weights: in_chans = 1"
    net = trained(timm.create_model("test_vit", num_classes=2, img_size=64))
    assert same(tmp_path, "timm:test_vit", net, net.state_dict(), 2) == "read from the weights: img_size = 64"


def test_s32_lightning_with_one_logit_and_a_grey_first_layer(tmp_path):
    code = HEAD + (
        "import pytorch_lightning as pl\nimport torchmetrics\n"
        "class Pneumonia(pl.LightningModule):\n"
        "    def __init__(self, lr=1e-4, weight=1):\n"
        "        super().__init__()\n"
        "        self.save_hyperparameters()\n"
        "        self.model = models.resnet18(weights='DEFAULT')\n"
        "        self.model.conv1 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)\n"
        "        self.model.fc = nn.Linear(512, 1)\n"
        "        self.loss_fn = nn.BCEWithLogitsLoss(pos_weight=torch.tensor([self.hparams.weight]))\n"
        "        self.train_acc = torchmetrics.Accuracy(task='binary')\n"
        "    def forward(self, x):\n"
        "        return self.model(x)\n"
        "    def training_step(self, batch, _):\n"
        "        return self.loss_fn(self(batch[0]), batch[1])\n"
        "trainer = pl.Trainer(max_epochs=3)\ntrainer.fit(Pneumonia(), loader)\n"
    )
    (tmp_path / "train.py").write_text(code)
    net = deeper("resnet18", "net.conv1 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)\nnet.fc = nn.Linear(512, 1)")
    state = {f"model.{name}": value for name, value in net.state_dict().items()}
    file = {"state_dict": state | {"loss_fn.pos_weight": torch.tensor([1.0])}, "hyper_parameters": {"lr": 1e-4},
            "pytorch-lightning_version": "2.2", "epoch": 3, "optimizer_states": []}  # fmt: skip
    told = same(tmp_path, "train.py:Pneumonia", net, file, 2, IMAGES[:, :1])
    assert "'torchmetrics' is not installed here" in told or "torchmetrics" in sys.modules
    told = same(tmp_path, "torchvision:resnet18", net, file, 2, IMAGES[:, :1])
    assert "one output: its value speaks for the second class" in told


def test_s18_a_model_saved_whole(tmp_path):
    net = deeper("efficientnet_b0", "net.classifier = nn.Sequential(nn.Dropout(.2), nn.Linear(1280, 3))")
    told = same(tmp_path, "torchvision:efficientnet_b0", net, net, 3)
    assert "a whole model of class torchvision.models.efficientnet.EfficientNet, read as data" in told


def test_s24_fastai(tmp_path):
    from torchvision import models

    class Pool(nn.Module):
        def forward(self, x):
            return torch.cat([x.amax((2, 3), keepdim=True), x.mean((2, 3), keepdim=True)], 1)

    body = nn.Sequential(*list(models.resnet18(weights=None).children())[:-2])
    head = nn.Sequential(Pool(), nn.Flatten(), nn.BatchNorm1d(1024), nn.Dropout(.25), nn.Linear(1024, 512, bias=False),
                         nn.ReLU(), nn.BatchNorm1d(512), nn.Dropout(), nn.Linear(512, 6, bias=False))  # fmt: skip
    net = trained(nn.Sequential(body, head))
    same(tmp_path, "fastai:resnet18", net, {"model": net.state_dict(), "opt": {"state": [], "hypers": []}}, 6)
    with pytest.raises(SeewhyError, match="have no head as fastai makes it"):
        built(tmp_path, "fastai:resnet18", models.resnet18().state_dict(), 6)


def test_s19_two_outputs_in_torchscript(tmp_path):
    code = HEAD + (
        "class Net(nn.Module):\n    def __init__(self, num_classes=3):\n        super().__init__()\n"
        "        self.a = nn.Conv2d(3, 4, 3, 2, 1)\n        self.mask = nn.Conv2d(4, 1, 1)\n"
        "        self.fc = nn.Linear(4, num_classes)\n"
        "    def forward(self, x):\n        x = self.a(x).relu()\n"
        "        return self.fc(x.mean((2, 3))), self.mask(x)\n"
    )
    (tmp_path / "net.py").write_text(code)
    net = own(code)
    same(tmp_path, "net.py:Net", net, net.state_dict(), 3)
    torch.jit.trace(net, IMAGES).save(tmp_path / "net.pth")
    point = load_checkpoint(tmp_path / "net.pth", "x")
    for name in ("net.py:Net", "torchscript:net.pth"):
        model = architecture.build_network(name, 3, {}, point, tmp_path, "x")
        torch.testing.assert_close(model(IMAGES)[0], net(IMAGES)[0], atol=1e-5, rtol=1e-5)


def test_flags_that_leave_no_trace_are_told(tmp_path):
    from torchvision import models

    net = trained(models.googlenet(weights=None, aux_logits=False, init_weights=False, num_classes=2))
    assert "`transform_input` is off, and the file does not tell" in same(
        tmp_path, "torchvision:googlenet", net, net.state_dict(), 2
    )


def test_auxiliary_heads_are_as_the_weights_have_them(tmp_path):
    from torchvision import models

    make = models.segmentation.deeplabv3_mobilenet_v3_large
    net = trained(make(weights=None, weights_backbone=None, num_classes=2, aux_loss=True))
    model, _ = built(tmp_path, "torchvision:deeplabv3_mobilenet_v3_large", net.state_dict(), 2)
    torch.testing.assert_close(model(IMAGES)["out"], net(IMAGES)["out"], atol=1e-5, rtol=1e-5)


def test_fused_and_normed_weights_give_the_same_output(tmp_path):
    code = HEAD + (
        "class Net(nn.Module):\n    def __init__(self, num_classes=3):\n        super().__init__()\n"
        "        self.conv = nn.Conv2d(3, 4, 3, 2, 1, bias=False)\n        self.bn = nn.BatchNorm2d(4, eps=1e-3)\n"
        "        self.fc = nn.Linear(4, num_classes)\n"
        "    def forward(self, x):\n        return self.fc(self.bn(self.conv(x)).relu().mean((2, 3)))\n"
    )
    (tmp_path / "net.py").write_text(code)
    net = own(code)
    fused = own(code)
    fused.conv, fused.bn = torch.nn.utils.fuse_conv_bn_eval(net.conv, net.bn), nn.Identity()
    told = same(tmp_path, "net.py:Net", net, fused.state_dict(), 3)
    assert "1 norms are fused into the convolutions before them: bn" in told
    for norm in (nn.utils.parametrizations.weight_norm, nn.utils.parametrizations.spectral_norm, nn.utils.weight_norm):
        normed = own(code)
        norm(normed.conv)
        same(tmp_path, "net.py:Net", normed.eval(), normed.state_dict(), 3)


def test_half_and_ema_and_wrapped_parts(tmp_path):
    code = HEAD + "WIDTH = 8\nACT = nn.ReLU()\nmake_head = nn.Linear\n" + OWN_CNN + NET_CNN
    (tmp_path / "net.py").write_text(code)
    net = own(code, num_classes=2)
    state = net.state_dict()
    half = {name: value.half() if value.is_floating_point() else value for name, value in state.items()}
    net.load_state_dict(half)
    assert "half precision in the file (float16)" in same(tmp_path, "net.py:Net", net, half, 2)
    other = {name: value + 1 for name, value in half.items()}
    ema = {f"net.{k}": v for k, v in other.items()} | {f"ema_model.module.{k}": v for k, v in half.items()}
    assert "EMA weights are used (under 'ema_model.module.')" in same(
        tmp_path, "net.py:Net", net, {"state_dict": ema}, 2
    )
    inside = {name.replace("features.", "features._orig_mod."): value for name, value in half.items()}
    assert "taken out of the weights' names: _orig_mod" in same(tmp_path, "net.py:Net", net, inside, 2)
    apart = {name.replace("features.", "body.features.").replace("fc.", "top.fc."): v for name, v in half.items()}
    told = same(tmp_path, "net.py:Net", net, {"state_dict": apart | {"centres": torch.ones(2)}}, 2)
    assert "parts of the network stand under 'body.' (features), 'top.' (fc)" in told


def test_only_networks_are_called(tmp_path):
    (tmp_path / "a.py").write_text(HEAD + "class Other:\n    pass\nLIMIT = 3\ndef seven():\n    return 7\n")
    for name in ("Other", "LIMIT", "torch", "open"):
        with pytest.raises(SeewhyError, match=r"unknown architecture 'a\.py:"):
            built(tmp_path, f"a.py:{name}", {"a": torch.ones(2)}, 2)
    with pytest.raises(SeewhyError, match="makes 'int'"):
        built(tmp_path, "a.py:seven", {"a": torch.ones(2)}, 2)
    with pytest.raises(SeewhyError, match=r"there is no file 'b\.py'"):
        built(tmp_path, "b.py:Net", {"a": torch.ones(2)}, 2)
    Path(tmp_path / "c.py").write_text("class Net(:\n")
    with pytest.raises(SeewhyError, match="SyntaxError"):
        built(tmp_path, "c.py:Net", {"a": torch.ones(2)}, 2)
