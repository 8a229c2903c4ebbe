import argparse
import collections
import datetime
import functools
import importlib
import io
import os
import pathlib
import pickle
import random
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.testing
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from seewhy.errors import SeewhyError
from seewhy.inputs.arrays import Array, RefusedError
from seewhy.inputs.checkpoint import CONFIGS, load_checkpoint

WEIGHTS = {"head.weight": torch.arange(6.0).reshape(2, 3), "head.bias": torch.zeros(2)}


def loaded(folder, content, **options):
    torch.save(content, folder / "a.pth", **options)
    return load_checkpoint(folder / "a.pth", "studies.a.checkpoint")


def refusal(path):
    with pytest.raises(SeewhyError) as error:
        load_checkpoint(path, "studies.a.checkpoint")
    line = str(error.value)
    assert line.startswith("studies.a.checkpoint: ")
    assert "\n" not in line
    return line


def told(path):
    """What a refusal says; nothing where the file loads."""
    try:
        load_checkpoint(path, "x")
    except SeewhyError as error:
        return str(error)
    return ""


class Touch:
    """A payload that leaves a file behind when it is unpickled."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


class Call:
    """A payload that calls what it is given."""

    def __init__(self, function, *arguments):
        self.called = function, arguments

    def __reduce__(self):
        return self.called


@pytest.fixture
def theirs(monkeypatch):
    """A module of the user's, which is gone when their file is read: it cannot be imported."""
    module = ModuleType("their_code")
    exec(THEIRS, module.__dict__)
    monkeypatch.setitem(sys.modules, "their_code", module)
    yield module
    assert not hasattr(module, "ran")


THEIRS = """
import enum

class Vocabulary:
    def __init__(self):
        self.word2idx = {"<START>": 0, "a": 1, "tree": 2}
        self.idx2word = {index: word for word, index in self.word2idx.items()}
    def __setstate__(self, state):
        global ran
        ran = True

class Words(dict):
    pass

class Split(enum.Enum):
    TEST = "test"

class Slotted:
    __slots__ = ("depth",)

class Steps(list):
    pass

def make(*_):
    global ran
    ran = True
    return {}
"""


@pytest.mark.parametrize("key", [None, "model_state_dict", "state_dict", "network", "model"])
@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."])
def test_weights_under_every_key_and_prefix(tmp_path, key, prefix):
    weights = {prefix + name: value for name, value in WEIGHTS.items()}
    found = loaded(tmp_path, {key: weights, "epoch": 3} if key else weights)
    assert list(found.weights) == list(WEIGHTS)
    assert torch.equal(found.weights["head.weight"], WEIGHTS["head.weight"])
    assert found.epoch == (3 if key else None)


def test_a_part_called_module_keeps_its_name(tmp_path):
    weights = {"module.weight": torch.ones(1), "head.weight": torch.zeros(1)}
    assert list(loaded(tmp_path, weights).weights) == ["module.weight", "head.weight"]


@pytest.mark.parametrize("legacy", [False, True])
def test_numpy_numbers_and_a_namespace_load_without_running_code(tmp_path, legacy):
    content = {
        "state_dict": WEIGHTS,
        "config": argparse.Namespace(IMAGE_SIZE=32, IMAGENET_MEAN=np.array([0.1, 0.2, 0.3])),
        "epoch": np.int64(7),
        "val_acc": np.float64(0.875),
    }
    found = loaded(tmp_path, content, _use_new_zipfile_serialization=not legacy)
    assert (found.epoch, found.val_acc, found.config["IMAGE_SIZE"]) == (7, 0.875, 32)
    assert found.config["IMAGENET_MEAN"].tolist() == [0.1, 0.2, 0.3]


@pytest.mark.parametrize("legacy", [False, True])
def test_an_object_of_the_users_own_class_is_read_as_data(tmp_path, theirs, legacy):
    slotted = theirs.Slotted()
    slotted.depth = 3
    content = {
        "model_state_dict": WEIGHTS,
        "vocab": theirs.Vocabulary(),
        "hyper_parameters": {"split": theirs.Split.TEST, "slotted": slotted, "net": functools.partial(dict, a=1)},
    }
    torch.save(content, tmp_path / "a.pth", _use_new_zipfile_serialization=not legacy)
    sys.modules.pop("their_code")
    found = load_checkpoint(tmp_path / "a.pth", "x")
    assert found.words == ["<START>", "a", "tree"]
    assert torch.equal(found.weights["head.weight"], WEIGHTS["head.weight"])
    assert found.config["split"].arguments in (("test",), ("TEST",))  # by value or by name: versions of Python differ
    assert found.config["slotted"].attributes == {"depth": 3}
    assert str(found.config["slotted"]) == "their_code.Slotted {'depth': 3}"
    assert "their_code" not in sys.modules


