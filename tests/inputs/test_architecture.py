import sys

import pytest
import torch
from torch import nn

from seewhy import open_study
from seewhy.errors import SeewhyError
from seewhy.inputs import architecture
from seewhy.inputs.arguments import recurrent_sizes
from seewhy.inputs.checkpoint import Checkpoint
from seewhy.inputs.weights import left_aside
from tests.conftest import checkpoint


def build(project, name="my_nets:Tiny", classes=2, weights=None, **arguments):
    point = Checkpoint(weights or checkpoint()["model_state_dict"], "0" * 64)
    return architecture.build_network(name, classes, arguments, point, project.root, "study 'tiny'")


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
        (
            "resnet18",
            "architecture 'resnet18' of study 'tiny'; allowed: torchvision:NAME, timm:NAME, smp:NAME or",
        ),
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
        ("def Tiny(): return 3", "study 'tiny': broken:Tiny makes 'int'; allowed: an nn.Module"),
        ("def Tiny(): raise KeyError('depth')", "broken:Tiny refuses its arguments {}: KeyError: 'depth'"),
        (
            "def Tiny(a, b, c=1): pass",
            "missing key 'arguments.a' of study 'tiny' (broken:Tiny); needed: a, b",
        ),
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
        "missing: features.0.weight, features.0.bias, head.bias; surplus: 0.weight, 0.bias; "
        "other shape: head.weight (2, 9) for (2, 8)"
    )


def prefixed(prefix, weights):
    return {prefix + name: value for name, value in weights.items()}


@pytest.mark.parametrize("prefix", ["model.", "net.", "backbone.", "module.model.", "model.module."])
def test_a_prefix_is_found_and_what_lies_beside_it_is_told(project, prefix):
    own = checkpoint()["model_state_dict"]
    file = prefixed(prefix, own) | {"ce_loss.weight": torch.ones(2), "mean": torch.zeros(1, 3, 1, 1)}
    model = build(project, weights=file)
    assert torch.equal(model.head.weight, own["head.weight"])
    assert left_aside(model, file) == ["ce_loss.weight", "mean"]
    assert left_aside(model, own) == []


def test_a_surplus_key_inside_the_network_is_refused(project):
    for prefix in ("", "model."):
        file = prefixed(prefix, checkpoint()["model_state_dict"] | {"extra.weight": torch.ones(2)}) | {
            "loss": torch.ones(1)
        }
        line = refusal(project, weights=file)
        assert "missing: none; surplus: extra.weight" in line
        assert line.endswith("; allowed: none, or `strict: false`, which leaves the surplus aside")


def test_a_surplus_key_is_left_aside_where_strict_is_off_and_a_missing_one_is_not(project, cli):
    own = checkpoint()["model_state_dict"]
    assert cli("dataset", "things")[0] == 0
    for prefix in ("", "model."):
        project.save(model_state_dict=prefixed(prefix, own | {"extra.weight": torch.ones(2)}))
        project.set("studies.tiny.strict", True)
        assert "surplus: extra.weight" in cli("predict", "tiny")[1]
        project.set("studies.tiny.strict", False)
        assert cli("predict", "tiny")[0] == 0
        assert "left aside as `strict: false` says, since the network has no such: extra.weight" in "".join(
            open_study("tiny").built_network.notes
        )
    del own["head.bias"]
    project.save(model_state_dict=own | {"extra.weight": torch.ones(2)})
    code, said = cli("predict", "tiny")
    assert (code, said.count("\n")) == (1, 1)
    assert "missing: head.bias" in said


def test_a_prefix_with_something_missing_is_told_with_the_prefix(project):
    file = prefixed("model.", checkpoint()["model_state_dict"])
    del file["model.head.bias"]
    assert "checkpoint (under 'model.') and architecture differ; missing: head.bias; surplus: none" in refusal(
        project, weights=file
    )
    assert "the checkpoint has 2 classes ('model.head.bias')" in refusal(
        project, weights=prefixed("model.", checkpoint()["model_state_dict"]), classes=3
    )


def test_two_copies_of_the_network_are_refused(project):
    own = checkpoint()["model_state_dict"]
    file = prefixed("student.", own) | prefixed("teacher.", own)
    assert "more than once, under student., teacher.; allowed: once" in refusal(project, weights=file)


def test_counters_that_old_files_do_not_have(project):
    from torchvision import models

    own = models.resnet18().state_dict()
    old = {name: value for name, value in own.items() if not name.endswith("num_batches_tracked")}
    model = build(project, "torchvision:resnet18", classes=1000, weights=old)
    assert torch.equal(model.conv1.weight, own["conv1.weight"])


