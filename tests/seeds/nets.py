"""The users' own networks, as their projects have them in my_nets.py."""

import torch
from torch import nn
from torch.nn import functional
from torchvision import models


class ConvBlock(nn.Module):
    def __init__(self, before, after):
        super().__init__()
        self.conv = nn.Conv2d(before, after, 3, padding=1)
        self.bn = nn.BatchNorm2d(after)
        self.pool = nn.MaxPool2d(2, 2)

    def forward(self, x):
        return self.pool(functional.relu(self.bn(self.conv(x))))


class CustomCNN(nn.Module):
    def __init__(self, num_classes=7, dropout=0.5):
        super().__init__()
        self.conv1, self.conv2 = ConvBlock(3, 8), ConvBlock(8, 16)
        self.conv3, self.conv4 = ConvBlock(16, 32), ConvBlock(32, 64)
        self.global_pool = nn.AdaptiveAvgPool2d(1)
        self.fc1, self.fc2 = nn.Linear(64, 32), nn.Linear(32, num_classes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        x = self.global_pool(self.conv4(self.conv3(self.conv2(self.conv1(x))))).flatten(1)
        return self.fc2(self.dropout(functional.relu(self.fc1(x))))


class TransferLearningModel(nn.Module):
    def __init__(self, num_classes=7, freeze_backbone=False):  # noqa: ARG002 (as in the user's)
        super().__init__()
        self.backbone = models.resnet18(weights=None)
        self.backbone.fc = nn.Sequential(nn.Dropout(0.5), nn.Linear(self.backbone.fc.in_features, num_classes))

    def forward(self, x):
        return self.backbone(x)


class Encoder(nn.Module):
    def __init__(self, embed_size):
        super().__init__()
        whole = models.resnet18(weights=None)
        self.resnet = nn.Sequential(*list(whole.children())[:-1])
        self.linear = nn.Linear(whole.fc.in_features, embed_size)

    def forward(self, images):
        return self.linear(self.resnet(images).flatten(1))


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


class Vocabulary:
    def __init__(self, words):
        self.word2idx = {word: index for index, word in enumerate(words)}
        self.idx2word = dict(enumerate(words))


def made(kind, *arguments, **named):
    """A network with random weights, equal on every call."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return kind(*arguments, **named)