class Got:
    """Pickles as getattr(owner, name)."""

    def __init__(self, owner, name):
        self.call = getattr, (owner, name)

    def __reduce__(self):
        return self.call


def test_a_member_of_a_foreign_enumeration_is_data_whoever_wrote_it(tmp_path, theirs):
    torch.save({"model_state_dict": WEIGHTS, "config": {"split": Got(theirs.Split, "TEST")}}, tmp_path / "a.pth")
    sys.modules.pop("their_code")
    split = load_checkpoint(tmp_path / "a.pth", "x").config["split"]
    assert (split.path, split.arguments) == ("their_code.Split", ("TEST",))


@pytest.mark.parametrize(("owner", "name"), [([], "append"), ("x", "format"), ({}, "__class__")])
def test_getattr_gets_nothing_else(tmp_path, owner, name):
    torch.save({"model_state_dict": WEIGHTS, "config": Got(owner, name)}, tmp_path / "a.pth")
    with pytest.raises(SeewhyError, match=r"needs code to load \(builtins\.getattr\)"):
        load_checkpoint(tmp_path / "a.pth", "x")


@pytest.mark.parametrize(
    "vocabulary",
    [
        ["<PAD>", "a", "tree"],
        {"<PAD>": 0, "a": 1, "tree": 2},
        {0: "<PAD>", 2: "tree", 1: "a"},
        {"0": "<PAD>", "1": "a", "2": "tree"},
        {"word2idx": {"<PAD>": 0, "a": np.int64(1), "tree": 2}, "size": 3},
        {"itos": ["<PAD>", "a", "tree"], "stoi": {}},
        np.array(["<PAD>", "a", "tree"], dtype=object),
    ],
)
def test_words_from_every_kind_of_vocabulary(tmp_path, vocabulary):
    assert loaded(tmp_path, {"model": WEIGHTS, "vocab": vocabulary}).words == ["<PAD>", "a", "tree"]


@pytest.mark.parametrize("vocabulary", [{}, [], 3, None, {"a": "b"}, {"a": -1}, {"a": 10**12}, {"a": 1.5}, [1]])
def test_what_is_no_vocabulary_is_left_out(tmp_path, vocabulary):
    assert loaded(tmp_path, {"model": WEIGHTS, "vocab": vocabulary}).words is None


def test_an_index_without_a_word_is_empty(tmp_path):
    assert loaded(tmp_path, {"model": WEIGHTS, "vocab": {"a": 2, "b": 0}}).words == ["b", "", "a"]


def test_containers_of_the_users_own_are_plain_ones(tmp_path, theirs):
    steps = theirs.Steps([1, 2])
    content = {"model": WEIGHTS, "config": theirs.Words(IMAGE_SIZE=32, steps=steps), "vocab": theirs.Words(a=0, b=1)}
    torch.save(content, tmp_path / "a.pth")
    sys.modules.pop("their_code")
    found = load_checkpoint(tmp_path / "a.pth", "x")
    assert found.config == {"IMAGE_SIZE": 32, "steps": [1, 2]}
    assert found.words == ["a", "b"]


def test_what_python_itself_offers_for_data_loads(tmp_path):
    config = {
        "path": pathlib.PurePosixPath("a/b"),
        "here": Path("a"),
        "there": pathlib.PureWindowsPath("c:/d"),
        "when": datetime.datetime(2024, 5, 1, tzinfo=datetime.UTC),
        "counts": collections.defaultdict(int, a=2),
        "last": collections.deque([1]),
        "kind": int,
        "names": np.array(["a", "b"], dtype=object),
        "grid": np.arange(6, dtype=">i2").reshape(2, 3).T,
    }
    found = loaded(tmp_path, {"model": WEIGHTS, "config": config}).config
    assert str(found["path"]) == "a/b"
    assert str(found["here"]) == "a"
    assert str(found["there"]) == r"c:\d"
    assert (found["when"], found["counts"], found["last"]) == (config["when"], {"a": 2}, [1])
    assert found["names"].tolist() == ["a", "b"]
    assert found["grid"].tolist() == config["grid"].tolist()


