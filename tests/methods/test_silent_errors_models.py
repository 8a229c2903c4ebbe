"""Silent errors of leading libraries that models bring out, by their number in the field notes (section 1).

4 hooks left behind by SHAP; 13 recurrent layers in eval mode on cuDNN; 14 maps that are zero throughout, here those of
a ViT explained behind its last attention.
"""

import copy

import pytest
import shap
import timm
import torch
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn
from torchvision.models import resnet18

import seewhy
from seewhy.engine.evidence import collect_evidence
from seewhy.methods.partition import partition_values
from seewhy.methods.shapley import expected_gradients

from .test_evidence import assert_untouched, state

IMAGES = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def hooks(model: nn.Module) -> int:
    return sum(len(part._forward_hooks) + len(part._backward_hooks) for part in model.modules())


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    return resnet18(num_classes=3).eval()


def test_4_the_peer_fails_on_a_resnet_and_leaves_its_hooks(network: nn.Module) -> None:
    model = copy.deepcopy(network)
    with pytest.raises((RuntimeError, AssertionError)):
        shap.DeepExplainer(model, IMAGES).shap_values(IMAGES[:1])
    assert hooks(model) > 100


def test_4_ours_works_on_a_resnet_and_leaves_nothing(network: nn.Module) -> None:
    before, expected = state(network), network(IMAGES)
    found = expected_gradients(network, IMAGES[:1], IMAGES, [[0]], samples=4, seed=0)
    squares = partition_values(network, IMAGES[:1], 0, evaluations=20)
    assert abs(found.values).max() > 0
    assert abs(squares.values).max() > 0
    assert_untouched(before, network)
    assert hooks(network) == 0
    torch.testing.assert_close(network(IMAGES), expected)


@pytest.mark.parametrize("explain", ["gradient", "partition"])
def test_4_nothing_is_left_after_a_failure_either(explain: str, network: nn.Module) -> None:
    class Breaks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.calls = copy.deepcopy(network), 0

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.calls += 1
            if self.calls > 3:
                raise ZeroDivisionError
            return self.inner(x)

    model = Breaks().train()
    before = state(model)
    calls = {
        "gradient": lambda: expected_gradients(model, IMAGES, IMAGES, [[0], [1]], samples=80, seed=0),
        "partition": lambda: partition_values(model, IMAGES, 0, evaluations=120),
    }
    with pytest.raises(ZeroDivisionError):
        calls[explain]()
    assert_untouched(before, model)
    assert hooks(model) == 0


class Words(nn.Module):
    """A captioning model in small: a recurrent layer reads the cells of the encoder."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.encoder, self.reader, self.head = nn.Conv2d(3, 4, 8, 8), nn.LSTM(4, 6, batch_first=True), nn.Linear(6, 5)
        self.cudnn: list[bool] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.cudnn.append(torch.backends.cudnn.enabled)
        return self.head(self.reader(self.encoder(x).flatten(2).transpose(1, 2))[0][:, -1])


@pytest.mark.parametrize("training", [True, False])
def test_13_recurrent_layers_run_without_cudnn_in_eval_mode(training: bool) -> None:
    model, enabled = Words().train(training), torch.backends.cudnn.enabled
    found = collect_evidence(model, IMAGES, ["encoder"], [lambda output: output[:, 2]]).evidence["encoder"][0]
    assert model.cudnn == [False]  # cuDNN refuses their backward pass outside training
    assert torch.backends.cudnn.enabled is enabled
    assert model.training is training
    cells = model.encoder(IMAGES).detach().requires_grad_()
    score = model.head(model.reader(cells.flatten(2).transpose(1, 2))[0][:, -1])[:, 2]
    torch.testing.assert_close(found.gradient, torch.autograd.grad(score.sum(), cells)[0])


def test_13_other_models_keep_cudnn(network: nn.Module) -> None:
    seen: list[bool] = []
    handle = network.layer1.register_forward_hook(lambda *_: seen.append(torch.backends.cudnn.enabled))
    collect_evidence(network, IMAGES, ["layer4"], 0)
    handle.remove()
    assert seen == [torch.backends.cudnn.enabled]


def test_13_the_switch_comes_back_after_a_failure() -> None:
    model, enabled = Words(), torch.backends.cudnn.enabled
    with pytest.raises(seewhy.SeewhyError, match="layer 'head' has output"):
        collect_evidence(model, IMAGES, ["head"], [lambda output: output[:, 0]])
    assert torch.backends.cudnn.enabled is enabled


@pytest.fixture(scope="module")
def vit() -> nn.Module:
    torch.manual_seed(0)
    return timm.create_model("vit_tiny_patch16_224", img_size=32, depth=2, num_classes=3).eval()


def test_14_the_peer_returns_zeros_behind_the_last_attention(vit: nn.Module) -> None:
    def reshape(tensor: torch.Tensor) -> torch.Tensor:
        return tensor[:, 1:].reshape(len(tensor), 2, 2, -1).permute(0, 3, 1, 2)

    with GradCAM(vit, [vit.blocks[1]], reshape_transform=reshape) as peer:
        assert (peer(IMAGES, [ClassifierOutputTarget(0)] * 2) == 0).all()


@pytest.mark.parametrize("layer", ["norm", "blocks.1", "blocks.1.norm2"])
def test_14_ours_refuses_such_a_layer_and_finds_a_better_one(layer: str, vit: nn.Module) -> None:
    before = state(vit)
    with pytest.raises(seewhy.SeewhyError, match=f"no gradient reaches the patch tokens of layer '{layer}'"):
        seewhy.explain(vit, IMAGES, methods=["gradcam"], targets="all", layer=layer)
    assert_untouched(before, vit)
    found = seewhy.explain(vit, IMAGES, methods=["gradcam"], targets="all")
    assert found.layer == "blocks.1.norm1"
    assert found["gradcam"].flatten(2).any(2).all()
