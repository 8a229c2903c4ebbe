"""The files of five real projects, as their training scripts write them, each opened as a study by two entries."""

import pickle
import sys
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torchvision import models

from seewhy import open_study
from seewhy.inputs.weights import left_aside

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
SEEN = {"size": 64, "mean": MEAN, "std": STD}
NETS = """
import torch
from torch import nn
from torchvision import models

class TransferLearningModel(nn.Module):
    def __init__(self, num_classes=7, freeze_backbone=False):
        super().__init__()
        self.backbone = models.resnet18(weights=None)
        self.backbone.fc = nn.Sequential(nn.Dropout(0.5), nn.Linear(self.backbone.fc.in_features, num_classes))

    def forward(self, x):
        return self.backbone(x)

class Encoder(nn.Module):
    def __init__(self, embed_size):
        super().__init__()
        self.resnet = nn.Sequential(*list(models.resnet18(weights=None).children())[:-1])
        self.fc = nn.Linear(512, embed_size)

    def forward(self, x):
        return self.fc(self.resnet(x).flatten(1))

class Decoder(nn.Module):
    def __init__(self, embed_size, hidden_size, vocab_size, num_layers):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, embed_size)
        self.lstm = nn.LSTM(embed_size, hidden_size, num_layers, batch_first=True)
        self.fc = nn.Linear(hidden_size, vocab_size)

class CNNLSTMModel(nn.Module):
    def __init__(self, embed_size, hidden_size, vocab_size, num_layers=1):
        super().__init__()
        self.encoder = Encoder(embed_size)
        self.decoder = Decoder(embed_size, hidden_size, vocab_size, num_layers)
"""
WORDS = ["<PAD>", "<START>", "<END>", "<UNK>", "a", "dog", "runs"]


@pytest.fixture
def opened(project, cli):
    """Set dataset and study, check the dataset, and open the study; `my_code.py` holds the user's networks."""
    (project.root / "my_code.py").write_text(NETS)

    def call(dataset, study):
        project.set("studies", {"mine": {"dataset": "mine", **study}})
        project.set("datasets", {"mine": dataset})
        assert cli("dataset", "mine") == (0, "")
        return open_study("mine")

    yield call
    sys.modules.pop("my_code", None)


def theirs():
    scope = {}
    exec(NETS, scope)
    return scope


def outputs(study):
    """Shape of what the network makes of all images."""
    with torch.no_grad():
        return tuple(study.model(study.inputs(study.dataset.frame)).shape)


def test_waste(project, opened):
    names = [f"waste {number}" for number in range(18)]
    np.save(project.root / "mine/label_classes.npy", np.array(names, dtype=object))
    frame = pd.DataFrame({"image_path": [f"mine/cup-{k}.png" for k in range(6)], "subcategory": names[:6]})
    frame.to_csv(project.root / "mine/test_split.csv", index=False)
    config = {"MODEL_NAME": "mobilenet_v2", "IMAGE_SIZE": 64, "IMAGENET_MEAN": MEAN, "IMAGENET_STD": STD}
    content = {"model_state_dict": models.mobilenet_v2(num_classes=18).state_dict(), "config": config}
    torch.save(content | {"epoch": 21, "val_acc": np.float64(93.4)}, project.root / "best_model_mobilenet_v2.pth")
    study = opened(
        {
            "task": "classification",
            "manifest": "mine/test_split.csv",
            "classes": "mine/label_classes.npy",
            "columns": {"image": "image_path", "label": "subcategory"},
        },
        {"checkpoint": "best_model_mobilenet_v2.pth", "architecture": "torchvision:mobilenet_v2"},
    )
    assert study.dataset.frame["label"].tolist() == names[:6]
    assert outputs(study) == (6, 18)
    assert study.checkpoint.claim == pytest.approx(0.934)