def test_class_names_in_the_file(tmp_path):
    assert loaded(tmp_path, {"model": WEIGHTS, "class_names": ("a", "b")}).classes == ["a", "b"]
    assert loaded(tmp_path, {"model": WEIGHTS, "classes": np.array(["a", "b"])}).classes == ["a", "b"]
    assert loaded(tmp_path, {"model": WEIGHTS, "classes": 2}).classes is None


@pytest.mark.parametrize("name", CONFIGS)
def test_settings_under_every_key(tmp_path, theirs, name):
    kept = theirs.Slotted()
    kept.depth = 3
    for config in ({"depth": 3}, argparse.Namespace(depth=3), kept):
        assert loaded(tmp_path, {"model": WEIGHTS, name: config}).config == {"depth": 3}


def test_settings_and_classes_beside_the_weights_and_under_meta(tmp_path):
    weights = {"fc.weight": torch.ones(2, 3)}
    beside = {"arch": "resnet18", "img_size": 64, "mean": 3.5, "std": [0.5, 0.5, 0.5], "hidden_size": 7, "epoch": 2}
    torch.save({"state_dict": weights, **beside, "names": {"a": 1}}, tmp_path / "a.pth")
    wanted = {"arch": "resnet18", "img_size": 64, "std": [0.5, 0.5, 0.5], "hidden_size": 7}
    assert load_checkpoint(tmp_path / "a.pth", "here").config == wanted
    torch.save({"model": weights, "args": {"lr": 1}, "meta": {"classes": ["cup", "bar"]}}, tmp_path / "b.pth")
    found = load_checkpoint(tmp_path / "b.pth", "here")
    assert (found.config, found.classes) == ({"lr": 1}, ["cup", "bar"])


def test_safetensors_load(tmp_path):
    save_file(WEIGHTS, tmp_path / "a.anything")
    found = load_checkpoint(tmp_path / "a.anything", "x")
    assert torch.equal(found.weights["head.weight"], WEIGHTS["head.weight"])
    content = (tmp_path / "a.anything").read_bytes()
    (tmp_path / "a.anything").write_bytes(content[:-1])
    assert "is damaged, truncated or no checkpoint" in refusal(tmp_path / "a.anything")


def test_numbers_written_with_numpy_1_load(tmp_path):
    file = io.BytesIO()
    torch.save({"model": WEIGHTS, "val_acc": np.float32(0.5)}, file, _use_new_zipfile_serialization=False)
    old = file.getvalue().replace(b"numpy._core.multiarray\n", b"numpy.core.multiarray\n")
    assert old != file.getvalue()
    (tmp_path / "a.pth").write_bytes(old)
    assert load_checkpoint(tmp_path / "a.pth", "x").val_acc == 0.5


@pytest.mark.parametrize(
    ("val_acc", "claim"),
    [
        (91.5, 0.915),
        (0.915, 0.915),
        (1.0, 1.0),
        (100, 1.0),
        (0, 0.0),
        (None, None),
        ("91 %", None),
        (float("nan"), None),
    ],
)
def test_a_claim_above_one_is_percent(tmp_path, val_acc, claim):
    assert loaded(tmp_path, {"model": WEIGHTS, "val_acc": val_acc}).claimed_accuracy == (claim and pytest.approx(claim))


def test_a_claim_in_a_tensor_counts(tmp_path):
    assert loaded(tmp_path, {"model": WEIGHTS, "val_acc": torch.tensor(50.0)}).claimed_accuracy == 0.5


@pytest.mark.parametrize("legacy", [False, True])
def test_a_payload_does_not_run(tmp_path, legacy):
    content = {"model_state_dict": WEIGHTS, "config": Touch(tmp_path / "touched")}
    torch.save(content, tmp_path / "a.pth", _use_new_zipfile_serialization=not legacy)
    assert "'a.pth' needs code to load (io.open); save model.state_dict() instead" in refusal(tmp_path / "a.pth")
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (os.system, "posix.system"),
        (eval, "builtins.eval"),
        (exec, "builtins.exec"),
        (getattr, "builtins.getattr"),
        (__import__, "builtins.__import__"),
        (subprocess.Popen, "commands.Popen"),
        (numpy.testing.runstring, "numpy.testing._private.utils.runstring"),
        (importlib.import_module, "importlib.import_module"),
        (torch.load, "torch.serialization.load"),
        (torch.hub.load, "torch.hub.load"),
    ],
)
def test_a_call_is_refused_by_name(tmp_path, function, name):
    torch.save({"model": WEIGHTS, "epoch": Call(function, "open('touched', 'w')")}, tmp_path / "a.pth")
    assert f"'a.pth' needs code to load ({name})" in refusal(tmp_path / "a.pth")


