"""Two pictures of 2 x 4 pixels, three classes (sky, roof, road), worked out by hand."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

import seewhy
from seewhy.config.params import Preprocessing
from seewhy.errors import SeewhyError
from seewhy.tasks import segmentation
from tests.methods.nets import close

CLASSES = ["sky", "roof", "road"]
SAID = torch.tensor([[[0, 1, 1, 0], [0, 1, 2, 2]], [[0, 0, 0, 0], [0, 0, 0, 1]]])
TRUE = np.array([[[0, 1, 1, 1], [0, 0, 2, 2]], [[0, 0, 0, 0], [0, 0, 2, 255]]], np.uint8)
SURE = 0.8  # probability of the class said; the others share the rest


def logits(said=SAID):
    """Softmax gives the class said `SURE`, the others 0.1 each."""
    return nn.functional.one_hot(said, 3).permute(0, 3, 1, 2).float() * np.log(SURE / 0.1)


def study(tmp_path, size=(2, 4)):
    """What the task asks of a study."""
    classes, preprocessing = SimpleNamespace(classes=CLASSES), Preprocessing(size=size, mean=(0,), std=(1,))
    return SimpleNamespace(dataset=classes, size=size, root=tmp_path, preprocessing=preprocessing)


@pytest.fixture
def rows(tmp_path):
    for name, mask in zip("ab", TRUE, strict=True):
        Image.fromarray(mask).save(tmp_path / f"{name}.png")
    return pd.DataFrame({"image": ["a", "b", "c"], "mask": ["a.png", "b.png", None]})


def test_a_row_for_each_class_that_is_predicted_or_true(tmp_path, rows):
    found = segmentation.predict_rows(rows, logits(torch.cat([SAID, SAID[:1]])), study(tmp_path))
    assert list(zip(found["image"], found["target"], strict=True)) == [
        ("a", 1), ("a", 2), ("b", 1), ("b", 2), ("c", 1), ("c", 2),
    ]  # fmt: skip
    assert found["predicted"].tolist() == ["roof", "road"] * 3
    # b: its roof lies where nothing is known, its road is missed; c has no mask
    assert [None if pd.isna(label) else label for label in found["label"]] == ["roof", "road", None, "road", None, None]
    assert found["iou"].tolist() == pytest.approx([2 / 4, 1, np.nan, 0, np.nan, np.nan], nan_ok=True)
    assert found["correct"].tolist() == [True, True, pd.NA, False, pd.NA, pd.NA]
    assert found["confidence"].tolist() == pytest.approx([0.8, 0.8, 0.8, 0.1, 0.8, 0.8])
    assert found["predicted_share"].tolist() == pytest.approx([3 / 8, 2 / 8, 1 / 8, 0, 3 / 8, 2 / 8])
    assert found["true_share"].tolist() == pytest.approx([3 / 8, 2 / 8, 0, 1 / 7, np.nan, np.nan], nan_ok=True)


def test_a_class_that_is_missed_by_half_is_wrong(tmp_path, rows):
    said = SAID.clone()
    said[0, 0, 1] = 0  # one pixel of the roof less: 1 of 4 in common
    found = segmentation.predict_rows(rows.head(2), logits(said), study(tmp_path))
    assert found["iou"][0] == pytest.approx(1 / 4)
    assert not found["correct"][0]


def test_a_dataset_without_masks_has_no_truth(tmp_path, rows):
    found = segmentation.predict_rows(rows[["image"]].head(1), logits(SAID[:1]), study(tmp_path))
    assert found["correct"].isna().all()
    assert found["label"].isna().all()
    assert not segmentation.object_masks(found, study(tmp_path)).any()


@pytest.mark.usefixtures("rows")
def test_objects_are_the_true_regions_at_the_inputs_size(tmp_path):
    twice = study(tmp_path, (4, 8))
    asked = pd.DataFrame({"image": ["a", "a"], "mask": ["a.png", "a.png"], "target": [1, 2]})
    expected = TRUE[0].repeat(2, 0).repeat(2, 1)
    assert np.array_equal(segmentation.object_masks(asked, twice), np.stack([expected == 1, expected == 2]))


def test_an_answer_at_a_quarter_of_the_size_is_enlarged(tmp_path, rows):
    found = segmentation.predict_rows(rows.head(1), logits(SAID[:1]), study(tmp_path, (8, 16)))
    assert found["iou"][0] > 0.4


def test_a_mask_with_a_value_that_is_no_class_is_named(tmp_path, rows):
    Image.fromarray(np.full((2, 4), 7, np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(SeewhyError, match=r"mask 'a.png' holds the value 7; allowed: 0 to 2, and 255"):
        segmentation.predict_rows(rows, logits(SAID[[0, 1, 0]]), study(tmp_path))


@pytest.mark.parametrize("shape", [(1, 3), (1, 2, 2, 4)])
def test_an_output_of_another_shape_is_refused(tmp_path, rows, shape):
    with pytest.raises(SeewhyError, match=r"output has shape .*; the dataset has 3 classes"):
        segmentation.predict_rows(rows.head(1), torch.zeros(shape), study(tmp_path))


def test_an_output_that_is_not_finite_is_refused(tmp_path, rows):
    with pytest.raises(SeewhyError, match="not finite"):
        segmentation.predict_rows(rows.head(1), logits(SAID[:1]) * float("nan"), study(tmp_path))


OUTPUT = torch.arange(2 * 3 * 2 * 4, dtype=torch.float32).reshape(
    2, 3, 2, 4
)  # mean of image i, class c: 24i + 8c + 3.5
TARGETS = torch.tensor([1, 2])


def test_the_mean_logit_is_over_the_image():
    assert segmentation.target_score(OUTPUT, TARGETS).tolist() == [11.5, 24 + 16 + 3.5]


def test_the_region_is_that_of_the_clean_output():
    target = segmentation.region_score(logits(), TARGETS)
    # a, roof: pixels 1, 2 and 5; b has no road: no evidence
    assert target(OUTPUT).tolist() == pytest.approx([8 + (1 + 2 + 5) / 3, 0])
    assert target(OUTPUT + 5).tolist() == pytest.approx([8 + (1 + 2 + 5) / 3 + 5, 0])
    assert target.pick_images([1, 0])(OUTPUT[[1, 0]]).tolist() == pytest.approx([0, 8 + 8 / 3])
    assert target.pick_images([0]).repeat_images(2)(OUTPUT[[0, 0]]).tolist() == pytest.approx([8 + 8 / 3] * 2)


def test_one_pixel():
    target = segmentation.pixel_score(TARGETS, torch.tensor([[0, 3], [1, 0]]))
    assert target(OUTPUT).tolist() == [8 + 3, 24 + 16 + 4]
    assert target.pick_images([1])(OUTPUT[[1]]).tolist() == [24 + 16 + 4]


def test_the_surest_pixel():
    clear = torch.zeros(2, 3, 2, 4)
    clear[0, 1, 1, 2] = 4
    clear[1, 2, 0, 3] = 4
    assert segmentation.surest_pixels(clear, TARGETS).tolist() == [[1, 2], [0, 3]]


class Net(nn.Module):
    """A pixel's logits are a linear function of its three colours."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 4, 1)
        self.last = nn.Conv2d(4, 3, 1)

    def forward(self, x):
        return self.last(self.first(x).relu())


