"""The demonstration's captioning network: Lite0's first blocks, and an LSTM that looks at places."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from demo.lite0 import NETWORK

BLOCKS, CHANNELS = 5, 112  # of Lite0: one cell each 16 pixels
States = tuple[Tensor, Tensor]


class Trunk(nn.Module):
    """Lite0 up to its fifth block."""

    def __init__(self) -> None:
        super().__init__()
        import timm

        whole = timm.create_model(NETWORK)
        self.conv_stem, self.bn1, self.blocks = whole.conv_stem, whole.bn1, whole.blocks[:BLOCKS]  # type: ignore

    def forward(self, x: Tensor) -> Tensor:
        """(n, 3, h, w) -> (n, 112, h / 16, w / 16)."""
        return self.blocks(self.bn1(self.conv_stem(x)))  # type: ignore[operator]


class Encoder(nn.Module):
    """What is where: each cell's content, and a code of its place added to it."""

    def __init__(self, embed_size: int):
        super().__init__()
        self.trunk = Trunk()
        self.content = nn.Sequential(nn.Conv2d(CHANNELS, embed_size, 1), nn.BatchNorm2d(embed_size), nn.ReLU())
        self.place = nn.Conv2d(4, embed_size, 1)

    def forward(self, images: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n cells e"]:
        """Features of all cells, row by row."""
        return self.encode_maps(self.trunk(images))

    def encode_maps(self, maps: Float[Tensor, "n 112 g g"]) -> Float[Tensor, "n cells e"]:
        """Features from the trunk's maps."""
        down, right = (torch.linspace(-1, 1, side, device=maps.device) for side in maps.shape[2:])
        along, across = torch.meshgrid(down, right, indexing="ij")
        places = torch.stack([across, along, across**2, along**2])[None]
        return (self.content(maps) + self.place(places)).flatten(2).transpose(1, 2)


class Decoder(nn.Module):
    """At each step the state says where to look; what is there enters the LSTM and the word's score.

    Xu et al. 2015, Show, Attend and Tell (arXiv:1502.03044), soft attention with a deep output.
    """

    def __init__(self, vocab_size: int, embed_size: int, hidden_size: int):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, embed_size)
        self.lstm = nn.LSTM(embed_size, hidden_size, batch_first=True)
        self.fc = nn.Linear(hidden_size, vocab_size)
        self.key, self.query = nn.Linear(embed_size, 64), nn.Linear(hidden_size, 64)
        self.energy, self.seen = nn.Linear(64, 1), nn.Linear(embed_size, embed_size)
        self.deep, self.dropout = nn.Linear(embed_size, vocab_size, bias=False), nn.Dropout(0.3)

    def attention_weights(
        self, features: Float[Tensor, "n cells e"], states: States | None
    ) -> Float[Tensor, "n cells"]:
        """Where it looks: a weight for each cell, 1 in sum."""
        hidden = features.new_zeros(len(features), self.lstm.hidden_size) if states is None else states[0][-1]
        return self.energy(torch.tanh(self.key(features) + self.query(hidden)[:, None])).squeeze(2).softmax(1)

    def step(
        self, features: Float[Tensor, "n cells e"], word: Int[Tensor, " n"] | None, states: States | None
    ) -> tuple[Float[Tensor, "n words"], States]:
        """Scores of the next word after `word`, and the states after it."""
        seen = self.seen((self.attention_weights(features, states)[..., None] * features).sum(1))
        given = seen if word is None else self.embed(word) + seen
        hidden, states = self.lstm(given[:, None], states)
        return self.fc(self.dropout(hidden[:, 0])) + self.deep(self.dropout(seen)), states


class CNNLSTM(nn.Module):
    """Encoder and decoder under the names that captioning networks have."""

    def __init__(self, vocab_size: int, embed_size: int = 96, hidden_size: int = 128):
        super().__init__()
        self.encoder = Encoder(embed_size)
        self.decoder = Decoder(vocab_size, embed_size, hidden_size)