def test_a_function_of_the_users_own_is_refused_by_name(tmp_path, theirs):
    torch.save({"model": WEIGHTS, "vocab": Call(theirs.make, 1)}, tmp_path / "a.pth")
    assert "needs code to load (their_code.make)" in refusal(tmp_path / "a.pth")


def test_an_array_that_takes_bytes_for_pointers_is_refused():
    fields = np.dtype("V8")
    fields.__setstate__((3, "|", None, ("a",), {"a": (np.dtype("O"), 0)}, 8, 1, 0))
    for kind, raw in ((fields, b"8 bytes!"), (np.dtype("O"), b"8 bytes!"), (np.dtype("O"), [1, 2])):
        array = Array.__new__(Array, (0,))
        with pytest.raises(RefusedError):
            array.__setstate__((1, (1,), kind, False, raw))


@pytest.mark.parametrize("protocol", [4, 5])
def test_another_protocol_is_named(tmp_path, protocol):
    torch.save({"model": WEIGHTS}, tmp_path / "a.pth", pickle_protocol=protocol)
    assert "is of another pickle protocol; allowed: torch.save(..., pickle_protocol=2)" in refusal(tmp_path / "a.pth")


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_a_bare_pickle_does_not_run(tmp_path, protocol):
    (tmp_path / "a.pth").write_bytes(pickle.dumps(Touch(tmp_path / "touched"), protocol))
    refusal(tmp_path / "a.pth")
    assert not (tmp_path / "touched").exists()


def test_a_whole_model_is_read_as_data_and_its_class_told(tmp_path, theirs):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
            self.register_buffer("passing", torch.ones(1), persistent=False)

    Net.__module__, Net.__qualname__ = "their_code", "Net"
    theirs.Net = Net
    net = Net().half()
    for content in (net, {"epoch": 1, "model": net}, {"ema": net, "updates": 3}):
        torch.save(content, tmp_path / "a.pth")
        found = load_checkpoint(tmp_path / "a.pth", "x")
        assert list(found.weights) == list(net.state_dict())
        assert torch.equal(found.weights["head.0.weight"], net.head[0].weight.float())
        assert found.path == "their_code.Net"
        assert "`architecture: their_code.py:Net` names the class" in " ".join(found.notes)


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(tmp_path, legacy, share):
    torch.save(WEIGHTS, tmp_path / "a.pth", _use_new_zipfile_serialization=not legacy)
    content = (tmp_path / "a.pth").read_bytes()
    (tmp_path / "a.pth").write_bytes(content[: int(share * len(content))])
    assert "is damaged, truncated or no checkpoint; allowed: a file written by torch.save" in refusal(
        tmp_path / "a.pth"
    )


def test_a_damaged_file_never_ends_in_a_traceback(tmp_path):
    file, draw = io.BytesIO(), random.Random(0)
    torch.save({"model": WEIGHTS, "val_acc": np.float64(0.5)}, file, _use_new_zipfile_serialization=False)
    for _ in range(300):
        bad = bytearray(file.getvalue())
        bad[draw.randrange(len(bad))] = draw.randrange(256)
        (tmp_path / "a.pth").write_bytes(bad)
        said = told(tmp_path / "a.pth")
        assert "\n" not in said
        assert "weights_only" not in said  # torch's message tells people to switch the check off


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ([1], "'a.pth' holds a list; allowed: a state_dict, or a dict with one"),
        ({"epoch": 1}, "no weights in 'a.pth'; found keys: epoch; allowed: model_state_dict, state_dict, network"),
        ({0: torch.zeros(1)}, "no weights in 'a.pth'; found keys: 0; allowed: "),
        ({"model": {}}, "no weights in 'a.pth'"),
    ],
)
def test_a_file_without_weights_is_refused(tmp_path, content, line):
    torch.save(content, tmp_path / "a.pth")
    assert line in refusal(tmp_path / "a.pth")


def test_a_missing_file_is_named(tmp_path):
    assert "there is no checkpoint" in refusal(tmp_path / "b.pth")


