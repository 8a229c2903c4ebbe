import numpy as np
import pandas as pd
import pytest
import torch

from demo import captioning, captions, trees
from demo.captioner import CNNLSTM
from demo.captioning import Lesson, Recipe
from seewhy.errors import SeewhyError
from seewhy.tasks.captioning import Captioner
from seewhy.tasks.words import Vocabulary

TILE = 120


@pytest.mark.parametrize(
    ("boxes", "shaded", "expected"),
    [
        ([], False, "open meadow"),
        ([], True, "open meadow with shadows"),
        ([[0, 0, 40, 40]], False, "one tree at the top left"),
        ([[0, 40, 40, 80]], False, "one tree on the left"),
        ([[45, 85, 75, 115]], True, "one tree at the bottom casting shadows"),
        ([[40, 40, 80, 80]], False, "one tree in the middle"),
        ([[80, 0, 90, 10]], False, "one small tree at the top right"),
        ([[60, 60, 120, 120]], False, "one large tree at the bottom right"),
        ([[0, 0, 40, 40], [80, 0, 120, 40]], False, "two trees at the top"),
        ([[0, 0, 60, 60], [100, 100, 120, 120], [60, 0, 70, 10]], False, "several trees at the top left"),
    ],
)
def test_captions_by_hand(boxes, shaded, expected):
    assert captions.tile_caption(np.array(boxes).reshape(-1, 4), TILE, shaded) == expected


@pytest.mark.parametrize("way", range(8))
def test_boxes_turn_with_the_picture(way):
    picture = torch.zeros(1, TILE, TILE)
    picture[0, 10:30, 70:100] = 1
    laid = captioning._turn_maps(picture, way)[0].nonzero()
    (box,) = captions.turn_boxes(np.array([[70, 10, 100, 30]]), TILE, way % 4, way >= 4)
    assert box.tolist() == [*laid.min(0).values.flip(0).tolist(), *(laid.max(0).values.flip(0) + 1).tolist()]


def test_a_tree_belongs_to_the_tile_that_holds_its_centre():
    boxes = np.array([[100, 100, 160, 160], [110, 0, 120, 10], [0, 0, 20, 20]])
    assert captions.boxes_in_tile(boxes, 0, 0, TILE).tolist() == [[110, 0, 120, 10], [0, 0, 20, 20]]
    assert captions.boxes_in_tile(boxes, 120, 120, TILE).tolist() == [[0, 0, 40, 40]]


def test_tiles_are_described_by_their_boxes(tmp_path, monkeypatch):
    photo = np.full((480, 480, 3), 200, np.uint8)
    monkeypatch.setattr(trees, "BLOCKS", 2)
    monkeypatch.setattr(trees, "load_site", lambda *_: (photo, np.array([[0, 0, 30, 30]])))
    captions.build({"out": "made", "tile": TILE, "train_stride": 60, "shade": 0.15}, tmp_path)
    frame = pd.read_csv(tmp_path / "made/manifest.csv").set_index("image")
    assert frame.loc["images/0000_0000.png", "caption"] == "one tree at the top left"
    assert set(frame["caption"]) == {"one tree at the top left", "open meadow"}
    with pytest.raises(SeewhyError, match="'shade'"):
        captions.build({"out": "made", "tile": TILE, "train_stride": 60}, tmp_path)


def test_training_teaches_what_is_in_the_picture():
    torch.manual_seed(0)
    words = [*captioning.SPECIAL, "meadow", "tree"]
    model = CNNLSTM(len(words), 16, 16)
    maps = torch.zeros(2, 112, 2, 2)
    maps[0, :50, 0, 0] = maps[1, 50:, 1, 1] = 3
    said = [captioning.word_indices(text, words) for text in ("meadow", "tree")]
    lesson = Lesson(maps, torch.tensor(said)[:, None].expand(-1, 8, -1), torch.ones(2))
    captioning.train_captioner(model, lesson, Recipe(size=32, batch=16, steps=25, rate=0.02, seed=0))
    scores = Captioner(model, Vocabulary(tuple(words)), 2).scores_along(model.encoder.encode_maps(maps))
    assert scores.argmax(-1).tolist() == [one[:2] for one in said]


def test_a_checkpoint_carries_its_vocabulary(tmp_path):
    from seewhy.inputs import checkpoint

    words = [*captioning.SPECIAL, "tree"]
    captioning.save_checkpoint(tmp_path / "a.pth", CNNLSTM(5, 4, 4), words, Recipe(64, 1, 1, 0.1, 0), 0.5, 3)
    found = checkpoint.load_checkpoint(tmp_path / "a.pth", "here")
    assert found.words == words
    assert (found.epoch, found.config["MAX_LENGTH"]) == (3, captioning.LONGEST)
