import argparse
import io
import pickle
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from seewhy.errors import SeewhyError
from seewhy.inputs.checkpoint import load

WEIGHTS = {"head.weight": torch.arange(6.0).reshape(2, 3), "head.bias": torch.zeros(2)}


def loaded(folder, content, **options):
    torch.save(content, folder / "a.pth", **options)
    return load(folder / "a.pth", "studies.a.checkpoint")


def refusal(path):
    with pytest.raises(SeewhyError) as error:
        load(path, "studies.a.checkpoint")
    line = str(error.value)
    assert line.startswith("studies.a.checkpoint: ")
    assert "\n" not in line
    return line


def told(path):
    """What a refusal says; nothing where the file loads."""
    try:
        load(path, "x")
    except SeewhyError as error:
        return str(error)
    return ""


class Touch:
    """A payload that leaves a file behind when it is unpickled."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


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


def test_numbers_written_with_numpy_1_load(tmp_path):
    file = io.BytesIO()
    torch.save({"model": WEIGHTS, "val_acc": np.float32(0.5)}, file, _use_new_zipfile_serialization=False)
    old = file.getvalue().replace(b"numpy._core.multiarray\n", b"numpy.core.multiarray\n")
    assert old != file.getvalue()
    (tmp_path / "a.pth").write_bytes(old)
    assert load(tmp_path / "a.pth", "x").val_acc == 0.5


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
    assert loaded(tmp_path, {"model": WEIGHTS, "val_acc": val_acc}).claim == (claim and pytest.approx(claim))


def test_a_claim_in_a_tensor_counts(tmp_path):
    assert loaded(tmp_path, {"model": WEIGHTS, "val_acc": torch.tensor(50.0)}).claim == 0.5


@pytest.mark.parametrize("legacy", [False, True])
def test_a_payload_does_not_run(tmp_path, legacy):
    content = {"model_state_dict": WEIGHTS, "config": Touch(tmp_path / "touched")}
    torch.save(content, tmp_path / "a.pth", _use_new_zipfile_serialization=not legacy)
    assert "'a.pth' needs code to load (io.open); save model.state_dict() instead" in refusal(tmp_path / "a.pth")
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_a_bare_pickle_does_not_run(tmp_path, protocol):
    (tmp_path / "a.pth").write_bytes(pickle.dumps(Touch(tmp_path / "touched"), protocol))
    refusal(tmp_path / "a.pth")
    assert not (tmp_path / "touched").exists()


def test_a_whole_model_is_refused_with_the_way_out(tmp_path):
    torch.save(nn.Linear(2, 2), tmp_path / "a.pth")
    line = refusal(tmp_path / "a.pth")
    assert "needs code to load (torch.nn.modules.linear.Linear); save model.state_dict()" in line


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


def test_torchscript_is_named(tmp_path):
    torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2)).save(tmp_path / "a.pth")
    assert "'a.pth' is a TorchScript archive; allowed: model.state_dict()" in refusal(tmp_path / "a.pth")
