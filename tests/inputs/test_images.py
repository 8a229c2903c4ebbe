import random
import warnings

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms

from seewhy.config.params import Preprocessing
from seewhy.errors import SeewhyError
from seewhy.inputs import images, picture_files
from seewhy.inputs.images import Fit
from seewhy.inputs.picture_files import open_image

RED = (200, 30, 60)


def photo(width, height, seed=0):
    """Smooth noise: every pixel differs from its neighbours, none jumps."""
    small = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def told(path):
    """What a refusal says; nothing where the image opens."""
    try:
        open_image(path)
    except SeewhyError as error:
        return str(error)
    return ""


MODES = {
    "CMYK.tif": photo(20, 10).convert("CMYK"),
    "CMYK.jpg": photo(20, 10).convert("CMYK"),
    "RGBA.png": photo(20, 10).convert("RGBA"),
    "LA.png": photo(20, 10).convert("LA"),
    "palette.png": photo(20, 10).convert("P"),
    "palette.gif": photo(20, 10).convert("P"),
    "bits.png": photo(20, 10).convert("1"),
    "grey.png": photo(20, 10).convert("L"),
    "float.tif": photo(20, 10).convert("F"),
    "one.png": photo(1, 1),
}


@pytest.mark.parametrize("name", MODES)
def test_every_kind_of_image_becomes_rgb(tmp_path, name):
    MODES[name].save(tmp_path / name)
    image = open_image(tmp_path / name)
    assert (image.mode, image.size) == ("RGB", MODES[name].size)
    wanted, found = (np.asarray(one, dtype=float) for one in (MODES[name].convert("RGB"), image))
    assert np.abs(wanted - found).mean() < (40 if name.endswith("jpg") else 1)


@pytest.mark.parametrize("resize", ["squash", "crop", "pad"])
def test_one_pixel_fills_what_it_can(tmp_path, resize):
    Image.new("RGB", (1, 1), RED).save(tmp_path / "a.png")
    seen = images.fitted_photos([tmp_path / "a.png"], Preprocessing(size=8, resize=resize))
    assert seen.shape == (1, 8, 8, 3)
    assert (seen == RED).all()


def test_sixteen_bits_are_scaled_not_clipped(tmp_path):
    Image.fromarray(np.array([[0, 256, 32768, 65535]], dtype=np.uint16)).save(tmp_path / "a.png")
    assert np.asarray(open_image(tmp_path / "a.png"))[0, :, 0].tolist() == [0, 1, 128, 255]