WRAPPER = """
from torch import nn
from torchvision import models

class Wrapper(nn.Module):
    def __init__(self, num_classes=7, pretrained=True):
        super().__init__()
        assert not pretrained
        self.backbone = models.squeezenet1_1(weights=None)
        self.head = nn.Sequential(nn.Dropout(0.5), nn.Linear(1000, num_classes))

    def forward(self, x):
        return self.head(self.backbone(x))
"""


@pytest.fixture
def theirs(project):
    (project.root / "wraps.py").write_text(WRAPPER)
    (project.root / "captions.py").write_text(CAPTIONS)
    yield project
    sys.modules.pop("wraps", None)
    sys.modules.pop("captions", None)


def test_a_wrapper_loads_as_it_is_and_its_backbone_into_the_plain_network(theirs):
    scope = {}
    exec(WRAPPER, scope)
    file = scope["Wrapper"](5, pretrained=False).state_dict()
    assert build(theirs, "wraps:Wrapper", classes=5, weights=file)(torch.zeros(1, 3, 64, 64)).shape == (1, 5)
    plain = build(theirs, "torchvision:squeezenet1_1", classes=1000, weights=file)
    assert torch.equal(plain.features[0].weight, file["backbone.features.0.weight"])
    assert left_aside(plain, file) == ["head.1.weight", "head.1.bias"]


CAPTIONS = """
from torch import nn
from tests.seeds.nets import Decoder

class CNNLSTM(nn.Module):
    def __init__(self, embed_size, hidden_size, vocab_size, num_layers=1, *, kernel):
        super().__init__()
        self.encoder = nn.Conv2d(3, embed_size, kernel)
        self.decoder = Decoder(embed_size, hidden_size, vocab_size, num_layers)
"""


@pytest.mark.parametrize("layers", [1, 2])
def test_sizes_of_a_caption_model_are_read_off_its_weights(theirs, layers):
    scope = {}
    exec(CAPTIONS, scope)
    file = scope["CNNLSTM"](5, 6, 7, layers, kernel=3).state_dict()
    model = build(theirs, "captions:CNNLSTM", classes=0, weights=file, kernel=3)
    assert (model.decoder.lstm.num_layers, model.decoder.lstm.hidden_size) == (layers, 6)
    point = Checkpoint(file, "0" * 64, {"KERNEL": 3, "num_layers": 9})
    built = architecture.build_network("captions:CNNLSTM", 0, {}, point, theirs.root, "study 'tiny'")
    assert built.encoder.kernel_size == (3, 3)
    assert build(theirs, "captions:CNNLSTM", classes=0, weights=file).encoder.kernel_size == (3, 3)  # as the weights


def test_a_linear_layer_called_embed_is_no_embedding():
    layers = {"encoder.embed": nn.Linear(9, 5), "decoder.embed": nn.Embedding(7, 5), "decoder.cell": nn.GRUCell(5, 6)}
    file = nn.ModuleDict({name.replace(".", "_"): layer for name, layer in layers.items()}).state_dict()
    file = {name.replace("_", ".", 1): value for name, value in file.items()}
    found = recurrent_sizes(file)
    assert (found["vocab_size"], found["embed_size"], found["hidden_size"]) == (7, 5, 6)
    assert "num_layers" not in found
    assert recurrent_sizes(nn.Linear(2, 3).state_dict()) == {}


def test_segmentation_models_are_built_without_a_download(theirs, monkeypatch):
    smp = pytest.importorskip("segmentation_models_pytorch")
    file = smp.Unet("resnet18", encoder_weights=None, classes=3, decoder_channels=(16, 8, 8, 4, 4)).state_dict()
    file = prefixed("model.", file) | {"mean": torch.zeros(1, 3, 1, 1), "ce_loss.weight": torch.ones(3)}
    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", None)
    point = Checkpoint(file, "0" * 64, {"arch": "Unet", "encoder_name": "resnet18"})
    given = {"decoder_channels": [16, 8, 8, 4, 4], "encoder_weights": "imagenet"}
    model = architecture.build_network("smp:Unet", 3, given, point, theirs.root, "study 'tiny'")
    assert model(torch.zeros(1, 3, 32, 32)).shape == (1, 3, 32, 32)
    assert left_aside(model, file) == ["mean", "ce_loss.weight"]
    assert "unknown architecture 'smp:FNP' in study 'tiny'; did you mean 'smp:FPN'?" in refusal(theirs, "smp:FNP")
    assert "smp:Unet refuses its arguments" in refusal(theirs, "smp:Unet", encoder_name="resnet19")


@pytest.mark.parametrize("name", ["os:system", "pathlib:Path", "subprocess:Popen"])
def test_nothing_but_a_network_is_called(project, name):
    assert f"unknown architecture '{name}'" in refusal(project, name, command="touch was_run")
    assert not (project.root / "was_run").exists()
