"""Versions of one image in which parts are hidden, for maps that say which parts matter most."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from seewhy.engine.reading import normalise, relu, upsample
from seewhy.engine.targets import Rule, output_of
from seewhy.methods.pixels import image_seed, index_chunks
from seewhy.metrics.imputation import NOISE, impute_pixels

REMOVED = (0.25, 0.5, 0.75)  # shares of the cells that ROAD removes
Key = tuple[str, bytes]  # what was done to an image, and where
WHOLE: Key = ("whole", b"")  # nothing
NOTHING: Key = ("nothing", b"")  # in place of a version that a map cannot ask for


def rank_cells(values: Float[np.ndarray, "h w"], seed: int) -> Int[np.ndarray, "h w"] | None:
    """The place of each cell, the strongest first; equals in an order drawn by `seed`, so that no corner is favoured.

    None where the map ranks nothing: it is constant, or not finite.
    """
    if not np.isfinite(values).all() or np.ptp(values) == 0:
        return None
    drawn = np.random.default_rng(seed).permutation(values.size)
    order = drawn[np.argsort(-values.reshape(-1)[drawn], kind="stable")]
    places = np.empty(values.size, int)
    places[order] = np.arange(values.size)
    return places.reshape(values.shape)


def blur_image(image: Tensor) -> Tensor:
    """The image with its details gone: two box blurs over a quarter of its longer side. (..., h, w) -> the same."""
    side = max(1, max(image.shape[-2:]) // 8)
    for _ in range(2):  # rows, then columns: the mean over a square, at a small part of its cost
        for down, across in ((side, 0), (0, side)):
            window, edge = (2 * down + 1, 2 * across + 1), (down, across)
            image = functional.avg_pool2d(image, window, 1, edge, count_include_pad=False)
    return image


@dataclass(frozen=True)
class Asked:
    """Which versions of the image a map asks for."""

    deletion: list[Key]
    insertion: list[Key]
    masked: Key
    road: list[tuple[Key, Key]]  # without the most relevant cells, without the least relevant ones


class Altered:
    """Versions of one image, each made when it is shown, and once, however many maps ask for it."""

    def __init__(self, image: Float[Tensor, "c h w"], seed: int):
        self.image, self.seed = image, seed
        self.mean, self.blur = image.mean((1, 2), keepdim=True), blur_image(image)
        self.pixels, draw = image.cpu().float().numpy(), np.random.default_rng(image_seed(image, seed))
        self.noise = np.float32(NOISE) * draw.standard_normal(image.shape, np.float32)
        self.versions: dict[Key, Callable[[], Tensor]] = {WHOLE: lambda: image}

    def questions_of(self, values: Float[np.ndarray, "h w"], counts: Int[np.ndarray, " s"]) -> Asked:
        """What a map asks for; a map that ranks nothing only to be seen through, if that."""
        places, masked = rank_cells(values, self.seed), self.show_through(values)
        if places is None:
            return Asked([NOTHING] * len(counts), [NOTHING] * len(counts), masked, [(NOTHING, NOTHING)])
        removed = [min(max(1, round(share * places.size)), places.size - 1) for share in REMOVED]
        return Asked(
            [self.delete_cells(places < count) for count in counts],
            [self.insert_cells(places < count) for count in counts],
            masked,
            [(self.impute_cells(places < n), self.impute_cells(places >= places.size - n)) for n in removed],
        )

    def delete_cells(self, cells: Bool[np.ndarray, "h w"]) -> Key:
        """The image with its mean colour in those cells."""
        key = ("deleted", cells.tobytes()) if cells.any() else WHOLE
        self.versions.setdefault(key, lambda: torch.where(_cells_to_pixels(cells, self.image), self.mean, self.image))
        return key

    def insert_cells(self, cells: Bool[np.ndarray, "h w"]) -> Key:
        """Those cells of the image, the rest blurred."""
        if cells.all():
            return self.delete_cells(~cells)
        key = ("inserted", cells.tobytes())
        self.versions.setdefault(key, lambda: torch.where(_cells_to_pixels(cells, self.image), self.image, self.blur))
        return key

    def show_through(self, values: Float[np.ndarray, "h w"]) -> Key:
        """The image seen through a map: full at the map's maximum, the mean colour where the map says nothing."""
        share = normalise(relu(torch.from_numpy(np.array(values, np.float32))))
        if share.isnan().any():
            return NOTHING
        weight = upsample(share, (self.image.shape[1], self.image.shape[2])).to(self.image)
        key = ("through", share.numpy().tobytes())
        self.versions.setdefault(key, lambda: self.mean + weight * (self.image - self.mean))
        return key

    def impute_cells(self, cells: Bool[np.ndarray, "h w"]) -> Key:
        """The image with those cells imputed; the noise is the image's own, the same for every map."""
        key = ("imputed", cells.tobytes())

        def make_image() -> Tensor:
            removed = _cells_to_pixels(cells, self.image).cpu().numpy()
            return torch.from_numpy(impute_pixels(self.pixels, removed, self.noise)).to(self.image)

        self.versions.setdefault(key, make_image)
        return key

    def ask_model(self, model: nn.Module, score: Rule, target: int) -> dict[Key, float]:
        """The score of every version; NaN for `NOTHING`."""
        makers, found = list(self.versions.values()), []
        for part in index_chunks(len(makers)):
            output = output_of(model(torch.stack([makers[index]() for index in part])))
            found += score(output, torch.full((len(part),), target, device=output.device)).float().tolist()
        return {**dict(zip(self.versions, found, strict=True)), NOTHING: np.nan}


def _cells_to_pixels(cells: Bool[np.ndarray, "h w"], image: Float[Tensor, "c H W"]) -> Bool[Tensor, "H W"]:
    """Cells as pixels: each pixel takes the cell that its centre lies in."""
    y, x = (
        ((np.arange(size) + 0.5) * n / size).astype(int) for size, n in zip(image.shape[1:], cells.shape, strict=True)
    )
    return torch.from_numpy(cells[y][:, x]).to(image.device)
