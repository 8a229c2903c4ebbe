"""What explain costs: how many images pass the trunk, for each family of methods, and that further targets are free."""

import pytest
import torch
from torch import Tensor, nn

import seewhy
from seewhy.engine.targets import class_score
from seewhy.methods.cam import CAMS, CLASS_FREE
from seewhy.methods.explain import PIXELS

from .nets import Small, close, small
from .test_untouched import QUICK, maps

IMAGES = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
ALL = ["activation", "gradcam", "gradcam_pp", "hirescam", "xgradcam", "layercam", "eigencam", "eigengradcam"]


def passed(model: Small, methods: list[str], targets: object, layer: str | None = "layer") -> int:
    """How many images went through the first convolution, for one image explained."""
    seen: list[int] = []
    handle = model.stem[0].register_forward_hook(lambda _module, args, _output: seen.append(len(args[0])))
    options = {method: QUICK[method] for method in methods if method in QUICK}
    seewhy.explain(model, IMAGES[:1], methods=methods, targets=targets, layer=layer, options=options)  # type: ignore[arg-type]
    handle.remove()
    return sum(seen)


def test_all_cams_of_all_classes_cost_one_pass() -> None:
    assert [*CAMS] == ALL
    assert passed(small(), ALL, 1) == passed(small(), ALL, "all") == 1


def test_a_map_that_knows_no_class_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    for method in CAMS:
        plain = CAMS[method]
        monkeypatch.setitem(CAMS, method, lambda seen, plain=plain, method=method: calls.append(method) or plain(seen))
    found = seewhy.explain(small(), IMAGES, methods=ALL, targets="all", layer="layer")
    assert {method for method in ALL if calls.count(method) == 1} == CLASS_FREE == {"activation", "eigencam"}
    for method in ALL:
        same = all(torch.equal(found[method][:, 0], found[method][:, index]) for index in (1, 2))
        assert same is (method in CLASS_FREE)


def test_finding_the_layer_costs_one_pass_of_one_image() -> None:
    assert passed(small(), ["gradcam"], 1, layer=None) == 2


# one pass tells the scores; what a method asks for comes on top of it: one target, all three
COSTS = {
    "ablationcam": (1, 1),  # from memory
    "scorecam": (1 + 8, 1 + 8),  # a mask for each channel
    "occlusion": (1 + 1 + 9, 1 + 1 + 9),  # the whole image, and patches of 8 in steps of 4
    "rise": (1 + 6, 1 + 6),
    "lime": (1 + 20, 1 + 20),
    "gradient": (1 + 1, 1 + 3),
    "input_x_gradient": (1 + 1, 1 + 3),
    "guided_backprop": (1 + 1, 1 + 3),
    "guided_gradcam": (1 + 2, 1 + 6),
    "integrated_gradients": (1 + 3, 1 + 9),
    "smoothgrad": (1 + 3, 1 + 9),
}


@pytest.mark.parametrize("method", COSTS)
def test_passes_of_a_method_that_asks_the_model(method: str) -> None:
    assert (passed(small(), [method], 1), passed(small(), [method], "all")) == COSTS[method]


def test_every_method_has_its_cost_here_or_in_its_own_tests() -> None:
    assert {*PIXELS} - {*COSTS} == {"attention", "attention_rollout", "shap_gradient", "shap_partition"}


class Beside(nn.Module):
    """What the trunk gave is read again behind the layer."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk, self.layer, self.head = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 1), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.trunk(x)
        return self.head((self.layer(x).relu() + x).mean((2, 3)))


def test_the_trunk_runs_again_where_its_values_are_read_behind_the_layer_and_only_there() -> None:
    """Image by image then; the first pass is of both."""
    torch.manual_seed(0)
    for model, first, passes in ((small(), "stem", [2]), (Beside(), "trunk", [2, 1, 1])):
        seen: list[int] = []
        module = model.get_submodule(first)
        plain = module.forward
        module.forward = lambda x, plain=plain, seen=seen: seen.append(len(x)) or plain(x)  # type: ignore[method-assign]
        seewhy.explain(model, IMAGES, methods=["ablationcam"], targets=1, layer="layer")
        assert seen == passes


class Larger(nn.Module):
    """What the trunk gave is read, but decides nothing until a channel of the layer is gone."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk, self.layer = nn.Identity(), nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.trunk(x)
        return torch.maximum(self.layer(x + 1), x).mean((2, 3)).sum(1, keepdim=True)


def test_a_trunk_that_matters_only_to_ablated_heads_is_remembered() -> None:
    """The head gives the model's output whatever finite answer stands for the trunk; without a channel it does not."""
    found = seewhy.explain(Larger(), IMAGES, methods=["ablationcam"], targets=1, layer="layer")["ablationcam"]
    drop = torch.ones(2, 3) / (IMAGES + 1).mean((2, 3)).sum(1, keepdim=True)  # x + 1 becomes x in a channel
    close(found[:, 0], torch.einsum("nc,nchw->nhw", drop, IMAGES + 1))


@pytest.mark.parametrize("method", [*PIXELS])
def test_every_method_is_known_by_name_and_called_alike(method: str) -> None:
    """By the registry: with all scores, on a model, images and a layer."""
    scores, options = [class_score([1, 0]), class_score([2, 2])], QUICK.get(method, {})
    if "attention" not in method:
        found = PIXELS[method](small(), IMAGES, scores, "layer", **options)
        assert found.shape[:2] == (2, 2)
        close(found.float(), torch.cat([maps(small(), method, targets=one) for one in ([1, 0], [2, 2])], 1))
