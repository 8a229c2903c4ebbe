import itertools
import math
from types import SimpleNamespace

import pandas as pd
import pytest
import torch
from torch import nn

from seewhy.engine.targets import Score
from seewhy.errors import SeewhyError
from seewhy.methods.explain import explain
from seewhy.tasks import captioning
from seewhy.tasks.captioning import Captioner
from seewhy.tasks.words import Vocabulary
from tests.methods.nets import close
from tests.tasks.captions import CNNLSTM, VOCABULARY, WORDS, Known, cnn_lstm

LAYER = "encoder.resnet.2"


def noise(n=2, side=8, seed=1):
    return torch.randn(n, 3, side, side, generator=torch.Generator().manual_seed(seed))


def steps(*which, n=2):
    """One target a step, as one would write it by hand."""
    return [
        Score(function=lambda output, step=step: captioning.target_score(output, torch.full((n,), step)))
        for step in which
    ]


def by_hand(model, images, count):
    """The users' way: one image, states carried on, each word's own logit backward with the graph retained."""
    seen = {}
    layer = model.get_submodule(LAYER)
    handle = layer.register_forward_hook(lambda _module, _args, output: seen.update(a=output))
    features = model.encoder(images)
    handle.remove()
    inputs, states, said, maps = features.unsqueeze(1), None, [], []
    for _ in range(count):
        hiddens, states = model.decoder.lstm(inputs, states)
        outputs = model.decoder.fc(hiddens.squeeze(1))
        predicted = outputs.max(1)[1]
        (gradient,) = torch.autograd.grad(outputs[0, predicted.item()], seen["a"], retain_graph=True)
        maps.append((gradient.mean((2, 3), keepdim=True) * seen["a"]).sum(1)[0].detach())
        said.append(predicted.item())
        inputs = model.decoder.embed(predicted).unsqueeze(1)
    return said, torch.stack(maps)


def test_maps_and_words_are_those_of_the_method_by_hand():
    model, images = cnn_lstm(), noise(4)
    captioner = Captioner(model, VOCABULARY, 4)
    found = explain(captioner, images, methods=["gradcam"], targets=steps(0, 1, 2, 3, n=4), layer=LAYER)["gradcam"]
    said = captioner(images).argmax(-1)
    assert len({tuple(row) for row in said.tolist()}) > 1  # the images do not all say the same
    for row in range(4):
        words, maps = by_hand(model, images[row : row + 1], 4)
        assert said[row].tolist() == words
        close(found[row], maps)


def test_every_word_comes_from_one_pass_of_the_encoder():
    model = Known()
    explain(
        Captioner(model, VOCABULARY, 3),
        noise(),
        methods=["gradcam", "hirescam"],
        targets=steps(0, 1),
        layer="encoder.maps",
    )
    assert model.encoder.calls == 1


def test_a_words_map_shows_what_the_word_reads():
    images = torch.zeros(2, 3, 4, 4)
    images[0, 0, :, 0], images[1, 0, :, 3], images[:, 0, 0, 1:3] = 2, 2, 1
    captioner = Captioner(Known(), VOCABULARY, 3)
    said = captioner(images).argmax(-1)
    assert [[word for _, word in VOCABULARY.said_words(row)] for row in said.tolist()] == [
        ["tree", "left"],
        ["tree", "right"],
    ]
    found = explain(captioner, images, methods=["hirescam"], targets=steps(0, 1), layer="encoder.maps")["hirescam"]
    red = images[:, 0] / 16  # each score is a mean over 16 pixels
    close(found[:, 0], red)
    close(found[0, 1], red[0] * torch.tensor([1, 1, 0, 0]))
    close(found[1, 1], red[1] * torch.tensor([0, 0, 1, 1]))


def test_made_to_say_its_own_words_it_scores_as_ever():
    model, images = cnn_lstm(), noise(1)
    captioner = Captioner(model, VOCABULARY, 5)
    output = captioner(images).detach()
    words = output[0].argmax(-1).tolist()
    close(captioner.made_to_say(words)(images).detach(), output)
    other = captioner.made_to_say([4, 4, 4, 4, 4])(images).detach()
    close(other[:, 0], output[:, 0])
    assert not torch.allclose(other[:, 1:], output[:, 1:])


