"""captions-lstm: a CNN-LSTM trained on captioned tiles for a fixed number of steps from a fixed seed.

The trunk keeps ImageNet's weights, so its maps are computed once. They are turned and flipped in training, and the
captions are made anew for how the trees then lie: that teaches what left and right are (learnt from captions alone;
nothing tells the attention where the boxes are).
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import typer
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from demo import lite0
from demo.captioner import CNNLSTM, Trunk
from demo.captions import tile_caption, turn_boxes
from demo.files import write_checkpoint
from demo.learning import run_training
from demo.settings import Settings
from seewhy.progress import show_progress

SPECIAL = ("<PAD>", "<START>", "<END>", "<UNK>")
LONGEST = 10  # words of a caption and its end
RARE = 0.35  # weight of a tile without trees when tiles are drawn: half of all have none, and one caption serves them


@dataclass(frozen=True)
class Recipe(Settings):
    """Settings of the training: `size` of the input in pixels, images a step, steps, peak learning rate."""

    size: int
    batch: int
    steps: int
    rate: float
    seed: int


@dataclass(frozen=True)
class Lesson:
    """What is learnt from: the trunk's maps of each tile, its captions (8 ways to lay it) as words' indices."""

    maps: Float[Tensor, "n c g g"]
    captions: Int[Tensor, "n 8 words"]
    weights: Float[Tensor, " n"]


def build(entry: dict[str, Any], root: Path) -> None:
    """Trains on the tiles of `entry["from"]` and writes a checkpoint with its vocabulary to `entry["out"]`."""
    recipe = Recipe.from_entry(entry)
    torch.set_num_threads(2)
    torch.manual_seed(recipe.seed)
    frame = pd.read_parquet(root / entry["from"])
    frame = frame[frame["split"] == "train"].reset_index(drop=True)
    said = [[turned_caption(row, way) for way in range(8)] for row in frame.itertuples()]
    words = [*SPECIAL, *sorted({word for ways in said for text in ways for word in text.split()})]
    model = CNNLSTM(len(words))
    started = time.monotonic()
    model.encoder.trunk.load_state_dict(_pretrained_trunk(root))
    maps = trunk_maps(model.encoder.trunk, [root / name for name in frame["image"]], recipe)
    weights = torch.tensor([RARE if text == "[]" else 1.0 for text in frame["boxes"]])
    captions = torch.tensor([[word_indices(text, words) for text in ways] for ways in said])
    loss = train_captioner(model, Lesson(maps, captions, weights), recipe)
    typer.echo(f"captions: {recipe.steps} steps in {time.monotonic() - started:.0f} s, loss {loss:.2f}")
    save_checkpoint(root / entry["out"], model, words, recipe, loss, round(recipe.steps * recipe.batch / len(frame)))


def turned_caption(row: Any, way: int) -> str:
    """The caption of a tile laid one of eight ways: `way` % 4 quarter turns, flipped from the fourth on."""
    boxes = turn_boxes(np.array(json.loads(row.boxes)), row.width, way % 4, way >= 4)
    return tile_caption(boxes, row.width, row.caption.endswith("shadows"))


def word_indices(text: str, words: list[str]) -> list[int]:
    """A caption as indices with its end, filled up to `LONGEST`."""
    found = [*(words.index(word) for word in text.split()), words.index("<END>")]
    return found + [words.index("<PAD>")] * (LONGEST - len(found))


def _pretrained_trunk(root: Path) -> dict[str, Tensor]:
    own = Trunk().state_dict()
    return {name: value for name, value in lite0.load_weights(root).items() if name in own}


def trunk_maps(trunk: nn.Module, paths: list[Path], recipe: Recipe) -> Float[Tensor, "n c g g"]:
    """The frozen trunk's maps of all tiles."""
    side = (recipe.size, recipe.size)
    photos = [np.asarray(Image.open(path).convert("RGB").resize(side, Image.Resampling.BILINEAR)) for path in paths]
    parts = torch.from_numpy(np.stack(photos)).permute(0, 3, 1, 2).split(recipe.batch)
    trunk.eval().requires_grad_(False)
    found = [trunk(part.float().div(127.5).sub(1)) for part in show_progress(parts, len(parts), "captions: features")]
    return torch.cat(found)


def train_captioner(model: CNNLSTM, lesson: Lesson, recipe: Recipe) -> float:
    """Each word is predicted from the true ones before it; the last steps' mean loss."""

    def batch_loss(random: torch.Generator) -> Tensor:
        chosen = torch.multinomial(lesson.weights, recipe.batch, replacement=True, generator=random)
        ways = torch.randint(8, (recipe.batch,), generator=random)
        batch = torch.stack([_turn_maps(lesson.maps[k], way) for k, way in zip(chosen, ways.tolist(), strict=True)])
        return _caption_loss(model, batch, lesson.captions[chosen, ways])

    return float(np.mean(run_training(model, recipe, "captions", batch_loss, decay=0.05, clip=1.0)[-20:]))


def _turn_maps(maps: Float[Tensor, "c g g"], way: int) -> Float[Tensor, "c g g"]:
    found = maps.rot90(way % 4, (1, 2))
    return found.flip(2) if way >= 4 else found


def _caption_loss(model: CNNLSTM, maps: Tensor, captions: Int[Tensor, "n words"]) -> Tensor:
    features = model.encoder.encode_maps(functional.dropout2d(maps, 0.1))
    word = states = None
    scores = []
    for step in range(captions.shape[1]):
        found, states = model.decoder.step(features, word, states)
        scores.append(found)
        word = captions[:, step]
    return functional.cross_entropy(
        torch.cat(scores), captions.T.flatten(), ignore_index=SPECIAL.index("<PAD>"), label_smoothing=0.05
    )


def save_checkpoint(path: Path, model: nn.Module, words: list[str], recipe: Recipe, loss: float, epoch: int) -> None:
    """A checkpoint as captioning scripts leave it: weights, vocabulary in both directions, epoch, loss, config."""
    config = {"MODEL_NAME": "CNNLSTM", "MAX_LENGTH": LONGEST, "IMAGE_SIZE": recipe.size}
    config |= {"IMAGENET_MEAN": list(lite0.MEAN), "IMAGENET_STD": list(lite0.STD)}
    vocab = {"idx2word": dict(enumerate(words)), "word2idx": {word: index for index, word in enumerate(words)}}
    state = {name: value.contiguous() for name, value in model.state_dict().items()}
    facts = {"epoch": epoch, "loss": loss, "config": config}
    write_checkpoint(path, {"model_state_dict": state, "vocab": vocab, **facts})
