import sys

import pytest
import torch
from torch import nn

from seewhy.errors import SeewhyError
from seewhy.inputs import architecture
from seewhy.inputs.checkpoint import Checkpoint
from tests.conftest import checkpoint


def build(project, name="my_nets:Tiny", classes=2, weights=None, **arguments):
    point = Checkpoint(weights or checkpoint()["model_state_dict"], "0" * 64)
    return architecture.build(name, classes, arguments, point, project.root, "study 'tiny'")


def refusal(project, *words, **options):
    with pytest.raises(SeewhyError) as error:
        build(project, *words, **options)
    line = str(error.value)
    assert "study 'tiny'" in line
    assert "\n" not in line
    return line


def test_the_users_own_class_with_their_weights(project):
    model = build(project)
    assert not model.training
    assert torch.equal(model.head.weight, checkpoint()["model_state_dict"]["head.weight"])


@pytest.mark.parametrize("name", ["torchvision:squeezenet1_1", "timm:test_resnet"])
def test_both_zoos_get_the_number_of_classes(project, name):
    zoo, _, model = name.partition(":")
    if zoo == "timm":
        import timm

        theirs = timm.create_model(model, num_classes=5)
    else:
        from torchvision import models

        theirs = models.get_model(model, num_classes=5)
    ours = build(project, name, classes=5, weights=theirs.state_dict())
    assert ours(torch.zeros(2, 3, 64, 64)).shape == (2, 5)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("resnet18", "architecture 'resnet18' of study 'tiny'; allowed: torchvision:NAME, timm:NAME or package.module"),
        ("timm:", "architecture 'timm:' of study 'tiny'; allowed: torchvision:NAME"),
        (
            "torchvision:resnet19",
            "unknown architecture 'torchvision:resnet19' in study 'tiny'; did you mean 'torchvision:resnet1",
        ),
        (
            "timm:tf_efficientnet_lite9",
            "unknown architecture 'timm:tf_efficientnet_lite9' in study 'tiny'; did you mean 'timm:tf_efficientnet_",
        ),
        (
            "my_net:Tiny",
            "architecture 'my_net:Tiny' of study 'tiny': ModuleNotFoundError: No module named",
        ),
        ("my_nets:Tyni", "unknown architecture 'my_nets:Tyni' in study 'tiny'; did you mean 'my_nets:Tiny'?"),
        ("my_nets:LIMIT", "unknown architecture 'my_nets:LIMIT' in study 'tiny'"),
        ("my_nets:__import__", "unknown architecture 'my_nets:__import__'"),
        (":Tiny", "architecture ':Tiny' of study 'tiny': ValueError"),
    ],
)
def test_an_architecture_that_does_not_exist(project, name, line):
    assert line in refusal(project, name)


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("class Tiny(:", "SyntaxError: invalid syntax"),
        ("raise RuntimeError('two\\nlines')", "RuntimeError: two lines"),
        ("def Tiny(): return 3", "study 'tiny': broken:Tiny makes a int; allowed: an nn.Module"),
        ("def Tiny(): raise KeyError('depth')", "broken:Tiny refuses its arguments {}: KeyError: 'depth'"),
        ("def Tiny(a): pass", "broken:Tiny refuses its arguments {}: TypeError: Tiny() missing 1 required"),
    ],
)
def test_a_module_that_fails_is_one_line(project, monkeypatch, code, line):
    monkeypatch.delitem(sys.modules, "broken", raising=False)
    (project.root / "broken.py").write_text(code)
    assert line in refusal(project, "broken:Tiny")
    sys.modules.pop("broken", None)


def test_arguments_reach_the_constructor_and_a_wrong_one_is_named(project):
    assert "refuses its arguments {'width': 3, 'num_classes': 2}" in refusal(project, width=3)
    assert build(project, num_classes=2).head.out_features == 2


def test_another_number_of_classes_is_told_as_such(project):
    line = refusal(project, classes=3)
    assert line == "study 'tiny': the checkpoint has 2 classes ('head.bias'), the dataset 3; allowed: equal numbers"


def test_other_weights_are_told_by_name(project):
    weights = nn.Sequential(nn.Linear(2, 2)).state_dict() | {"head.weight": torch.zeros(2, 9)}
    line = refusal(project, weights=weights)
    assert line.endswith(
        "missing: features.0.bias, features.0.weight, head.bias; surplus: 0.bias, 0.weight; other shape: head.weight"
    )