def test_made_to_say_words_it_says_them_of_every_image():
    model, images = cnn_lstm(), noise(3)
    captioner = Captioner(model, VOCABULARY, 3)
    said = captioner.made_to_say([5, 4, 6])
    assert said(images).shape == (3, 3, len(WORDS))
    for row in range(3):
        close(said(images)[row : row + 1], said(images[row : row + 1]))


@pytest.mark.parametrize("width", [1, 2, 3, 7])
def test_beam_against_all_captions(width):
    """Width 1 is greedy; wide enough, the search is exhaustive. In between it lies in between."""
    captioner, images = Captioner(cnn_lstm(3), VOCABULARY, 2), noise(2, seed=2)
    for image, found in zip(images, captioner.beam_search(images, width), strict=True):
        features = captioner.encoder(image[None])

        def total(words, features=features):
            said = (
                captioner.scores_along(features, torch.tensor([words[:-1]], dtype=torch.long))[0]
                .double()
                .log_softmax(-1)
            )
            return sum(float(row[word]) for row, word in zip(said, words, strict=False))

        ended = [[2]] + [list(pair) for pair in itertools.product(range(len(WORDS)), repeat=2) if pair[0] != 2]
        best = max(ended, key=total)
        greedy = captioner(image[None])[0].argmax(-1).tolist()
        greedy = greedy[: greedy.index(2) + 1] if 2 in greedy else greedy
        if width == 1:
            assert found == greedy
        assert total(greedy) - 1e-9 <= total(found) <= total(best) + 1e-9
        if width == 7:
            assert found == best


def test_equal_captions_are_ordered_by_their_words():
    model = cnn_lstm()
    with torch.no_grad():
        model.decoder.fc.weight.zero_()
        model.decoder.fc.bias.zero_()
    assert Captioner(model, VOCABULARY, 2).beam_search(noise(2), 3) == [[2], [2]]  # shorter is likelier: fewer factors
    with torch.no_grad():
        model.decoder.fc.bias[2] = -50
    assert Captioner(model, VOCABULARY, 2).beam_search(noise(2), 3) == [[0, 0], [0, 0]]


def test_the_recurrent_layer_runs_without_cudnn_forward_and_backward():
    flags = []

    class Watched(nn.LSTM):
        def forward(self, *given):
            flags.append(torch.backends.cudnn.enabled)
            return super().forward(*given)

    model = CNNLSTM().eval()
    watched = Watched(6, 7, 2, batch_first=True)
    watched.load_state_dict(model.decoder.lstm.state_dict())
    model.decoder.lstm = watched.eval()
    before = torch.backends.cudnn.enabled
    Captioner(model, VOCABULARY, 3)(noise()).sum().backward()
    assert flags == [False] * 3
    assert torch.backends.cudnn.enabled is before


def test_a_recurrent_layer_with_time_first_says_the_same():
    model = cnn_lstm()
    expected = Captioner(model, VOCABULARY, 4)(noise())
    model.decoder.lstm.batch_first = False
    close(Captioner(model, VOCABULARY, 4)(noise()), expected)


def test_the_users_model_is_left_as_it_was_and_keeps_its_names():
    model = cnn_lstm()
    names = [name for name, _ in model.named_modules()]
    captioner = Captioner(model, VOCABULARY, 3)
    assert [name for name, _ in captioner.named_modules()] == names
    assert captioner.state_dict().keys() == model.state_dict().keys()
    assert not captioner.training
    assert captioner.made_to_say([4, 2]).encoder is model.encoder


def test_one_row_a_word():
    output = torch.full((2, 4, len(WORDS)), -2.0)
    for row, said in enumerate(([1, 4, 5, 2], [4, 2, 4, 4])):
        for step, word in enumerate(said):
            output[row, step, word] = 3.0
    rows = pd.DataFrame({"image": ["a.png", "b.png"], "caption": ["A tree on the right.", None]})
    found = captioning.word_predictions(rows, output, VOCABULARY)
    assert found["image"].tolist() == ["a.png", "a.png", "b.png"]
    assert found["target"].tolist() == [1, 2, 0]
    assert found["predicted"].tolist() == ["tree", "left", "tree"]
    assert found["correct"].tolist() == [True, False, pd.NA]
    assert found["label"].isna().tolist() == [False, True, True]
    assert found["kind"].tolist() == ["noun", "position", "noun"]
    assert found["written"].tolist() == ["tree left", "tree left", "tree"]
    sure = float(torch.tensor([3.0, *[-2.0] * 6]).softmax(0)[0])
    assert found["confidence"].tolist() == pytest.approx([sure] * 3)
    assert captioning.target_score(output, torch.tensor([2, 0])).tolist() == [3.0, 3.0]