def test_solar(project, opened):
    smp = pytest.importorskip("segmentation_models_pytorch")
    net = smp.FPN("resnet18", encoder_weights=None, classes=4)
    file = {f"model.{name}": value for name, value in net.state_dict().items()}
    file |= {"ce_loss.weight": torch.ones(4), "std": torch.ones(1, 3, 1, 1), "mean": torch.zeros(1, 3, 1, 1)}
    content = {"epoch": 38, "state_dict": file, "hyper_parameters": {"arch": "FPN", "out_classes": 4}}
    torch.save(content, project.root / "pv-model.ckpt")
    study = opened(
        {"task": "segmentation", "images": "mine", "classes": ["background", "panel", "heater", "pool"]},
        {
            "checkpoint": "pv-model.ckpt",
            "architecture": "smp:FPN",
            "arguments": {"encoder_name": "resnet18", "classes": 4},
            "preprocessing": SEEN | {"scale": 255},
        },
    )
    batch = study.inputs(study.dataset.frame.head(2))
    pixels = torch.from_numpy(study.photos(study.dataset.frame.head(2))).permute(0, 3, 1, 2).float()
    theirs = (pixels - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(STD).view(1, 3, 1, 1)
    torch.testing.assert_close(batch, theirs, rtol=1e-5, atol=1e-3)  # values up to 1100
    with torch.no_grad():
        torch.testing.assert_close(study.model(batch), net.eval()(theirs), rtol=1e-3, atol=1e-3)
    assert left_aside(study.model, study.checkpoint.weights) == ["ce_loss.weight", "std", "mean"]


def test_post(project, opened):
    torch.save(models.squeezenet1_1().state_dict(), project.root / "squeezenet.pth")
    names = [f"class {number}" for number in range(1000)]
    study = opened(
        {"task": "classification", "images": "mine", "classes": names},
        {"checkpoint": "squeezenet.pth", "architecture": "torchvision:squeezenet1_1", "preprocessing": SEEN},
    )
    assert outputs(study) == (12, 1000)


def test_captions(project, opened, monkeypatch):
    module = ModuleType("vocabulary")
    exec("class Vocabulary:\n    def __init__(self): self.word2idx, self.idx2word, self.idx = {}, {}, 0", vars(module))
    monkeypatch.setitem(sys.modules, "vocabulary", module)
    vocabulary = module.Vocabulary()
    vocabulary.word2idx = {word: index for index, word in enumerate(WORDS)}
    vocabulary.idx2word = dict(enumerate(WORDS))
    net = theirs()["CNNLSTMModel"](8, 12, len(WORDS), 2)
    content = {"epoch": 9, "model_state_dict": net.state_dict(), "vocab": vocabulary, "loss": 2.1}
    torch.save(content, project.root / "cnn_lstm_best.pth")
    monkeypatch.delitem(sys.modules, "vocabulary")
    study = opened(
        {"task": "captioning", "images": "mine"},
        {"checkpoint": "cnn_lstm_best.pth", "architecture": "my_code:CNNLSTMModel", "preprocessing": SEEN},
    )
    assert study.model.encoder(study.inputs(study.dataset.frame.head(2))).shape == (2, 8)
    assert study.checkpoint.words == WORDS
    assert "vocabulary" not in sys.modules


def test_faces(project, opened):
    names = ["anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"]
    frame = pd.DataFrame({"image_path": [f"mine/cat-{k}.png" for k in range(6)], "label": np.arange(6)})
    frame["emotion"] = pd.Categorical([names[k] for k in range(6)])
    data = {
        "train_df": frame,
        "test_df": frame,
        "classes": names,
        "label_map": {name: k for k, name in enumerate(names)},
    }
    (project.root / "mine/processed_data.pkl").write_bytes(pickle.dumps(data))
    net = theirs()["TransferLearningModel"]()
    torch.save({"model_state_dict": net.state_dict(), "val_acc": 0.66}, project.root / "transfer_learning_best.pth")
    study = opened(
        {
            "task": "classification",
            "manifest": "mine/processed_data.pkl",
            "table": "test_df",
            "classes": names,
            "columns": {"image": "image_path", "label": "label"},
        },
        {
            "checkpoint": "transfer_learning_best.pth",
            "architecture": "my_code:TransferLearningModel",
            "preprocessing": SEEN,
        },
    )
    assert study.dataset.frame["label"].tolist() == names[:6]
    assert outputs(study) == (6, 7)
    assert isinstance(study.model.backbone.fc[1], nn.Linear)