def test_maps_of_the_three_kinds_are_what_the_linear_head_says():
    torch.manual_seed(0)
    net, images = Net().eval(), torch.rand(2, 3, 2, 4)
    output = net(images).detach()
    hidden, weight = net.first(images).relu().detach(), net.last.weight.detach()[TARGETS]
    said = hidden * weight  # what each pixel adds to the logit of its image's class
    region = (output.argmax(1) == TARGETS[:, None, None]).float()
    pixels = segmentation.surest_pixels(output, TARGETS)
    here = torch.zeros(2, 2, 4)
    here[torch.arange(2), pixels[:, 0], pixels[:, 1]] = 1
    kinds = {
        "image": (lambda some: segmentation.target_score(some, TARGETS), torch.full((2, 2, 4), 1 / 8)),
        "region": (segmentation.region_score(output, TARGETS), region / region.sum((1, 2), keepdim=True).clamp(min=1)),
        "pixel": (segmentation.pixel_score(TARGETS, pixels), here),
    }
    for target, share in kinds.values():
        found = seewhy.explain(net, images, methods=["hirescam"], targets=[target], layer="first")["hirescam"][:, 0]
        close(found, said.sum(1) * share)


def test_maps_come_from_halfway_back_to_fine_cells_unless_a_layer_is_named():
    from tests.methods.test_layers import IMAGES, Pyramid

    assert segmentation.default_layer(Pyramid().eval(), IMAGES) == "low"


def test_an_answer_is_kept_while_half_of_its_pixels_are(tmp_path):
    rows = pd.DataFrame({"image": ["a", "a"], "target": [1, 2]})
    first, other = SAID[[0, 0]], SAID[[0, 0]].clone()
    other[:, 0, 1] = 0  # of three roof pixels two are left
    before, after = logits(first), logits(other)
    assert segmentation.keeps_answer(rows, before, after, study(tmp_path)).tolist() == [True, True]
    other[:, 0, 2] = 0  # one is left
    assert segmentation.keeps_answer(rows, before, logits(other), study(tmp_path)).tolist() == [False, True]
    bare = logits(torch.zeros_like(first))  # neither was there: what was nowhere is kept where it is nowhere
    assert segmentation.keeps_answer(rows, bare, bare, study(tmp_path)).tolist() == [True, True]
    assert segmentation.keeps_answer(rows, bare, before, study(tmp_path)).tolist() == [False, False]
    everywhere = logits(torch.ones_like(first))  # all roof: no road is left
    assert segmentation.keeps_answer(rows, before, everywhere, study(tmp_path)).tolist() == [True, False]


def test_certainty_is_the_mean_probability_of_the_rows_class(tmp_path):
    rows = pd.DataFrame({"image": ["a", "b", "b"], "target": [1, 2, 0]})
    found = segmentation.answer_certainty(rows, study(tmp_path))(
        logits(), torch.tensor([0, 2])
    )  # image a for roof, b for sky
    assert found.tolist() == pytest.approx([(3 * 0.8 + 5 * 0.1) / 8, (7 * 0.8 + 0.1) / 8])
