"""Networks of several outputs, layers called more than once, and layers that hand on several things."""

import pytest
import torch
from torch import nn

import seewhy
from seewhy.engine.layers import depth_layers, last_layer
from seewhy.engine.outputs import choose_output
from tests.methods.nets import close

IMAGES = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))


class Heads(nn.Module):
    def __init__(self, give):
        super().__init__()
        torch.manual_seed(0)
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 8, 3, 1, 1), nn.ReLU())
        self.fc, self.side, self.mask = nn.Linear(8, 3), nn.Linear(8, 3), nn.Conv2d(8, 1, 1)
        self.give = give

    def forward(self, x):
        maps = self.features(x)
        pooled = maps.mean((2, 3))
        return self.give(self, maps, pooled)


OUTPUTS = {
    "features first": (lambda net, _, f: (f, net.fc(f)), 1),
    "features last": (lambda net, _, f: (net.fc(f), f), 0),
    "loss and logits": (lambda net, _, f: {"loss": f.mean(), "logits": net.fc(f)}, "logits"),
    "two heads, named": (lambda net, _, f: {"side": net.side(f), "logits": net.fc(f)}, "logits"),
    "scores, then what is made of them": (lambda net, _, f: (lambda z: (z, z.softmax(1)))(net.fc(f)), 0),
    "with a mask": (lambda net, m, f: (net.mask(m), net.fc(f)), 1),
    "scores, twice changed": (lambda net, _, f: (lambda z: (z, z / 2, (z / 2).softmax(1)))(net.fc(f)), 0),
    "in a list of one": (lambda net, _, f: [net.fc(f)], 0),
}


@pytest.mark.parametrize("case", OUTPUTS)
def test_the_prediction_is_found_among_several_outputs(case):
    give, key = OUTPUTS[case]
    net, plain = Heads(give).eval(), Heads(lambda net, _, f: net.fc(f)).eval()
    assert choose_output(net, IMAGES).key == key
    found = seewhy.explain(net, IMAGES, methods=["gradcam", "ablationcam"], layer="features")
    expected = seewhy.explain(plain, IMAGES, methods=["gradcam", "ablationcam"], layer="features")
    assert found.predictions.tolist() == expected.predictions.tolist()
    for method in ("gradcam", "ablationcam"):
        close(found[method], expected[method])
    with torch.no_grad():
        assert not isinstance(net(IMAGES), torch.Tensor)  # it is left as it was


MEANS = {
    "teacher and class token": lambda a, b: {"cls_logits": a, "distillation_logits": b, "logits": (a + b) / 2},
    "a tuple": lambda a, b: (a, b, (a + b) / 2),
    "with probabilities": lambda a, b: (lambda mean: (a, b, mean, mean.softmax(1)))((a + b) / 2),
}


@pytest.mark.parametrize("trainable", [True, False])
@pytest.mark.parametrize("case", MEANS)
def test_the_mean_of_two_heads_is_the_prediction(case, trainable):
    net = Heads(lambda net, _, f: MEANS[case](net.fc(f), net.side(f))).eval().requires_grad_(trainable)
    plain = Heads(lambda net, _, f: (net.fc(f) + net.side(f)) / 2).eval()
    found = seewhy.explain(net, IMAGES, methods=["gradcam"], layer="features")
    assert found.provenance["output"]["taken"] in ("logits", 2)
    expected = seewhy.explain(plain, IMAGES, methods=["gradcam"], layer="features")
    close(found["gradcam"], expected["gradcam"])
    close(found.scores, expected.scores)


