"""`open_study(model=net, ...)`: a network of the session, with images and labels as a notebook holds them."""

import copy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn
from torchvision import transforms

import seewhy
from seewhy.errors import SeewhyError
from seewhy.measure import own_metrics
from seewhy.measure.family import FAMILIES
from seewhy.metrics.registry import METRICS
from seewhy.report import show

NAMES = ["cup", "cat", "dog"]
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
LINE = f"T.Compose([T.Resize(20), T.CenterCrop(16), T.ToTensor(), T.Normalize({[*MEAN]}, {[*STD]})])"


class Net(nn.Module):
    """A small network with batch norm and dropout, so that its mode matters."""

    def __init__(self, outputs=3, channels=3):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(channels, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2))
        self.drop = nn.Dropout()
        self.head = nn.Linear(8, outputs)

    def forward(self, x):
        return self.head(self.drop(self.features(x).mean((2, 3))))


@pytest.fixture(autouse=True)
def outside(tmp_path, monkeypatch):
    """A working folder outside every project, in which nothing may be written."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SEEWHY_PROGRESS", "off")
    torch.manual_seed(0)
    yield
    assert list(folder.iterdir()) == []


@pytest.fixture
def net():
    return Net()


@pytest.fixture
def photos():
    """Twelve pictures with structure, 24 x 30."""
    draw = np.random.default_rng(0)
    coarse = draw.integers(0, 256, (12, 4, 5, 3), dtype=np.uint8)
    return coarse.repeat(6, axis=1).repeat(6, axis=2)


@pytest.fixture
def tensors():
    return torch.rand(12, 3, 16, 16)


def expected(net, inputs):
    """What the user's own loop says: probabilities in eval mode."""
    with torch.no_grad():
        return copy.deepcopy(net).eval()(inputs).softmax(1).numpy()


def probabilities(study):
    return np.stack(study.predictions["probabilities"].tolist())


def check_equal(study, net, inputs):
    """Predictions to 1e-5, and maps as `seewhy.explain` makes them."""
    np.testing.assert_allclose(probabilities(study), expected(net, inputs), atol=1e-5)
    own = copy.deepcopy(net).eval()
    wanted = seewhy.explain(own, inputs, methods=["gradcam"])["gradcam"][:, 0].numpy()
    np.testing.assert_allclose(study.explain("gradcam").maps, wanted, rtol=1e-3, atol=1e-6)


def own_transform():
    return transforms.Compose(
        [transforms.Resize(20), transforms.CenterCrop(16), transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
    )


def in_files(photos, folder):
    paths = [folder / NAMES[number % 3] / f"{number}.png" for number in range(len(photos))]
    for path, photo in zip(paths, photos, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo).save(path)
    return paths


@pytest.mark.parametrize("form", ["array", "list of arrays", "PIL", "paths", "texts", "Dataset"])
@pytest.mark.parametrize("transform", ["line", "callable"])
def test_pictures_in_every_form_are_seen_as_the_users_loop_sees_them(net, photos, tmp_path, form, transform):
    pil = [Image.fromarray(one) for one in photos]
    paths = in_files(photos, tmp_path / "photos")
    forms = {"array": photos, "list of arrays": list(photos), "PIL": pil, "paths": paths, "texts": [*map(str, paths)]}
    forms["Dataset"] = Pairs(list(zip(pil, [0, 1, 2] * 4, strict=True)))
    given = LINE if transform == "line" else own_transform()
    study = seewhy.open_study(model=net, images=forms[form], labels=NAMES * 4, classes=NAMES, transform=given)
    check_equal(study, net, torch.stack([own_transform()(one) for one in pil]))
    assert study.predictions["label"].tolist() == NAMES * 4
    assert study.photos(study.predictions).shape == (12, 16, 16, 3)


class Pairs:
    """A map-style Dataset."""

    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, number):
        return self.rows[number]


def test_tensors_are_what_the_network_takes(net, tensors):
    study = seewhy.open_study(model=net, images=tensors, labels=[0, 1, 2] * 4)
    check_equal(study, net, tensors)
    assert study.dataset.classes == ["0", "1", "2"]
    shown = torch.from_numpy(study.photos(study.predictions)).permute(0, 3, 1, 2) / 255
    assert (shown - tensors).abs().max() < 1 / 500


