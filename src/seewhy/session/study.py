"""A study of a network that lives in this session: the same verbs, a folder of its own, and never old weights."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, ClassVar
from weakref import finalize

import pandas as pd
from jaxtyping import Float
from torch import Tensor, nn

from seewhy.inputs.checkpoint import Checkpoint
from seewhy.session.network import copy_network, network_digest
from seewhy.study import Study

if TYPE_CHECKING:
    from seewhy.maps.explanation import Explanation
    from seewhy.measure.measurement import Measurement

OF_WEIGHTS = ("checkpoint", "built_network", "model", "layer", "known_predictions")  # what other weights make anew


class Folder:
    """A temporary folder that goes when nobody holds this any more, at the latest with the session."""

    def __init__(self) -> None:
        self.path = Path(mkdtemp(prefix="seewhy-")).resolve()
        finalize(self, shutil.rmtree, self.path, ignore_errors=True)


@dataclass(frozen=True)
class Session:
    """What a study of a session has in place of files: the user's network, the exact input by the image's name where
    tensors were given, and the folder that goes when the study does."""

    network: nn.Module
    folder: Folder
    rows: dict[str, int] = field(default_factory=dict)
    tensors: Tensor | None = None
    note: str = ""


@dataclass(frozen=True)
class SessionStudy(Study):
    """A study whose network, images and labels were handed over by `open_study(model=...)`.

    The network is copied when something is asked of it, and again when its weights have changed since.
    """

    session: Session = field(kw_only=True)
    keeps_measurements: ClassVar[bool] = True

    @property
    def picture_note(self) -> str:  # type: ignore[override]
        """What was done to tensors so that they can be looked at."""
        return self.session.note

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """The digest of the weights that the copy has; there is no file."""
        if self.chosen is not None:
            return self.whole_study.checkpoint
        return Checkpoint({}, network_digest(self.session.network))

    def new_network(self, where: str, notes: list[str]) -> nn.Module:  # noqa: ARG002
        """A copy of the user's network, of the weights that `checkpoint` names."""
        self.forget_changes()
        return copy_network(self.session.network)

    def inputs(self, rows: pd.DataFrame) -> Float[Tensor, "n c h w"]:
        """The network's input for those images, on the device: the user's own tensors where these were given."""
        if self.session.tensors is None:
            return super().inputs(rows)
        return self.session.tensors[[self.session.rows[name] for name in rows["image"]]].to(self.device)

    def forget_changes(self) -> None:
        """Drops what was made of other weights than the network has now."""
        digest = network_digest(self.session.network)
        for study in (self, self.whole_study):
            if study.checkpoint.sha256 != digest:
                for name in OF_WEIGHTS:
                    vars(study).pop(name, None)

    def predict(self) -> pd.DataFrame:
        """The rows to explain of every image, with the weights of now; see `Study.predict`."""
        self.forget_changes()
        return super().predict()

    @property
    def predictions(self) -> pd.DataFrame:  # type: ignore[override]
        """The rows to explain, as the network predicts them with its weights of now; see `Study.predictions`."""
        self.forget_changes()
        return self.known_predictions

    @cached_property
    def known_predictions(self) -> pd.DataFrame:
        """The predictions of the weights that `checkpoint` names."""
        return self.select_predictions()

    def read_predictions(self) -> pd.DataFrame:
        """The rows of all images: nothing is stored of a session, so they are predicted."""
        rows = self.predict()
        self.save_reader_tables(rows)
        return self.dataset.frame.drop(columns="label").merge(rows, on="image", validate="one_to_many")

    def explain(self, method: str, layer: str | None = None, target: str | None = None) -> "Explanation":
        """Maps of the network with its weights of now; see `Study.explain`."""
        self.forget_changes()
        return super().explain(method, layer, target)

    def measure(self, name: str, methods: Sequence[str] | None = None) -> "Measurement":
        """A metric of the network with its weights of now, kept in the session's folder; see `Study.measure`."""
        self.forget_changes()
        return super().measure(name, methods)
