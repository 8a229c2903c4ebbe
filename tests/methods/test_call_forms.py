"""What people hand to `explain`: each form gives the map of the plain one, or is refused in one line."""

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

import seewhy
from tests.methods.nets import close, small

IMAGES = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def gradcam(images=IMAGES, targets=1, **options):
    return seewhy.explain(small(), images, methods=["gradcam"], targets=targets, layer="layer", **options)["gradcam"]


@pytest.mark.parametrize(
    "targets",
    [
        np.int64(1),
        torch.tensor(1),
        [1, 1],
        np.array([1, 1]),
        pd.Series([1, 1]),
        (1, 1),
        torch.tensor([1, 1]),
        torch.eye(3)[[1, 1]],
        [np.int32(1), torch.tensor(1)],
        lambda output: output[:, 1],
    ],
)
def test_a_class_in_every_form(targets):
    close(gradcam(targets=targets), gradcam())


def test_several_classes_an_image_and_names_of_classes():
    close(gradcam(targets=[[0, 1], [2, 1]])[:, 1:], gradcam())
    close(gradcam(targets="b", classes=["a", "b", "c"]), gradcam())
    close(gradcam(targets=["b", "b"], classes=["a", "b", "c"]), gradcam())


@pytest.mark.parametrize(
    ("targets", "line"),
    [
        ({0, 1}, "targets is a set, which has no order"),
        ([True, False], "classes are whole numbers"),
        ([0.5, 1], "classes are whole numbers"),
        ("b", "its name, with classes="),
        (["a", "b"], "allowed with classes="),
        (-1, "unknown class -1 in targets; allowed: 0 to 2"),
        ([1, 1, 1], "targets holds 3 classes for a batch of 2 images"),
        (object(), "targets is '<object"),
    ],
)
def test_what_is_no_class_is_refused_in_one_line(targets, line):
    with pytest.raises(seewhy.SeewhyError) as error:
        gradcam(targets=targets)
    assert line in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "images",
    [IMAGES.numpy(), IMAGES.double().numpy(), IMAGES.permute(0, 2, 3, 1).numpy(), list(IMAGES), [*IMAGES.numpy()]],
)
def test_images_in_every_form(images):
    close(gradcam(images), gradcam())


def test_one_image_without_its_batch_and_pictures_with_the_users_own_function():
    close(gradcam(IMAGES[0]), gradcam(IMAGES[:1]))
    draw = np.random.default_rng(0)
    pictures = [Image.fromarray(draw.integers(0, 256, (16, 16, 3), dtype=np.uint8)) for _ in range(2)]
    to_input = lambda one: torch.from_numpy(np.array(one)).permute(2, 0, 1) / 255 - 0.5  # noqa: E731
    batch = torch.stack([to_input(one) for one in pictures])
    for given in (pictures, [np.array(one) for one in pictures]):
        close(gradcam(given, transform=to_input), gradcam(batch))
    close(gradcam(pictures[0], transform=to_input), gradcam(batch[:1]))
    for given in (pictures, (IMAGES * 9).to(torch.uint8)):
        with pytest.raises(seewhy.SeewhyError, match=r"transform=\.\.\., the function that"):
            gradcam(given)


@pytest.mark.parametrize("name", ["gradcam", "GradCAM", "grad_cam", "Grad-CAM"])
def test_names_of_methods_and_layers_as_people_write_them(name):
    found = seewhy.explain(small(), IMAGES, methods=name, targets=1, layer="stem[0]")
    close(found[name], seewhy.explain(small(), IMAGES, methods=["gradcam"], targets=1, layer="stem.0")["gradcam"])


def test_wrapped_and_recorded_models():
    model = small()
    for wrapped in (nn.DataParallel(model), torch.fx.symbolic_trace(model)):
        close(seewhy.explain(wrapped, IMAGES, methods=["gradcam"], targets=1)["gradcam"], maps_of(model))
    for recorded in (torch.jit.trace(model, IMAGES), torch.export.export(model, (IMAGES,)).module()):
        found = seewhy.explain(recorded, IMAGES, methods=["gradient"], targets=1)["gradient"]
        close(found, seewhy.explain(model, IMAGES, methods=["gradient"], targets=1)["gradient"])
    with pytest.raises(seewhy.SeewhyError, match="TorchScript and exported programs have none"):
        seewhy.explain(torch.jit.trace(model, IMAGES), IMAGES, methods=["gradcam"])


def maps_of(model):
    return seewhy.explain(model, IMAGES, methods=["gradcam"], targets=1)["gradcam"]


def test_one_output_is_two_classes():
    torch.manual_seed(0)
    model = small(classes=1)
    with torch.no_grad():
        model.head.bias += model(IMAGES).mean() * -1
        output = model(IMAGES)[:, 0]
    found = seewhy.explain(model, IMAGES, methods=["gradcam"], targets="all", layer="layer")
    assert found.predictions.tolist() == (output > 0).long().tolist()
    close(found["gradcam"][:, 0], -found["gradcam"][:, 1])
    close(found.scores, torch.stack([-output, output], 1))
    own = seewhy.explain(model, IMAGES, methods=["gradcam"], layer="layer")
    close(own.scores[:, 0], output.abs())


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("method", ["eigencam", "eigengradcam", "shap_gradient", "shap_partition", "rise"])
def test_half_precision(kind, method):
    options = {"rise": {"samples": 64}, "shap_gradient": {"samples": 8}, "shap_partition": {"evaluations": 40}}
    given = {method: options[method]} if method in options else {}
    found = seewhy.explain(small().to(kind), IMAGES.to(kind), methods=[method], layer="layer", options=given)
    assert found[method].isfinite().all()
    assert found[method].any()