@pytest.mark.parametrize("kind", ["png", "jpg", "gif", "tif", "bmp", "webp"])
def test_a_damaged_image_never_ends_in_a_traceback(tmp_path, kind):
    path, draw = tmp_path / f"a.{kind}", random.Random(0)
    photo(40, 30).save(path)
    good = path.read_bytes()
    path.write_bytes(good[: len(good) // 2])
    with pytest.raises(SeewhyError, match=rf"^row 3: image 'a.{kind}' cannot be read: "):
        open_image(path, "row 3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(100):
            bad = bytearray(good)
            bad[draw.randrange(min(200, len(bad)))] = draw.randrange(256)
            path.write_bytes(bad)
            assert "\n" not in told(path)


def test_what_is_no_image_and_what_is_too_large(tmp_path, monkeypatch):
    (tmp_path / "a.png").write_text("hello")
    with pytest.raises(SeewhyError, match=r"image 'a.png' cannot be read: cannot identify"):
        open_image(tmp_path / "a.png")
    with pytest.raises(SeewhyError, match="there is no image"):
        open_image(tmp_path / "b.png")
    photo(30, 20).save(tmp_path / "c.png")
    monkeypatch.setattr(picture_files, "LARGEST", 599)
    with pytest.raises(SeewhyError, match=r"image 'c.png' has 30 x 20 pixels; allowed: 599"):
        open_image(tmp_path / "c.png")


def test_a_long_image_does_not_eat_the_memory():
    with pytest.raises(SeewhyError, match="an image of 1 x 60000 pixels is too long to crop; allowed: squash or pad"):
        Fit.of_image((1, 60000), Preprocessing(size=224, resize="crop"))
    assert Fit.of_image((1, 60000), Preprocessing(size=224, resize="pad")).operations[0].size == (1, 224)


SETTINGS = [
    Preprocessing(size=64, resize="squash"),
    Preprocessing(size=64, resize="pad"),
    Preprocessing(size=64, resize="crop"),
    Preprocessing(size=64, resize="crop", crop=0.875),
    Preprocessing(size=[48, 96], resize="squash"),
    Preprocessing(size=[48, 96], resize="pad"),
    Preprocessing(size=[48, 96], resize="crop"),
]


@pytest.mark.parametrize("size", [(128, 96), (90, 131), (64, 64), (40, 21)])
@pytest.mark.parametrize("settings", SETTINGS, ids=lambda one: f"{one.resize}-{one.size}-{one.crop}")
def test_boxes_and_masks_land_where_the_pixels_land(tmp_path, size, settings):
    width, height = size
    box = [width // 4, height // 3, width // 2 + 3, height // 2 + 5]
    image, mask = Image.new("RGB", size), Image.new("L", size)
    image.paste((255, 255, 255), tuple(box))
    mask.paste(200, tuple(box))
    image.save(tmp_path / "a.png")
    mask.save(tmp_path / "m.png")
    bright = images.fitted_photos([tmp_path / "a.png"], settings)[0, :, :, 0] > 127
    ys, xs = np.nonzero(bright)
    seen = [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]
    (moved,) = Fit.of_image(size, settings).move_boxes([box], size)
    assert np.abs(moved - seen).max() <= 1
    values = images.fitted_mask(tmp_path / "m.png", settings)
    assert values.shape == bright.shape
    assert set(np.unique(values)) <= {0, 200}
    edge = 2 * sum(moved[2:] - moved[:2]) + 4
    assert (bright != (values > 0)).sum() <= edge


def test_a_box_outside_the_crop_is_dropped_and_one_across_it_is_cut():
    fit = Fit.of_image((100, 50), Preprocessing(size=50, resize="crop"))
    assert fit.move_boxes([[0, 0, 20, 50], [20, 10, 60, 20]], (100, 50)).tolist() == [[0, 10, 35, 20]]
    assert fit.move_boxes([], (100, 50)).shape == (0, 4)


@pytest.mark.parametrize("size", [(300, 200), (201, 333), (97, 97), (64, 51), (20, 31), (223, 224)])
@pytest.mark.parametrize(("side", "crop"), [(64, 1.0), (64, 0.875), (65, 0.9), (80, 0.875)])
@pytest.mark.parametrize("name", ["bilinear", "bicubic"])
def test_crop_equals_torchvision(tmp_path, size, side, crop, name):
    photo(*size).save(tmp_path / "a.png")
    theirs = transforms.Compose(
        [
            transforms.Resize(int(side / crop), transforms.InterpolationMode[name.upper()]),
            transforms.CenterCrop(side),
        ]
    )(Image.open(tmp_path / "a.png"))
    ours = images.fitted_photos(
        [tmp_path / "a.png"], Preprocessing(size=side, resize="crop", crop=crop, interpolation=name)
    )
    assert np.array_equal(ours[0], np.asarray(theirs))


def test_squash_equals_torchvision(tmp_path):
    photo(50, 70).save(tmp_path / "a.png")
    theirs = transforms.Resize((32, 48))(Image.open(tmp_path / "a.png"))
    ours = images.fitted_photos([tmp_path / "a.png"], Preprocessing(size=[32, 48]))
    assert np.array_equal(ours[0], np.asarray(theirs))


def test_the_padding_is_even_and_black(tmp_path):
    fit = Fit.of_image((40, 20), Preprocessing(size=20, resize="pad"))
    assert (fit.operations[0].size, fit.operations[1].start) == ((20, 10), (0, -5))
    Image.new("RGB", (40, 20), RED).save(tmp_path / "a.png")
    (padded,) = images.fitted_photos([tmp_path / "a.png"], Preprocessing(size=20, resize="pad"))
    assert not padded[:5].any()
    assert not padded[15:].any()
    assert (padded[5:15] == RED).all()


@pytest.mark.parametrize("scale", [1, 255])
def test_normalisation(scale):
    pixels = np.arange(2 * 4 * 5 * 3, dtype=np.uint8).reshape(2, 4, 5, 3)
    mean, std = (0.4, 0.5, 0.6), (0.2, 0.3, 0.4)
    found = images.input_tensor(pixels, Preprocessing(size=4, mean=mean, std=std, scale=scale))
    wanted = (pixels / 255 * scale - np.array(mean)) / np.array(std)
    assert found.dtype == torch.float32
    assert found.is_contiguous()
    np.testing.assert_allclose(found.permute(0, 2, 3, 1), wanted, rtol=1e-5, atol=1e-5)


def test_one_number_normalises_all_channels():
    found = images.input_tensor(np.full((1, 2, 2, 3), 255, np.uint8), Preprocessing(size=2, mean=[0.5], std=[0.5]))
    assert (found == 1).all()


def test_without_a_size():
    with pytest.raises(SeewhyError, match=r"preprocessing.size is not set; allowed: pixels, or \[height, width\]"):
        images.canvas_size(Preprocessing())


INDICES = np.array([[0, 1], [2, 7]], dtype=np.uint8)


@pytest.mark.parametrize("kind", ["L", "P", "16", "1"])
def test_a_mask_keeps_its_numbers(tmp_path, kind):
    image = Image.fromarray(INDICES)
    if kind == "P":
        image.putpalette([0, 0, 0, 0, 0, 0, 128, 0, 0, *range(15)])  # index 1 is as black as index 0
    if kind == "16":
        image = Image.fromarray(INDICES.astype(np.uint16))
    if kind == "1":
        image = Image.fromarray(INDICES > 0)
    image.save(tmp_path / "m.png")
    found = images.fitted_mask(tmp_path / "m.png", Preprocessing(size=2))
    assert found.tolist() == ((INDICES > 0).astype(int) if kind == "1" else INDICES).tolist()


def test_grey_is_the_luminance_in_one_channel_and_shown_as_it_is(tmp_path):
    Image.new("RGB", (4, 4), RED).save(tmp_path / "a.png")
    grey = Preprocessing(size=4, mean=[0.5], std=[0.5], grey=True)
    seen = images.fitted_photos([tmp_path / "a.png"], grey)
    luminance = round(0.299 * RED[0] + 0.587 * RED[1] + 0.114 * RED[2])
    assert seen.shape == (1, 4, 4, 3)
    assert np.unique(seen).tolist() == [luminance]
    found = images.input_tensor(seen, grey)
    assert found.shape == (1, 1, 4, 4)
    torch.testing.assert_close(found, torch.full((1, 1, 4, 4), luminance / 127.5 - 1))


def test_grey_is_what_torchvisions_grayscale_gives(tmp_path):
    photo(30, 20).save(tmp_path / "a.png")
    grey = Preprocessing(size=12, mean=[0.5], std=[0.5], grey=True)
    theirs = transforms.Compose(
        [transforms.Grayscale(), transforms.Resize((12, 12)), transforms.ToTensor(), transforms.Normalize([0.5], [0.5])]
    )(photo(30, 20))
    torch.testing.assert_close(images.input_tensor(images.fitted_photos([tmp_path / "a.png"], grey), grey)[0], theirs)


@pytest.mark.parametrize(("values", "wanted"), [((0.0, 0.5, 1.0), (0, 128, 255)), ((0.0, 100.0, 254.6), (0, 100, 255))])
def test_floats_are_shares_or_shades(tmp_path, values, wanted):
    Image.fromarray(np.array([values], np.float32)).save(tmp_path / "a.tif")
    assert np.asarray(images.open_image(tmp_path / "a.tif"))[0, :, 0].tolist() == list(wanted)
    Image.fromarray(np.array([[0.0, 700.0]], np.float32)).save(tmp_path / "b.tif")
    with pytest.raises(SeewhyError, match="its numbers are no colours; allowed: 0 to 1, or 0 to 255"):
        images.open_image(tmp_path / "b.tif")


def test_to_ignore_exif_is_to_take_the_pixels_as_they_are_stored():
    assert Preprocessing.model_validate({"size": 8, "exif": "ignore"}).exif == "stored"
