"""Setups that need a class of the user's own: a decoder without the step that is asked for, a detector."""

import sys
import types
from pathlib import Path

import pandas as pd
import torch
from PIL import Image
from torch import nn
from torchvision import transforms

from tests.setups.made_b import INPUTS, MEAN, STD, Setup, class_rows, fit, relative, run_code, save_picture

HEAD = "import torch\nfrom torch import nn\nfrom torchvision import models, transforms\n"
S40_CODE = (
    HEAD
    + """
class EncoderCNN(nn.Module):
    def __init__(self):
        super().__init__()
        resnet = models.resnet18(pretrained=True)
        self.resnet = nn.Sequential(*list(resnet.children())[:-2])

    def forward(self, images):
        features = self.resnet(images).permute(0, 2, 3, 1)
        return features.view(features.size(0), -1, features.size(-1))


class Attention(nn.Module):
    def __init__(self, encoder_dim, decoder_dim, attention_dim):
        super().__init__()
        self.W = nn.Linear(decoder_dim, attention_dim)
        self.U = nn.Linear(encoder_dim, attention_dim)
        self.A = nn.Linear(attention_dim, 1)

    def forward(self, features, hidden):
        scores = self.A(torch.tanh(self.U(features) + self.W(hidden).unsqueeze(1))).squeeze(2)
        alpha = scores.softmax(1)
        return alpha, (features * alpha.unsqueeze(2)).sum(1)


class DecoderRNN(nn.Module):
    def __init__(self, embed_size, vocab_size, attention_dim, encoder_dim, decoder_dim):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.attention = Attention(encoder_dim, decoder_dim, attention_dim)
        self.init_h = nn.Linear(encoder_dim, decoder_dim)
        self.init_c = nn.Linear(encoder_dim, decoder_dim)
        self.lstm_cell = nn.LSTMCell(embed_size + encoder_dim, decoder_dim, bias=True)
        self.fcn = nn.Linear(decoder_dim, vocab_size)

    def generate_caption(self, features, start, max_len=8):
        h, c = self.init_h(features.mean(1)), self.init_c(features.mean(1))
        word, captions, sure = torch.full((len(features),), start), [], []
        for _ in range(max_len):
            _, context = self.attention(features, h)
            h, c = self.lstm_cell(torch.cat([self.embedding(word), context], 1), (h, c))
            output = self.fcn(h)
            word = output.argmax(1)
            captions.append(word)
            sure.append(output.softmax(1).max(1).values)
        return torch.stack(captions, 1), torch.stack(sure, 1)


class EncoderDecoder(nn.Module):
    def __init__(self, embed_size, vocab_size, attention_dim, encoder_dim, decoder_dim):
        super().__init__()
        self.encoder = EncoderCNN()
        self.decoder = DecoderRNN(embed_size, vocab_size, attention_dim, encoder_dim, decoder_dim)


class Vocabulary:
    def __init__(self, words):
        self.itos = dict(enumerate(words))
        self.stoi = {word: place for place, word in self.itos.items()}
"""
)
STEP = """

def step(self, features, word, states):
    if word is None:
        word = torch.full((len(features),), 1, device=features.device)
        states = self.init_h(features.mean(1)), self.init_c(features.mean(1))
    _, context = self.attention(features, states[0])
    states = self.lstm_cell(torch.cat([self.embedding(word), context], 1), states)
    return self.fcn(states[0]), states


DecoderRNN.step = step
"""
WORDS = ["<PAD>", "<SOS>", "<EOS>", "<UNK>", "a", "red", "green", "block", "on", "noise", "."]


