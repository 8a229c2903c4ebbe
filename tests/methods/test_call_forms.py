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
        (3, "unknown class 3 in targets; allowed: 0 to 2"),
        (1.5, "classes are whole numbers"),
        ([], "targets"),
        ({"a": 1}, "targets is a dict, which has no order"),
        ([[0], [1, 2]], "classes are whole numbers"),
        (torch.tensor([0.2, 0.8]), "classes are whole numbers"),
        (lambda output: output, "target 0 returns shape (2, 3); allowed: (2,), one score an image"),
        (lambda output: output[:, 1].sum(), "target 0 returns shape (); allowed: (2,)"),
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


def test_an_exported_program_takes_any_number_of_images():
    """It is recorded for two images, or for any; occlusion shows it many at once, `images[:1]` fewer."""
    model, any_count = small(), torch.export.Dim("n", min=1, max=64)
    fixed = torch.export.export(model, (IMAGES,)).module()
    free = torch.export.export(model, (IMAGES,), dynamic_shapes=({0: any_count},)).module()
    three = torch.cat([IMAGES, IMAGES[:1] * 0.5])
    for program in (fixed, free):
        for method in ("gradient", "occlusion"):
            found = seewhy.explain(program, three, methods=[method])
            expected = seewhy.explain(model, three, methods=[method])
            close(found[method], expected[method])
            assert found.predictions.tolist() == expected.predictions.tolist()
        with pytest.raises(seewhy.SeewhyError, match="TorchScript and exported programs have none"):
            seewhy.explain(program, IMAGES, methods=["gradcam"])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_quantised_head_is_refused_in_one_line_and_asked_without_gradients():
    model = torch.ao.quantization.quantize_dynamic(small(), {nn.Linear})
    with pytest.raises(seewhy.SeewhyError, match=r"quantised.* a method without gradients \(occlusion, rise\)$"):
        seewhy.explain(model, IMAGES, methods=["gradcam"])
    found = seewhy.explain(model, IMAGES, methods=["occlusion"], targets=1)["occlusion"]
    assert found.isfinite().all()
    assert found.any()


def test_layers_as_modules_and_as_a_list():
    model = small()
    expected = seewhy.explain(model, IMAGES, methods=["gradcam"], targets=1, layer="layer")["gradcam"]
    close(seewhy.explain(model, IMAGES, methods=["gradcam"], targets=1, layer=model.layer)["gradcam"], expected)
    several = seewhy.explain(model, IMAGES, methods=["gradcam"], targets=1, layer=[model.layer, "stem"])
    assert several.layer == ["layer", "stem"]
    close(several["gradcam", "layer"], expected)
    other = small(seed=1).layer
    for wrong in (other, "layers", 3):
        with pytest.raises(seewhy.SeewhyError, match="layer") as error:
            seewhy.explain(model, IMAGES, methods=["gradcam"], layer=wrong)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "images", [IMAGES[:0], IMAGES[0, 0], "photo.jpg", None, [], [IMAGES[0], IMAGES[0, :, :8]], IMAGES[None]]
)
def test_what_is_no_batch_is_refused_in_one_line(images):
    with pytest.raises(seewhy.SeewhyError, match="allowed") as error:
        gradcam(images)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("methods", [[], "gradcamm", ["gradcam", 3], None, ["gradcam", "shap"]])
def test_what_is_no_method_is_refused_in_one_line(methods):
    with pytest.raises(seewhy.SeewhyError) as error:
        seewhy.explain(small(), IMAGES, methods=methods)
    assert "\n" not in str(error.value)


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
