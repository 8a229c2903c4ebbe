import pytest
import torch

from seewhy.errors import SeewhyError
from seewhy.inputs.device import choose_device


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "mps"])
def test_a_device_that_is_not_there_is_one_line(monkeypatch, name):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(SeewhyError, match=rf"^base.device: found '{name}'; allowed on this machine: auto, cpu$"):
        choose_device(name)


def test_cuda_has_a_last_number(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert choose_device("cuda:0") == torch.device("cuda:0")
    with pytest.raises(SeewhyError, match="found 'cuda:1'"):
        choose_device("cuda:1")


@pytest.mark.parametrize(("cuda", "wanted"), [(True, "cuda"), (False, "cpu")])
def test_auto_takes_the_accelerator(monkeypatch, cuda, wanted):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("auto").type == wanted