def test_normalised_tensors_are_shown_as_they_were(net, tensors):
    inputs = transforms.functional.normalize(tensors, MEAN, STD)
    for normalize, near, note in (((MEAN, STD), True, "undone"), (None, False, "scaled from")):
        study = seewhy.open_study(model=net, images=inputs, normalize=normalize)
        check_equal(study, net, inputs)
        shown = torch.from_numpy(study.photos(study.predictions)).permute(0, 3, 1, 2) / 255
        assert ((shown - tensors).abs().max() < 1 / 500) == near
        assert note in study.dataset.notes[-1]


def test_pictures_without_a_transform_are_those_of_totensor(net, photos):
    check_equal(seewhy.open_study(model=net, images=photos), net, torch.from_numpy(photos).permute(0, 3, 1, 2) / 255)
    study = seewhy.open_study(model=net, images=photos, normalize=(MEAN, STD))
    check_equal(study, net, torch.stack([transforms.Compose(own_transform().transforms[2:])(one) for one in photos]))


def test_grey_pictures_and_tensors_have_one_channel(photos):
    net = Net(channels=1)
    grey = photos[..., 0]
    inputs = torch.from_numpy(grey)[:, None] / 255
    for images in (grey, [Image.fromarray(one) for one in grey], inputs):
        check_equal(seewhy.open_study(model=net, images=images), net, inputs)


def test_a_folder_labels_its_images_and_a_dataset_names_its_classes(net, photos, tmp_path):
    in_files(photos, tmp_path / "photos")
    study = seewhy.open_study(model=net, images=tmp_path / "photos", classes=NAMES)
    assert set(study.predictions["label"]) == set(NAMES)
    assert "labels are the names of folders in 'photos'" in study.dataset.notes
    pairs = Pairs([(torch.rand(3, 16, 16), number % 3) for number in range(7)])
    pairs.classes = NAMES
    study = seewhy.open_study(model=net, images=pairs, limit=5)
    assert study.predictions["label"].tolist() == ["cup", "cat", "dog", "cup", "cat"]
    assert "the first 5 of 7 images of the Dataset are taken (limit)" in study.dataset.notes


def test_what_is_random_in_a_line_is_left_out_and_said(net, photos):
    line = "T.Compose([T.RandomHorizontalFlip(), T.ToTensor()])"
    study = seewhy.open_study(model=net, images=photos, transform=line)
    check_equal(study, net, torch.from_numpy(photos).permute(0, 3, 1, 2) / 255)
    assert "transform: left out, since random: RandomHorizontalFlip" in study.dataset.notes


def test_an_orientation_of_a_file_is_not_one_of_a_picture_in_memory(net, photos, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(photos[0]).save(tmp_path / "turned.jpg", exif=exif, quality=95)
    picture = Image.open(tmp_path / "turned.jpg")
    study = seewhy.open_study(model=net, images=[picture])
    assert study.inputs(study.dataset.frame).shape == (1, 3, 24, 30)
    check_equal(study, net, transforms.functional.to_tensor(picture)[None])


@pytest.mark.parametrize(
    "labels", [[0, 1, 2] * 4, np.array([0, 1, 2] * 4), torch.tensor([0, 1, 2] * 4), NAMES * 4, [0.0, "cat", None] * 4]
)
def test_labels_are_names_or_indices(net, tensors, labels):
    study = seewhy.open_study(model=net, images=tensors, labels=labels, classes=NAMES)
    found = study.predictions["label"].tolist()
    assert found[:2] == ["cup", "cat"]
    assert found[2] == "dog" or np.isnan(found[2])


def test_several_labels_numbers_and_masks(tensors):
    rows = np.tile([[1, 0, 1], [0, 0, 0]], (6, 1))
    for labels in (rows, [["cup", "dog"], []] * 6):
        study = seewhy.open_study(model=Net(), images=tensors, labels=labels, classes=NAMES, task="multilabel")
        held = study.predictions.query("is_true == True").groupby("image")["predicted"].agg(list)
        assert held.tolist() == [["cup", "dog"]] * 6
        assert len(study.explain("gradcam").maps) == len(study.predictions)
    study = seewhy.open_study(model=Net(1), images=tensors, labels=np.arange(12) / 7, task="regression")
    rows = study.predictions
    np.testing.assert_allclose(rows["value"], np.arange(12) / 7)
    with torch.no_grad():
        np.testing.assert_allclose(rows["estimate"], study.model(tensors)[:, 0], atol=1e-6)
    masks = np.zeros((12, 16, 16), int)
    masks[:, 4:9, 4:9] = 1
    maps = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 2, 1))
    study = seewhy.open_study(model=maps, images=tensors, masks=masks, classes=["none", "disc"], task="segmentation")
    assert set(study.predictions["label"]) == {"disc"}
    assert study.object_masks(study.predictions).sum((1, 2)).tolist() == [25] * 12