class Scripted(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)), nn.Linear(4, 2, dtype=torch.half)

    def forward(self, x):
        return self.head(self.body(x).mean((2, 3)).half())


@pytest.mark.parametrize("make", [torch.jit.script, lambda net: torch.jit.trace(net, torch.zeros(1, 3, 8, 8))])
def test_torchscript_is_read_as_data(tmp_path, make, monkeypatch):
    net = Scripted().eval()
    make(net).save(tmp_path / "a.pt")
    monkeypatch.setattr(torch.jit, "load", None)
    found = load_checkpoint(tmp_path / "a.pt", "x")
    assert set(found.weights) == set(net.state_dict())
    for name, value in net.state_dict().items():
        assert torch.equal(found.weights[name], value.float() if value.dtype == torch.half else value), name
    assert found.notes[0] == "half precision in the file (float16), computed in float32"
    assert found.path == "tests.inputs.test_checkpoint.Scripted"


@pytest.mark.parametrize(
    ("content", "note"),
    [
        ({"state_dict": {"a": 0}, "state_dict_ema": {"a": 1}}, "(key 'state_dict_ema'); `weights: state_dict` takes"),
        ({"model_ema": {"a": 1}, "epoch": 3}, "(key 'model_ema')"),
        ({"model": {"a": 0}, "ema": {"module": {"a": 1}, "decay": 0.9}}, "(key 'ema.module'); `weights: model`"),
        ({"n_averaged": 5, "module.a": 1}, "means of 5 weights are used"),
        ({"net": {"a": 1}, "optimizer": {"state": {0: {"exp_avg": 3}}, "param_groups": []}}, ""),
        ({"my_own_key": {"a": 1}, "lr_scheduler": {"a": 0}, "val_acc": 0.5}, ""),
        ({"deep": {"inside": {"a": 1}}}, ""),
        ({"model": [{"a": 1}]}, ""),
        ([{"a": 1}], ""),
    ],
)
def test_the_networks_weights_are_found_and_means_of_them_come_first(tmp_path, content, note):
    found = loaded(tmp_path, tensors(content))
    assert {name: value.tolist() for name, value in found.weights.items()} == {"a": [1.0, 1.0]}
    assert note in " ".join(found.notes) if note else found.notes == ()


def tensors(content):
    """Numbers under the names of weights as tensors of two."""
    if isinstance(content, list):
        return [tensors(one) for one in content]
    return {
        key: torch.tensor(value)
        if key == "n_averaged"
        else torch.full((2,), float(value))
        if str(key).endswith(("a", "exp_avg")) and isinstance(value, int)
        else tensors(value)
        if isinstance(value, dict | list)
        else value
        for key, value in content.items()
    }


def test_the_key_of_the_weights_can_be_asked_for(tmp_path):
    content = {"state_dict": WEIGHTS, "state_dict_ema": {name: value + 1 for name, value in WEIGHTS.items()}}
    torch.save(content, tmp_path / "a.pth")
    live = load_checkpoint(tmp_path / "a.pth", "x", "state_dict")
    assert torch.equal(live.weights["head.bias"], WEIGHTS["head.bias"])
    assert live.notes == ()
    with pytest.raises(SeewhyError, match=r"unknown weights 'state_dic' .*did you mean 'state_dict'"):
        load_checkpoint(tmp_path / "a.pth", "x", "state_dic")


def test_parts_and_lists_of_networks_keep_their_keys(tmp_path):
    found = loaded(tmp_path, {"encoder": {"a": torch.ones(2)}, "decoder": {"a": torch.zeros(2)}, "epoch": 2})
    assert (list(found.weights), found.epoch) == (["encoder.a", "decoder.a"], 2)
    assert list(loaded(tmp_path, {"net": [WEIGHTS, WEIGHTS]}).weights)[::2] == [
        "net.0.head.weight",
        "net.1.head.weight",
    ]


def test_classes_in_the_order_of_the_outputs(tmp_path):
    for classes in ({"bar": 1, "disc": 0}, {1: "bar", 0: "disc"}, {"1": "bar", "0": "disc"}):
        assert loaded(tmp_path, {"model": WEIGHTS, "class_to_idx": classes}).classes == ["disc", "bar"]
    assert loaded(tmp_path, {"model": WEIGHTS, "config": {"id2label": {0: "a", 1: "b"}}}).classes == ["a", "b"]
