"""Lines of preprocessing: the same arrays as the user's own libraries make, and refusals by name."""

import cv2
import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from timm.data import create_transform
from torchvision import transforms
from torchvision.models import ResNet50_Weights
from torchvision.transforms import InterpolationMode, v2

from seewhy.config.preprocessing import Preprocessing
from seewhy.errors import SeewhyError
from seewhy.inputs import images
from seewhy.inputs.transform_line import parse_line

T = transforms
NAMES = {"T": T, "v2": v2, "torch": torch, "Image": Image, "create_transform": create_transform}
NAMES |= {"ResNet50_Weights": ResNet50_Weights, "InterpolationMode": InterpolationMode}
SIZES = [(131, 97), (60, 83), (301, 200), (64, 64), (33, 257), (30, 41)]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Odd sizes; grey, palette, transparent, CMYK, one bit; turned by EXIF."""
    folder = tmp_path_factory.mktemp("photos")

    def photo(size, seed):
        small = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), dtype=np.uint8)
        return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)

    for number, size in enumerate(SIZES):
        photo(size, number).save(folder / f"{number}.png")
    for mode in ("L", "P", "RGBA", "LA", "1"):
        photo((70, 51), 9).convert(mode).save(folder / f"{mode}.png")
    photo((70, 51), 9).convert("CMYK").save(folder / "CMYK.jpg")
    for turned in range(2, 9):
        exif = Image.Exif()
        exif[0x0112] = turned
        photo((90, 61), turned).save(folder / f"exif-{turned}.jpg", exif=exif)
    return sorted(folder.iterdir())


def upright(file):
    return ImageOps.exif_transpose(Image.open(file)).convert("RGB")


def check(line, theirs, files, **keys):
    """Our array for each file is theirs."""
    seen = Preprocessing.model_validate({"transform": line, **keys})
    for file in files:
        wanted = np.asarray(theirs(file), dtype=np.float32)
        ours = images.network_inputs([file], seen)[0].numpy()
        assert ours.shape == wanted.shape, file.name
        np.testing.assert_allclose(ours, wanted, rtol=0, atol=1e-6, err_msg=file.name)


HALF = "T.Normalize([0.5] * 3, [0.5] * 3)"
ON_PIL = [
    (
        "T.Compose([T.Resize((256, 256)), T.CenterCrop(224), T.ToTensor(), "
        "T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])"
    ),
    "T.Compose([T.Resize(73), T.CenterCrop(64), T.ToTensor()])",
    "T.Compose([T.Resize(256), T.CenterCrop(224), T.ToTensor()])",
    "T.Compose([T.Resize((224, 224)), T.ToTensor()])",
    "T.Compose([T.Resize(224), T.CenterCrop(224), T.ToTensor()])",
    "T.Compose([T.Resize((64, 48), InterpolationMode.BICUBIC), T.ToTensor(), T.Normalize(mean=[0.5], std=[0.25])])",
    "T.Compose([T.Resize([40, 40], interpolation=Image.LANCZOS), T.ToTensor()])",
    "T.Compose([T.Resize((40, 40), interpolation=InterpolationMode.NEAREST), T.ToTensor()])",
    "T.Compose([T.Resize(40, max_size=70), T.CenterCrop((80, 33)), T.ToTensor()])",
    "T.Compose([T.CenterCrop(77), T.ToTensor()])",
    "T.Compose([T.CenterCrop(80), T.Resize(64), T.ToTensor()])",
    "T.Compose([T.Pad(5, fill=20), T.Resize((32, 32)), T.Pad((1, 2, 3, 4), padding_mode='reflect'), T.ToTensor()])",
    f"T.Compose([T.RandomHorizontalFlip(), T.Resize((64, 64)), T.ColorJitter(0.2), T.ToTensor(), {HALF}])",
    "T.Compose([T.Grayscale(), T.Resize((32, 32)), T.ToTensor(), T.Normalize((0.5,), (0.5,))])",
    f"T.Compose([T.Grayscale(num_output_channels=3), T.Resize((32, 32)), T.ToTensor(), {HALF}])",
    f"T.Compose([T.Grayscale(1), T.Resize((32, 32)), T.ToTensor(), T.Lambda(lambda x: x.repeat(3, 1, 1)), {HALF}])",
    "T.Compose([T.Grayscale(), T.Resize((32, 32)), T.ToTensor(), T.Lambda(lambda x: (x - x.mean()) / x.std())])",
    (
        "T.Compose([T.Resize((32, 32)), T.ToTensor(), T.Lambda(lambda x: (x - x.mean((1, 2), "
        "keepdim=True)) / (x.std((1, 2), keepdim=True) + 1e-7))])"
    ),
    "T.Compose([T.Resize((32, 32)), T.ToTensor(), T.Lambda(lambda x: x[[2, 1, 0]])])",
    "T.Compose([T.Resize((32, 32)), T.ToTensor(), T.Lambda(lambda x: x * 2 - 1)])",
    "T.Compose([T.Resize((32, 32)), T.ToTensor(), T.Lambda(lambda x: x if x.shape[0] == 3 else x.repeat(3, 1, 1))])",
    "T.Compose([T.Resize((32, 32)), T.PILToTensor(), T.ConvertImageDtype(torch.float32)])",
    "T.Compose([T.Resize((32, 32)), T.PILToTensor(), T.Lambda(lambda x: x / 255)])",
    "T.Compose([T.Resize((32, 32)), T.PILToTensor(), T.Lambda(lambda x: x.float() - 127.5)])",
    "T.Compose([T.ToTensor(), T.Resize((64, 48), antialias=True)])",
    f"T.Compose([T.ToTensor(), {HALF}, T.Resize(40, antialias=False), T.CenterCrop(32)])",
    "T.Compose([T.ToTensor(), T.Resize((48, 64), InterpolationMode.BICUBIC), T.Pad(3, fill=0.25)])",
    "T.Compose([T.PILToTensor(), T.Resize((48, 64)), T.ConvertImageDtype(torch.float)])",
    (
        "T.Compose([T.PILToTensor(), T.Grayscale(), T.Resize((48, 64), InterpolationMode.BICUBIC), "
        "T.ConvertImageDtype(torch.float)])"
    ),
    "v2.Compose([v2.ToImage(), v2.Resize((48, 64)), v2.ToDtype(torch.float32, scale=True)])",
    (
        "v2.Compose([v2.ToImage(), v2.Resize(40, interpolation=InterpolationMode.BICUBIC), "
        "v2.CenterCrop(32), v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.5] * 3, [0.5] * 3)])"
    ),
    "v2.Compose([v2.Resize((48, 64)), v2.ToImage(), v2.ToDtype(torch.float32), v2.Normalize([127.5], [127.5])])",
    (
        "v2.Compose([v2.ToImage(), v2.Grayscale(3), v2.ToDtype(torch.float32, scale=True), "
        "v2.Resize((48, 64), antialias=True)])"
    ),
    "ResNet50_Weights.IMAGENET1K_V2.transforms()",
    (
        "create_transform(input_size=(3, 64, 64), "
        "interpolation='bicubic', crop_pct=0.9, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))"
    ),
    "create_transform(**{'input_size': (3, 64, 96), 'interpolation': 'bilinear', 'crop_pct': 0.875})",
    "create_transform((3, 64, 64), crop_pct=0.9, crop_mode='squash')",
    "create_transform((3, 64, 64), crop_pct=1.0, crop_mode='border', interpolation='bicubic')",
]


@pytest.mark.parametrize("line", ON_PIL)
def test_the_line_gives_what_torchvision_and_timm_give(line, files):
    plain = line.replace("T.RandomHorizontalFlip(), ", "").replace("T.ColorJitter(0.2), ", "")
    theirs = eval(plain, NAMES)
    check(line, lambda file: theirs(upright(file)), files)


def test_exif_as_stored_is_what_a_loader_without_exif_gives(files):
    line = "T.Compose([T.Resize((40, 30)), T.ToTensor()])"
    theirs = T.Compose([T.Resize((40, 30)), T.ToTensor()])
    check(line, lambda file: theirs(Image.open(file).convert("RGB")), files, exif="stored")


def test_statements_with_opencv(files):
    line = """
    img = cv2.imread(path)
    img = cv2.cvtColor(img, cv2.COLOR_BGR2RGB)
    img = cv2.resize(img, (64, 48), interpolation=cv2.INTER_AREA)
    img = img.astype(np.float32) / 255.0
    img = (img - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    x = torch.from_numpy(img.transpose(2, 0, 1)).unsqueeze(0).float()
    """

    def theirs(file):
        img = cv2.resize(np.asarray(upright(file)), (64, 48), interpolation=cv2.INTER_AREA).astype(np.float32) / 255.0
        return ((img - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]).transpose(2, 0, 1)

    check(line, theirs, files)


def test_opencv_leaves_blue_first_where_nobody_turns_it(files):
    line = "img = cv2.resize(cv2.imread(path), (64, 48)); img = img / 255.0; x = torch.tensor(img.transpose(2, 0, 1))"

    def theirs(file):
        return cv2.resize(np.asarray(upright(file))[..., ::-1], (64, 48)).transpose(2, 0, 1) / np.float32(255)

    check(line, theirs, files)
    seen = images.fitted_photos(files[:1], Preprocessing.model_validate(line))[0]
    wanted = cv2.resize(np.asarray(upright(files[0])), (64, 48))
    assert np.array_equal(seen, wanted)  # people see it in its colours


@pytest.mark.parametrize(
    ("keys", "theirs"),
    [
        ({"resize": "squash", "resize_to": [73, 73]}, T.Compose([T.Resize((73, 73)), T.CenterCrop(64)])),
        ({"resize": "squash", "crop": 0.875}, T.Compose([T.Resize((73, 73)), T.CenterCrop(64)])),
        ({"resize": "crop", "resize_to": 70}, T.Compose([T.Resize(70), T.CenterCrop(64)])),
        ({"resize": "crop"}, T.Compose([T.Resize(64), T.CenterCrop(64)])),
        ({"resize": "squash"}, T.Resize((64, 64))),
        ({"resize": "none"}, T.CenterCrop(64)),
        ({"resize": "squash", "channels": "grey3"}, T.Compose([T.Grayscale(3), T.Resize((64, 64))])),
        ({"resize": "squash", "library": "torch"}, v2.Compose([v2.ToImage(), v2.Resize((64, 64)), v2.ToPILImage()])),
    ],
)
def test_keys_say_the_usual_pairs(keys, theirs, files):
    seen = Preprocessing(size=64, normalise="none", **keys)
    for file in files:
        wanted = T.functional.to_tensor(theirs(upright(file)))
        assert torch.equal(images.network_inputs([file], seen)[0], wanted)


def test_keys_for_blue_first_each_images_own_mean_and_letterbox(files):
    for file in files:
        squashed = T.functional.to_tensor(T.Resize((64, 64))(upright(file)))
        blue = images.network_inputs([file], Preprocessing(size=64, channels="bgr", normalise="none"))[0]
        assert torch.equal(blue, squashed.flip(0))
        own = images.network_inputs([file], Preprocessing(size=64, normalise="image"))[0]
        torch.testing.assert_close(own, (squashed - squashed.mean()) / squashed.std(), rtol=0, atol=1e-5)
        image = np.asarray(upright(file))
        height, width = image.shape[:2]
        ratio = min(64 / height, 64 / width)
        size = round(width * ratio), round(height * ratio)
        inner = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
        left, top = (64 - size[0]) / 2, (64 - size[1]) / 2
        sides = round(top - 0.1), round(top + 0.1), round(left - 0.1), round(left + 0.1)
        wanted = cv2.copyMakeBorder(inner, *sides, cv2.BORDER_CONSTANT, value=(114, 114, 114))
        assert np.array_equal(images.fitted_photos([file], Preprocessing(size=64, resize="letterbox"))[0], wanted)


def test_what_is_shown_is_what_the_network_sees_also_after_a_resize_of_numbers(files):
    line = "T.Compose([T.ToTensor(), T.Normalize([0.5] * 3, [0.25] * 3), T.Resize((48, 48)), T.Pad(2, fill=0)])"
    seen = Preprocessing.model_validate(line)
    assert not images.is_plain(seen)
    shown = images.fitted_photos(files[:3], seen)
    exact = images.network_inputs(files[:3], seen)
    assert np.abs(shown.transpose(0, 3, 1, 2) / 255 - (exact.numpy() * 0.25 + 0.5)).max() < 1.01 / 255
    assert (shown[:, 0, 0] == 128).all()  # the border's zero is the mean's colour


def test_a_line_in_several_statements_and_a_choice_by_name():
    text = """
    from torchvision import transforms as tr
    IMG, mean = 2 * 112, [0.5, 0.5, 0.5]
    train_tf = tr.Compose([tr.RandomResizedCrop(IMG), tr.ToTensor()])
    test_tf = tr.Compose([tr.Resize(int(IMG / 0.875)), tr.CenterCrop(IMG), tr.ToTensor(), tr.Normalize(mean, mean)])
    """
    found = parse_line(text)
    assert found.sentence == (
        "resize shorter 256 (bilinear, pil), centre crop 224 x 224, / 255, mean [0.5, 0.5, 0.5], std [0.5, 0.5, 0.5]"
    )
    both = {"train": "T.Compose([T.RandomResizedCrop(8)])", "val": "T.Compose([T.Resize((8, 8))])"}
    line = "{" + ", ".join(f"'{key}': {value}" for key, value in both.items()) + "}"
    assert [step.kind for step in parse_line(f"data_transforms = {line}").steps] == ["resize", "scale"]
    assert parse_line(f"data_transforms = {line}; data_transforms['val']").steps == parse_line(both["val"]).steps


def test_what_is_left_out_and_taken_is_said():
    found = parse_line("A.Compose([A.Resize(8, 8), A.HorizontalFlip(p=0.5), A.CLAHE(), ToTensorV2()])")
    assert found.left_out == ("HorizontalFlip", "CLAHE")
    assert found.notes == ("values stay 0 to 255, as the line says; end it with / 255 if your code divides later",)
    assert "left out, since random: HorizontalFlip, CLAHE" in found.sentence
    assert parse_line("A.Resize(8, 9)").notes == ("the line makes no tensor: pixel / 255 is taken",)
    assert parse_line("A.Compose([A.Resize(8, 8), ToTensorV2()]) / 255").notes == ()
    assert parse_line("T.Compose([T.Resize((8, 8)), T.RandomCrop(8, padding=1), T.ToTensor()])").left_out


@pytest.mark.parametrize(
    ("line", "size"), [("224", 224), ("(224, 320)", (224, 320)), ("[224, 320]", (224, 320)), ("IMG = 96; IMG", 96)]
)
def test_a_bare_number_is_a_size(line, size):
    assert Preprocessing.model_validate(line).size == size
    assert parse_line(line).steps == ()


def test_a_line_settles_the_keys_that_pages_and_checks_read():
    line = "T.Compose([T.Resize(256), T.CenterCrop(224), T.ToTensor(), T.Normalize([0.4, 0.5, 0.6], [0.2, 0.2, 0.3])])"
    seen = Preprocessing.model_validate(line)
    assert (seen.size, seen.mean, seen.std, seen.scale) == (224, (0.4, 0.5, 0.6), (0.2, 0.2, 0.3), 1)
    albumentations = Preprocessing.model_validate("A.Compose([A.Resize(48, 64), A.Normalize(), ToTensorV2()])")
    assert albumentations.size == (48, 64)
    assert albumentations.mean == (0.485, 0.456, 0.406)
    assert Preprocessing.model_validate("T.Compose([T.Resize((8, 8)), T.ToTensor()])").normalise == "none"
    again = Preprocessing.model_validate(seen.model_dump())
    assert again == seen
    assert again.pipeline == seen.pipeline


REFUSED = [
    ("T.Compose([T.Resize(8), T.Foo()])", r"unknown transform 'Foo' in 'T.Foo\(\)'"),
    ("T.Compose([T.Resize((8, 8)), T.TenCrop(4), T.ToTensor()])", "unknown transform 'TenCrop'"),
    ("T.Compose([T.RandomResizedCrop(224), T.ToTensor()])", r"'RandomResizedCrop' sets the size in training only"),
    ("T.Compose([T.Resize(256), T.RandomCrop(224), T.ToTensor()])", "'RandomCrop' sets the size in training only"),
    ("T.Compose([T.Resize(8, foo=3)])", r"Resize got an unexpected keyword argument 'foo'"),
    ("T.Compose([T.Resize(8.5)])", "whole pixels"),
    ("T.Compose([T.Lambda(lambda x: x / x.max())])", r"'x.max\(\)' cannot be taken"),
    ("T.Compose([T.Lambda(lambda x: x.clamp(0, 1))])", "cannot be taken"),
    ("T.Compose([T.Lambda(my_function)])", "Lambda"),
    ("T.Compose([T.ToTensor(), T.Normalize([0.5], [0.0])])", "std above 0"),
    ("T.Compose([T.ToTensor(), T.ConvertImageDtype(torch.float16)])", "torch.float32"),
    ("A.Compose([A.Resize(8, 8), A.CLAHE(p=1)])", "unknown transform 'CLAHE'"),
    ("create_transform(**resolve_data_config({}, model=model))", "its values written"),
    ("Resize(8), aug_transforms(size=4), Normalize.from_stats(*imagenet_stats)", "item_tfms=Resize"),
    ("a = T.Compose([T.ToTensor()]); b = T.Compose([T.CenterCrop(3)])", "the line has these transforms: a, b"),
    ("hello", "cannot be taken|is no Python|allowed"),
    ("T.Compose([", "is no Python"),
    ("", "is no preprocessing"),
    ("x = 1", "these transforms: none"),
    ("__import__('os').system('ls')", "cannot be taken|unknown transform"),
    ("[T.ToTensor() for _ in range(10 ** 9)]", "cannot be taken"),
    ("while True: pass", "cannot be taken"),
    ("T.Resize(10 ** 9)", "cannot be taken"),
    ("(" * 300 + "1" + ")" * 300, "is no Python|too deep"),
]


@pytest.mark.parametrize(("line", "told"), REFUSED)
def test_what_cannot_be_said_is_refused_by_name(line, told):
    with pytest.raises(SeewhyError, match=told) as error:
        parse_line(line)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 500


def test_keys_beside_a_line(files):
    line = "T.Compose([T.Resize((32, 32)), T.ToTensor()])"
    seen = Preprocessing.model_validate({"transform": line, "channels": "bgr", "library": "opencv"})
    wanted = cv2.resize(np.asarray(upright(files[0])), (32, 32))[..., ::-1].transpose(2, 0, 1) / np.float32(255)
    np.testing.assert_allclose(images.network_inputs(files[:1], seen)[0], wanted, atol=1e-7)
    grey = images.network_inputs(files[:1], Preprocessing.model_validate({"transform": line, "channels": "grey"}))[0]
    assert torch.equal(grey, T.Compose([T.Grayscale(), T.Resize((32, 32)), T.ToTensor()])(upright(files[0])))
    with pytest.raises(ValueError, match="either `transform` or `mean`"):
        Preprocessing.model_validate({"transform": line, "mean": [0.5]})


def test_images_of_several_sizes_are_refused(files):
    with pytest.raises(SeewhyError, match=r"leaves images of several sizes: \d+ x \d+ \('.*'\) and"):
        images.network_inputs(files[:9], Preprocessing.model_validate("T.Compose([T.Resize(32), T.ToTensor()])"))


def test_masks_and_boxes_follow_every_step(tmp_path):
    box = [40, 20, 90, 70]
    mask = np.zeros((97, 131), np.uint8)
    mask[box[1] : box[3], box[0] : box[2]] = 7
    Image.fromarray(mask).save(tmp_path / "m.png")
    Image.fromarray((mask > 0).astype(np.uint8).repeat(3).reshape(97, 131, 3) * 255).save(tmp_path / "a.png")
    lines = [
        "T.Compose([T.Resize((80, 80)), T.CenterCrop(64), T.ToTensor()])",
        "T.Compose([T.CenterCrop(80), T.Resize((64, 64)), T.Pad((3, 5, 7, 9)), T.ToTensor()])",
        "A.Compose([A.LongestMaxSize(80), A.PadIfNeeded(80, 80), A.ToFloat(), ToTensorV2()])",
        "LetterBox(96)",
        "Resize(64), Normalize.from_stats(*imagenet_stats)",
        "Resize(64, method=ResizeMethod.Pad), Normalize.from_stats(*imagenet_stats)",
        "T.Compose([T.ToTensor(), T.Resize((50, 70))])",
    ]
    for line in lines:
        seen = Preprocessing.model_validate(line)
        (moved,) = images.Fit.of_image((131, 97), seen).move_boxes([box])
        values = images.fitted_mask(tmp_path / "m.png", seen)
        bright = images.fitted_photos([tmp_path / "a.png"], seen)[0, ..., 1] > 127
        assert set(np.unique(values)) <= {0, 7}, line
        rows, columns = np.nonzero(values)
        found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert np.abs(moved - found).max() <= 1, line
        assert (bright != (values > 0)).sum() <= 2 * sum(moved[2:] - moved[:2]) + 4, line


@pytest.mark.parametrize("turned", range(1, 9))
def test_what_lies_in_the_file_takes_boxes_and_masks_with_it(tmp_path, turned):
    """Boxes and masks are drawn on the upright image; the network sees it as stored."""
    box, size = [10, 6, 30, 14], (48, 32)
    lit = np.zeros((32, 48), np.uint8)
    lit[box[1] : box[3], box[0] : box[2]] = 255
    stored = images.lay_down(lit[..., None], turned)[..., 0]
    exif = Image.Exif()
    exif[0x0112] = turned
    Image.fromarray(stored).convert("RGB").save(tmp_path / "a.png", exif=exif)
    Image.fromarray(lit // 255).save(tmp_path / "m.png")
    assert np.array_equal(np.asarray(images.open_image(tmp_path / "a.png"))[..., 0], lit)
    seen = Preprocessing(size=64, exif="stored")
    bright = images.fitted_photos([tmp_path / "a.png"], seen)[0, ..., 0] > 127
    (moved,) = images.fit_boxes([box], size, seen, tmp_path / "a.png")
    rows, columns = np.nonzero(bright)
    assert np.abs(moved - [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]).max() <= 1
    mask = images.fitted_mask(tmp_path / "m.png", seen, tmp_path / "a.png")
    assert (mask != bright).sum() <= 60


def test_bands_of_a_tiff(tmp_path):
    import tifffile

    values = np.arange(5 * 6 * 7, dtype=np.uint16).reshape(5, 6, 7) * 256
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="minisblack")
    seen = Preprocessing(size=[6, 7], bands=[4, 3, 2])
    found = images.fitted_photos([tmp_path / "a.tif"], seen)[0]
    assert np.array_equal(found, (values[[3, 2, 1]] >> 8).astype(np.uint8).transpose(1, 2, 0))
    with pytest.raises(SeewhyError, match=r"bands: found \[6\]; image 'a.tif' has 5; allowed: 1 to 5"):
        images.fitted_photos([tmp_path / "a.tif"], Preprocessing(size=6, bands=[6]))


@pytest.mark.parametrize("most", [1.0, 255.0])
def test_an_array_of_numbers_reaches_the_network_unrounded(tmp_path, most):
    values = (np.random.default_rng(0).random((40, 30)) * most).astype(np.float16)
    values[0, 0] = most
    np.save(tmp_path / "a.npy", values)
    line = "T.Compose([T.ToTensor(), T.Resize((24, 24)), T.Normalize([0.49], [0.248])])"
    seen = Preprocessing.model_validate({"transform": line, "channels": "grey"})
    share = torch.from_numpy(values.astype(np.float32) / np.float32(most))[None]
    wanted = (v2.functional.resize(share, [24, 24], antialias=True) - 0.49) / 0.248
    found = images.network_inputs([tmp_path / "a.npy"], seen)[0]
    torch.testing.assert_close(found, wanted, rtol=0, atol=2e-6)
    shown = images.fitted_photos([tmp_path / "a.npy"], seen)[0]
    assert np.abs(shown[..., 0] / 255 - (wanted[0].numpy() * 0.248 + 0.49)).max() < 0.51 / 255


@pytest.mark.parametrize("end", [".normalize(imagenet_stats)", ".databunch().normalize()", ""])
def test_fastai_1_says_its_size_and_statistics_on_the_data_bunch(end):
    found = parse_line(f"ImageDataBunch.from_folder(path, ds_tfms=get_transforms(), size=64){end}")
    kinds = [step.kind for step in found.steps]
    assert kinds == (["resize", "scale", "normalise"] if end else ["resize", "scale"])
    assert found.steps[0].size == (64, 64)
    assert any("fastai 1 resizes by interpolation on tensors" in note for note in found.notes)
    with pytest.raises(SeewhyError, match="cannot be taken"):
        parse_line("ImageDataBunch.from_folder(path, ds_tfms=get_transforms(), size=64).filter(imagenet_stats)")