def test_what_is_no_captioning_network_is_refused():
    with pytest.raises(SeewhyError, match=r"Linear is no captioning network.*decoder\.embed"):
        Captioner(nn.Linear(2, 2), VOCABULARY, 3)


def test_another_number_of_words_is_refused():
    with pytest.raises(SeewhyError, match="scores 7 words, the vocabulary has 2"):
        Captioner(cnn_lstm(), Vocabulary(("a", "b")), 3)(noise())


def test_an_output_that_is_not_finite_is_refused():
    output, rows = torch.zeros(2, 3, len(WORDS)), pd.DataFrame({"image": ["a", "b"], "caption": [None, None]})
    output[1, 2, 3] = torch.nan
    with pytest.raises(SeewhyError, match="not finite for 1 of 2 images"):
        captioning.word_predictions(rows, output, VOCABULARY)


def test_a_word_of_a_forced_caption_has_the_map_it_has_in_its_own():
    captioner, images = Captioner(cnn_lstm(), VOCABULARY, 4), noise(1)
    words = captioner(images)[0].argmax(-1).tolist()
    target = Score(function=lambda output: output[:, 2, words[2]])
    forced = explain(captioner.made_to_say(words), images, methods=["layercam"], targets=[target], layer=LAYER)[
        "layercam"
    ]
    own = explain(captioner, images, methods=["layercam"], targets=steps(2, n=1), layer=LAYER)["layercam"]
    close(forced, own)


NEXT = {None: {2: 0.2, 0: 0.45, 1: 0.35}, 0: {3: 0.501, 4: 0.499}, 1: {5: 0.86, 6: 0.14}, 4: {2: 0.99, 6: 0.01}}


class Table(nn.Module):
    """The next word depends on the last one alone, by a table of probabilities."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Flatten()

    @property
    def decoder(self):
        return self

    def step(self, features, word, states):
        last = [None] * len(features) if word is None else word.tolist()
        scores = torch.full((len(last), len(WORDS)), -20.0)
        for row, found in enumerate(last):
            for index, share in NEXT.get(found, dict.fromkeys(range(7), 1 / 7)).items():
                scores[row, index] = torch.tensor(share).log()
        return scores, states


def test_a_finished_caption_takes_one_of_the_places_of_the_search():
    """Width 3: the end alone (.2), then "1 5" (.301) and "0 3" (.225) take all places; "0 4 2" (.222) is not seen."""
    captioner = Captioner(Table(), VOCABULARY, 3)
    assert captioner.beam_search(noise(1), 3) == [[2]]
    assert captioner.beam_search(noise(1), 4) == [[0, 4, 2]]


def spoken(*captions):
    """Logits in which each step's word has 4 and all others 0, and the study that they are of."""
    indices = torch.tensor([[WORDS.index(word) for word in caption.split()] for caption in captions])
    study = SimpleNamespace(model=SimpleNamespace(vocabulary=VOCABULARY), same_answers=lambda word: {word})
    return 4.0 * nn.functional.one_hot(indices, len(WORDS)).float(), study


def test_a_word_is_kept_wherever_it_is_said_and_not_after_the_end():
    rows = pd.DataFrame({"image": ["a", "b", "c"], "predicted": ["left"] * 3})
    after, study = spoken("left tree <END> tree", "tree left <END> tree", "tree <END> left left")
    assert captioning.keeps_answer(rows, after, after, study).tolist() == [True, True, False]
    study.same_answers = lambda word: {word, "tree"}  # means the same
    assert captioning.keeps_answer(rows, after, after, study).tolist() == [True, True, True]


def test_certainty_of_a_word_is_that_of_the_step_where_it_is_highest():
    rows = pd.DataFrame({"image": ["a", "b", "c"], "predicted": ["tree", "left", "left"]})
    output, study = spoken("left tree <END>", "tree <END> left")
    high, low = (math.exp(x) / (math.exp(4) + 6) for x in (4, 0))
    found = captioning.answer_certainty(rows, study)(output, torch.tensor([0, 2]))
    assert found.tolist() == pytest.approx([high, low])  # what stands after the end is not said