@pytest.mark.parametrize("ending", ["logits", "softmax", "sigmoid", "one output", "one sigmoid", "dict"])
def test_networks_that_end_in_something_else(tensors, ending):
    bare = Net(1 if ending.startswith("one") else 2)
    ends = {"softmax": nn.Softmax(1), "sigmoid": nn.Sigmoid(), "one sigmoid": nn.Sigmoid()}
    wrapped = nn.Sequential(bare, ends[ending]) if ending in ends else Named(bare) if ending == "dict" else bare
    study = seewhy.open_study(model=wrapped, images=tensors, labels=["no", "yes"] * 6, classes=["no", "yes"])
    with torch.no_grad():
        scores = copy.deepcopy(bare).eval()(tensors)
    wanted = scores.softmax(1)[:, 1] if ending in ("logits", "softmax", "dict") else scores.sigmoid()[:, -1]
    np.testing.assert_allclose(probabilities(study)[:, 1], wanted, atol=1e-5)
    assert np.abs(study.explain("gradcam").maps).max() > 0


class Named(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return {"embedding": x.mean((2, 3)), "logits": self.inner(x)}


def test_every_verb_works(net, tensors, monkeypatch):
    outputs = []
    monkeypatch.setattr(show, "_display_output", lambda data, *_: outputs.append(str(data)))
    boxes = [[[2, 3, 10, 12]]] * 12
    inputs = tensors * 4 - 2
    study = seewhy.open_study(model=net, images=inputs, labels=[0, 1, 2] * 4, classes=NAMES, boxes=boxes)
    some = study.select(label="cat", n=3)
    assert set(some.predictions["label"]) == {"cat"}
    assert some.model is study.model
    some.explain("layercam", layer="features.0", target="dog").show()
    study.show()
    assert sum("scaled from" in one for one in outputs) == 2
    lift = study.measure("lift", methods=["gradcam"])
    summary = lift.summary(versus=["centre"])
    assert summary["n"].max() == 12
    assert len(lift.worst(4).predictions) == 4
    lift.show()
    assert "Lift" in outputs[-1]
    assert study.object_masks(study.predictions)[0].sum() == 72
    table = study.files("predictions.csv")[0]
    assert table.is_file()
    assert not table.is_relative_to(Path.cwd())
    for family in ("faithfulness", "stability", "interventions", "randomisation", "calibration_bins"):
        if family in FAMILIES:
            assert list(study.measure(family).table)[:2] == ["image", "target"]


def test_a_metric_of_a_cell_is_measured_and_kept(net, tensors, monkeypatch):
    @seewhy.metric("peak", better="higher")
    def peak(attribution):
        """How strong is the strongest pixel?"""
        return attribution.max()

    try:
        study = seewhy.open_study(model=net, images=tensors, audit={"methods": ["gradcam"], "work": 100})
        first = study.measure("peak").table
        calls, real = [], own_metrics.call_metric
        monkeypatch.setattr(own_metrics, "call_metric", lambda *given: calls.append(1) or real(*given))
        assert study.measure("peak").table.equals(first)
        assert not calls
        with torch.no_grad():
            net.features[0].weight.mul_(-3)
        assert not study.measure("peak").table["value"].equals(first["value"])
        assert calls
    finally:
        del METRICS["peak"], FAMILIES["peak"]


@pytest.mark.parametrize("change", ["in place", "data", "load", "buffer", "activation"])
def test_changed_weights_never_give_stale_maps(net, tensors, change):
    study = seewhy.open_study(model=net, images=tensors)
    cats = study.select(images=["00003.png", "00001.png"])
    before = study.explain("gradcam").maps, cats.explain("gradcam").maps, probabilities(study)
    with torch.no_grad():
        if change == "in place":
            net.head.weight.mul_(-2)
        elif change == "data":
            net.features[0].weight.data = -net.features[0].weight.data
        elif change == "load":
            net.load_state_dict(Net().state_dict())
        elif change == "buffer":
            net.features[1].running_mean.add_(1)
        else:
            net.features[2] = nn.Sigmoid()
    assert not np.allclose(probabilities(study), before[2])
    check_equal(study, net, tensors)
    assert not np.allclose(cats.explain("gradcam").maps, before[1])
    np.testing.assert_allclose(
        cats.explain("gradcam").maps, study.explain("gradcam").maps[[3, 1]], rtol=1e-4, atol=1e-7
    )


def test_the_network_is_left_as_it_was(tensors):
    net = nn.Sequential(Net(2), nn.Softmax(1)).double().train()
    net[0].drop.eval()
    net[0].head.weight.requires_grad_(False)
    state, seed = copy.deepcopy(net.state_dict()), torch.get_rng_state()
    flags = [module.training for module in net.modules()]
    study = seewhy.open_study(model=net, images=tensors, labels=[0, 1] * 6)
    study.explain("gradcam")
    study.measure("randomisation", methods=["gradcam"])
    assert [module.training for module in net.modules()] == flags
    assert all(torch.equal(one, state[name]) and one.dtype == torch.float64 for name, one in net[0].head.state_dict(
        prefix="0.head.").items())  # fmt: skip
    assert torch.equal(torch.get_rng_state(), seed)
    assert isinstance(net[1], nn.Softmax)
    assert not net[0].head.weight.requires_grad
    assert not any(module._forward_hooks for module in net.modules())


def test_weight_norm_of_the_old_kind_can_be_copied(tensors):
    net = Net()
    nn.utils.weight_norm(net.head)
    net(tensors)
    study = seewhy.open_study(model=net, images=tensors)
    wanted = net.eval()(tensors).softmax(1).detach().numpy()
    np.testing.assert_allclose(probabilities(study), wanted, atol=1e-5)
    assert study.explain("gradcam").maps.shape == (12, 7, 7)


def test_the_folder_goes_with_the_study(net, tensors):
    study = seewhy.open_study(model=net, images=tensors)
    root = study.root
    assert root.is_dir()
    del study
    assert not root.exists()


def test_a_network_without_a_map_layer_predicts_and_says_so(tensors):
    net = nn.Sequential(nn.Flatten(), nn.Linear(768, 3))
    study = seewhy.open_study(model=net, images=tensors)
    np.testing.assert_allclose(probabilities(study), expected(net, tensors), atol=1e-5)
    with pytest.raises(SeewhyError, match="layer"):
        study.explain("gradcam")


PLAIN = {"images": torch.rand(4, 3, 16, 16), "classes": NAMES}
BYTES = np.zeros((4, 16, 16, 3), np.uint8)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"model": print}, "model: found builtin_function_or_method; allowed: a network"),
        ({"model": nn.Conv2d(3, 2, 3)}, r"model: returns a tensor of shape \(1, 2, 14, 14\).*allowed: \(n, values\)"),
        ({"model": Net(channels=1)}, r"model: does not take an input of shape \(1, 3, 16, 16\)"),
        ({"labels": [0, 1]}, "labels: found 2 for 4 images; allowed: one label an image"),
        ({"labels": ["cup", "cat", "cot", "cup"]}, "unknown label 'cot' in labels, image 2; did you mean 'cat'"),
        ({"labels": [0, 1, 2, 3]}, "labels, image 3: found 3; allowed: an index of 0 to 2, or a class name"),
        ({"labels": [0, 1, 0.5, 1]}, "labels, image 2: found 0.5"),
        ({"labels": [*NAMES, "cup"], "classes": None}, "labels, image 0: found the name 'cup', but no `classes`"),
        ({"labels": "cup"}, "labels: found str"),
        ({"classes": ["a", "b"]}, r"classes: found 2 names \(a, b\); the model returns 3 values"),
        ({"classes": ["a", "b", "a"]}, "classes: 'a' stands twice"),
        ({"images": None}, "images: found none"),
        ({"images": []}, "images: found none; allowed: a folder"),
        ({"images": 3}, "images: found int; allowed"),
        ({"images": BYTES.astype(np.int64)}, r"images: found int64 of shape \(4, 16, 16, 3\)"),
        ({"images": np.zeros((4, 16, 16, 4), np.uint8)}, r"images: found uint8 of shape \(4, 16, 16, 4\)"),
        ({"images": torch.zeros(4, 5, 16, 16)}, "images: found 5 channels.*allowed: 1 or 3"),
        ({"images": torch.full((4, 3, 16, 16), torch.nan)}, "images: 4 of 4 tensors hold values that are not finite"),
        ({"images": [torch.rand(3, 16, 16), torch.rand(3, 9, 9)]}, r"and, at 1, \(3, 9, 9\); allowed: one shape"),
        ({"images": [BYTES[0], torch.rand(3, 16, 16)]}, "images: found tensors and pictures in one list"),
        ({"images": ["no.png"]}, "images: there is no file 'no.png'"),
        ({"images": "nowhere"}, "images: there is no folder or file 'nowhere'"),
        ({"images": [BYTES[0], BYTES[1, :9]]}, "transform: leaves images of 2 sizes.*allowed: a Resize or CenterCrop"),
        ({"images": [Image.new("F", (16, 16))]}, "images: found a PIL image of mode F"),
        ({"transform": LINE}, "transform: found one beside tensors"),
        ({"images": BYTES, "transform": 3}, "transform: found int; allowed: a line of code as text, or a callable"),
        ({"images": BYTES, "transform": "T.Wobble()"}, "transform: .*Wobble"),
        ({"images": BYTES, "transform": LINE, "normalize": (0, 1)}, "normalize: found it beside a line"),
        ({"images": BYTES, "transform": np.asarray}, "transform: makes a ndarray of shape .* for image 0; allowed"),
        ({"images": BYTES, "transform": lambda one: one.nothing}, "transform: fails for image 0: .*nothing"),
        ({"images": BYTES, "transform": own_transform(), "boxes": [[]] * 4}, "boxes: found them beside a callable"),
        ({"normalize": 3}, r"normalize: found 3; allowed: \(mean, std\)"),
        ({"normalize": ([0, 0], [1, 1])}, "normalize: found"),
        ({"normalize": (0.5, 9)}, "normalize: undone, it leaves values of"),
        ({"boxes": [[[1, 1, 5, 5]]]}, "boxes: found 1 for 4 images"),
        ({"boxes": [[[1, 1, 5]]] * 4}, "boxes, image 0: found"),
        ({"boxes": [[[1, 1, 99, 99]], [[40, 1, 50, 5]], [], []]}, "boxes in row 2.*allowed: pixels of the image"),
        ({"masks": np.zeros((4, 8, 8), bool)}, "mask.*allowed: equal sizes"),
        ({"masks": np.zeros((4, 16, 16))}, "masks: found float64"),
        ({"layer": "features.9"}, "unknown layer 'features.9'.*did you mean 'features"),
        ({"task": "captioning"}, "unknown task 'captioning'"),
        ({"task": "segmentation"}, r"allowed: \(n, classes, h, w\)"),
        (
            {"task": "multilabel", "labels": [[0, 1]] * 4},
            "labels, image 0: found .0, 1.; allowed: a 0 or 1 for each of 3",
        ),
        ({"task": "regression", "labels": [[1.0]] * 4}, "labels, image 0: found .1.0.; allowed: 3 finite numbers"),
        ({"output": "tanh"}, "unknown output 'tanh'"),
        ({"limit": 0}, "limit: found 0; allowed: a whole number above 0"),
        ({"lables": [0]}, "unknown argument 'lables' in open_study; did you mean 'labels'"),
        ({"audit": {"stops": 3}}, "unknown key 'stops' in audit; did you mean 'steps'"),
        ({"name": "a b"}, "allowed: letters, digits"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_argument(net, given, told):
    with pytest.raises(SeewhyError, match=told) as refused:
        seewhy.open_study(**{"model": net, **PLAIN, **given})
    assert "\n" not in str(refused.value)


def test_images_without_a_network_are_refused(tensors):
    with pytest.raises(SeewhyError, match="images: found it without `model`"):
        seewhy.open_study("tiny", images=tensors)
    with pytest.raises(SeewhyError, match="found neither a name nor `model`"):
        seewhy.open_study()


class Ending(nn.Module):
    """The network with a function at the end of its forward."""

    def __init__(self, net, function):
        super().__init__()
        self.net, self.function = net, function

    def forward(self, x):
        return self.function(self.net(x))


def test_a_softmax_or_sigmoid_in_forward_is_told_and_taken_off(net, tensors):
    told = "the model ends in a {}: the scores before it are explained"
    plain = seewhy.open_study(model=net, images=tensors).predictions
    study = seewhy.open_study(model=Ending(net, lambda z: z.softmax(1)), images=tensors)
    assert told.format("softmax") in study.dataset.notes
    np.testing.assert_allclose(study.predictions["confidence"], plain["confidence"], rtol=1e-5)
    one = Net(1)
    for task in ("classification", "multilabel"):
        study = seewhy.open_study(model=Ending(one, torch.sigmoid), images=tensors, task=task)
        assert told.format("sigmoid") in study.dataset.notes
        plain = seewhy.open_study(model=one, images=tensors, task=task).predictions
        np.testing.assert_allclose(study.predictions["confidence"], plain["confidence"], rtol=1e-5)


def test_probabilities_that_nobody_knows_the_scores_of_are_refused_or_told(net, tensors):
    shares = Ending(net, lambda z: z.exp() / z.exp().sum(1, keepdim=True))
    with pytest.raises(SeewhyError, match="output: the model returns probabilities"):
        seewhy.open_study(model=shares, images=tensors)
    assert len(seewhy.open_study(model=shares, images=tensors, output="logits").predictions) == 12
    told = "the model's values lie within 0 and 1 and are taken as scores (logits), not probabilities"
    by_hand = Ending(Net(1), lambda z: 1 / (1 + (-z).exp()))
    assert told in seewhy.open_study(model=by_hand, images=tensors).dataset.notes
    assert told not in seewhy.open_study(model=by_hand, images=tensors, output="logits").dataset.notes


def test_one_output_of_several_labels_is_one_label(tensors):
    study = seewhy.open_study(model=Net(1), images=tensors, task="multilabel", classes=["cat"], labels=[0, 1, None] * 4)
    assert study.predictions["is_true"].tolist()[:2] == [False, True]
    assert set(study.predictions["predicted"]) == {"cat"}
    with pytest.raises(SeewhyError) as error:
        seewhy.open_study(model=Net(1), images=tensors, task="multilabel", classes=["a", "b"])
    assert str(error.value).endswith(
        'allowed: 1 name in the order of the outputs, or task="classification", where one output is two classes'
    )
    with pytest.raises(SeewhyError, match=r"image 0: found \[1\]; allowed: a 0 or 1 for each of 2 classes"):
        seewhy.open_study(model=Net(2), images=tensors, task="multilabel", labels=[1] * 12)


def test_wrappers_and_other_holders_are_seen_through(net, tensors, photos, tmp_path):
    paths = in_files(photos, tmp_path / "photos")
    study = seewhy.open_study(model=nn.DataParallel(net), images=pd.Series(paths, index=range(5, 17)), transform=LINE)
    assert study.layer == seewhy.open_study(model=net, images=tensors).layer
    assert study.name == "net"
    assert len(study.predictions) == 12
    pairs = Pairs([(one, 0) for one in tensors])
    pairs.classes = NAMES
    part = torch.utils.data.Subset(pairs, [3, 4])
    assert seewhy.open_study(model=net, images=part).dataset.classes == NAMES
    with pytest.raises(SeewhyError, match="images: the Dataset fails for image 1: "):
        seewhy.open_study(model=net, images=torch.utils.data.Subset(pairs, [3, 40]))
    with pytest.raises(SeewhyError, match="found a Net as the name; allowed: model=net"):
        seewhy.open_study(net, images=tensors)


def test_a_limit_takes_the_first_of_everything(net, tensors):
    boxes = [[[number, 0, number + 2, 3]] for number in range(12)]
    study = seewhy.open_study(model=net, images=tensors, labels=[0, 1, 2] * 4, boxes=boxes, limit=2)
    assert study.predictions["label"].tolist() == ["0", "1"]
    assert study.object_masks(study.predictions).sum((1, 2)).tolist() == [6, 6]
    assert "the first 2 of 12 images are taken (limit)" in study.dataset.notes


def test_nothing_of_a_project_around_is_used_or_written(net, tensors, project):
    before = {path: path.stat().st_mtime_ns for path in project.root.rglob("*")}
    study = seewhy.open_study("tiny", model=net, images=tensors)
    study.measure("localisation", methods=["gradcam"])
    assert study.dataset.classes == ["0", "1", "2"]
    assert {path: path.stat().st_mtime_ns for path in project.root.rglob("*")} == before