def test_scores_that_a_further_layer_refined_are_the_prediction():
    class Refined(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.one, self.two = nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(4, 2, 1), nn.Conv2d(2, 2, 3, 1, 1)

        def forward(self, x):
            first = self.one(self.a(x))
            return first, first + self.two(first)

    assert choose_output(Refined().eval(), IMAGES).key == 1


def test_two_that_fit_alike_are_told():
    choice = choose_output(Heads(lambda net, _, f: (net.side(f), net.fc(f))).eval(), IMAGES)
    assert (choice.key, choice.others) == (0, (1,))


def test_of_deep_supervision_the_one_that_most_of_the_network_leads_to():
    class Deep(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(4, 4, 3, 1, 1)
            self.one, self.two = nn.Conv2d(4, 2, 1), nn.Conv2d(4, 2, 1)

        def forward(self, x):
            a = self.a(x)
            return self.one(a), self.two(self.b(a))

    assert choose_output(Deep().eval(), IMAGES).key == 1


class Flip(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = Heads(lambda net, _, f: net.fc(f))

    def forward(self, x):
        return (self.net(x) + self.net(x.flip(3))) / 2


class Scales(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.fc = nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1), nn.ReLU()), nn.Linear(6, 3)

    def forward(self, x):
        small = nn.functional.avg_pool2d(x, 2)
        return self.fc(self.body(x).mean((2, 3)) + self.body(small).mean((2, 3)))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.block, self.fc = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 8, 3, 1, 1), nn.Linear(8, 3)

    def forward(self, x):
        x = self.stem(x).relu()
        for _ in range(3):
            x = self.block(x).relu() + x
        return self.fc(x.mean((2, 3)))


@pytest.mark.parametrize(("make", "layer"), [(Flip, "net.features"), (Scales, "body#2"), (Recurrent, "block")])
def test_a_layer_that_is_called_more_than_once_is_chosen_and_never_the_stem(make, layer):
    torch.manual_seed(0)
    found = seewhy.explain(make().eval(), IMAGES, methods=["gradcam"])
    assert found.layer == layer
    assert found["gradcam"].any()


def test_each_call_has_a_map_of_its_own():
    model = Flip().eval()
    found = seewhy.explain(model, IMAGES, methods=["gradcam"], targets=1, layer=["net.features#1", "net.features#2"])
    flipped = seewhy.explain(model, IMAGES.flip(3), methods=["gradcam"], targets=1, layer="net.features#1")
    close(found["gradcam", "net.features#2"], flipped["gradcam"])
    with pytest.raises(seewhy.SeewhyError, match=r"called 2 times, with outputs of other sizes; choose: 'body#1'"):
        seewhy.explain(Scales().eval(), IMAGES, methods=["gradcam"], layer="body")


class Trunk(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(4, 8, 3, 2, 1)

    def forward(self, x):
        maps = self.b(self.a(x).relu())
        return maps, maps.mean((2, 3))


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk, self.fc = Trunk(), nn.Linear(8, 3)

    def forward(self, x):
        return self.fc(self.trunk(x)[1])


def test_a_trunk_that_hands_on_map_and_mean_is_looked_into():
    model = Pair().eval()
    assert last_layer(model, IMAGES) == "trunk.b"
    assert depth_layers(model, IMAGES) == ["trunk.a", "trunk.b"]


class LengthFirst(nn.Module):
    """A transformer that is not batch_first: (tokens, images, channels)."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.patch = nn.Conv2d(3, 8, 4, 4)
        self.cls_token = nn.Parameter(torch.randn(1, 1, 8))
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0, norm_first=True)
        self.encoder, self.fc = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), nn.Linear(8, 3)

    def forward(self, x):
        tokens = self.patch(x).flatten(2).permute(2, 0, 1)
        tokens = torch.cat([self.cls_token.expand(-1, len(x), -1), tokens])
        return self.fc(self.encoder(tokens)[0])


def test_tokens_before_images():
    model = LengthFirst().eval()
    name = "encoder.layers.1.norm1"
    assert last_layer(model, IMAGES) == name
    kept = {}
    handle = model.get_submodule(name).register_forward_hook(
        lambda _m, _a, out: kept.update(a=out.detach().requires_grad_()) or kept["a"]
    )
    output = model(IMAGES)
    handle.remove()
    (gradient,) = torch.autograd.grad(output[:, 1].sum(), kept["a"])
    cells = (gradient * kept["a"])[1:].sum(2).T.reshape(2, 4, 4).detach()
    found = seewhy.explain(model, IMAGES, methods=["hirescam", "ablationcam", "attention"], targets=1)
    close(found["hirescam"][:, 0], cells)
    assert found["ablationcam"].shape == found["attention"].shape == (2, 1, 4, 4)
    one = seewhy.explain(model, IMAGES[1:], methods=["ablationcam"], targets=1)
    close(found["ablationcam"][1:], one["ablationcam"])