def s40_captions(root: Path) -> Setup:
    """Flickr8k's captions.txt; an encoder, and a decoder with attention that lacks the step that is asked for."""
    folder = root / INPUTS / "flickr8k"
    lines = ["image,caption"]
    for number in range(8):
        save_picture(folder / f"Images/{1000 + number}_a.jpg", 2 * (number % 2), number, (72, 72))
        colour = ["red", "green"][number % 2]
        lines += [f"{1000 + number}_a.jpg,A {colour} block on noise .", f"{1000 + number}_a.jpg,A {colour} block ."]
    (folder / "captions.txt").write_text("\n".join(lines) + "\n")
    (root / "captioning.py").write_text(S40_CODE)
    space = run_code(S40_CODE)
    sizes = {"embed_size": 12, "vocab_size": len(WORDS), "attention_dim": 16, "encoder_dim": 512, "decoder_dim": 24}
    net = space["EncoderDecoder"](**sizes).eval()
    with torch.no_grad():
        net.decoder.fcn.weight.mul_(6)
    vocab = space["Vocabulary"](WORDS)
    _save_with_class(root / INPUTS / "attention_model.pth", net, vocab, sizes)
    own = transforms.Compose([transforms.Resize((64, 64)), transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
    names = sorted(one.name for one in (folder / "Images").iterdir())
    images = torch.stack([own(Image.open(folder / "Images" / name).convert("RGB")) for name in names])
    with torch.no_grad():
        said, sure = net.decoder.generate_caption(net.encoder(images), vocab.stoi["<SOS>"])
    rows = []
    for name, indices, confidences in zip(names, said.tolist(), sure.tolist(), strict=True):
        end = indices.index(2) if 2 in indices else len(indices)
        written = [vocab.itos[index] for index in indices[:end]]
        for step in range(end):
            if indices[step] > 1:
                rows.append((f"{INPUTS}/flickr8k/Images/{name}", step, written[step], confidences[step]))
    frame = pd.DataFrame(rows, columns=["image", "target", "predicted", "confidence"])
    line = f"T.Compose([T.Resize((64, 64)), T.ToTensor(), T.Normalize({MEAN}, {STD})])"
    words = ["--data", f"{INPUTS}/flickr8k", "--task", "captioning", "--checkpoint", f"{INPUTS}/attention_model.pth",
             "--architecture", "captioning.py:EncoderDecoder", "--transform", line]  # fmt: skip
    return Setup(words, frame, ("image", "target"))


def _save_with_class(path: Path, net: nn.Module, vocab: object, sizes: dict[str, int]) -> None:
    """torch.save of a dict with an object of a class that stands in the user's script."""
    module = types.ModuleType("captioning")
    type(vocab).__module__, module.Vocabulary = "captioning", type(vocab)
    sys.modules["captioning"] = module
    try:
        torch.save({"num_epochs": 5, "max_length": 8, **sizes, "vocab": vocab, "state_dict": net.state_dict()}, path)
    finally:
        del sys.modules["captioning"]


DETECTOR = (
    HEAD
    + """
class Detect(nn.Module):
    def __init__(self, nc, ch):
        super().__init__()
        self.nc = nc
        self.cv2, self.cv3 = nn.Conv2d(ch, 4, 1), nn.Conv2d(ch, nc, 1)

    def forward(self, x):
        preds = {"boxes": self.cv2(x).flatten(2), "scores": self.cv3(x).flatten(2)}
        return preds if self.training else (torch.cat([preds["boxes"], preds["scores"].sigmoid()], 1), preds)


class DetectionModel(nn.Module):
    def __init__(self, cfg="yolov8n.yaml", ch=3, nc=None, verbose=True):
        super().__init__()
        self.yaml = cfg
        self.model = nn.Sequential(nn.Conv2d(ch, 8, 3, 2, 1), nn.SiLU(), Detect(nc or cfg["nc"], 8))

    def forward(self, x):
        return self.model(x)
"""
)


def s31_streaks_yolo(root: Path) -> Setup:
    """ultralytics' best.pt: a whole pickled model; YOLO's images/ and labels/."""
    for split, first in (("train", 0), ("val", 50)):
        for number in range(first, first + 6):
            save_picture(root / INPUTS / f"streaks/images/{split}/{number}.jpg", number % 2, number, (64, 64))
            labels = root / INPUTS / f"streaks/labels/{split}/{number}.txt"
            labels.parent.mkdir(parents=True, exist_ok=True)
            labels.write_text(f"{number % 2} 0.5 0.5 0.25 0.5\n")
    (root / INPUTS / "streaks/data.yaml").write_text("train: images/train\nval: images/val\nnames: [streak, star]\n")
    (root / "ultralytics/nn").mkdir(parents=True)
    (root / "ultralytics/nn/tasks.py").write_text(DETECTOR)
    module = types.ModuleType("ultralytics.nn.tasks")
    exec(DETECTOR, module.__dict__)
    sys.modules |= {"ultralytics": types.ModuleType("u"), "ultralytics.nn": types.ModuleType("n"),
                    "ultralytics.nn.tasks": module}  # fmt: skip
    net = module.DetectionModel({"nc": 2})
    net.names, net.nc = {0: "streak", 1: "star"}, 2
    files = sorted((root / INPUTS / "streaks/images/val").iterdir())
    images = torch.stack([transforms.functional.to_tensor(Image.open(file)) for file in files])
    labels = torch.tensor([int(file.stem) % 2 for file in files])
    fit(net, images, labels, 200, lambda out, true: nn.functional.cross_entropy(out["scores"].amax(2), true))
    net.half()
    try:
        torch.save({"epoch": -1, "model": net, "train_args": {"imgsz": 640}, "version": "8.1.0"},
                   root / INPUTS / "best.pt")  # fmt: skip
    finally:
        for name in ("ultralytics", "ultralytics.nn", "ultralytics.nn.tasks"):
            del sys.modules[name]
    words = ["--data", f"{INPUTS}/streaks", "--checkpoint", f"{INPUTS}/best.pt", "--transform",
             "LetterBox((64, 64), auto=False)"]  # fmt: skip
    with torch.no_grad():
        scores = net.float().eval()(images)[1]["scores"].amax(2).softmax(1)
    names = ["streak", "star"]
    own = [names[label] for label in labels.tolist()]
    return Setup(words, class_rows([relative(file, root) for file in files], own, scores, names))
