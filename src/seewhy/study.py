"""Settings -> Study: model, dataset and layer, ready to use in a notebook in one line."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor, nn

from seewhy import samples, tasks
from seewhy.config import artifacts
from seewhy.config.params import Base
from seewhy.config.params import Study as Settings
from seewhy.config.preprocessing import Preprocessing
from seewhy.config.project import Project, find_project
from seewhy.engine.evidence import find_layer
from seewhy.engine.outputs import Choice
from seewhy.engine.recorded import NoLayerError
from seewhy.engine.targets import output_of
from seewhy.errors import SeewhyError, unknown_name
from seewhy.inputs import architecture, checkpoint, images, split_line
from seewhy.inputs.built import Built, input_refusal, settle_output
from seewhy.inputs.class_names import check_class_order
from seewhy.inputs.dataset import Dataset, load_dataset
from seewhy.inputs.detectors import DETECTED, Detector
from seewhy.inputs.device import choose_device
from seewhy.inputs.preprocessing_source import Resolved, resolve_preprocessing
from seewhy.progress import show_progress
from seewhy.samples import select_rows
from seewhy.tasks.prediction_table import reader_table

if TYPE_CHECKING:
    from seewhy.maps.explanation import Explanation
    from seewhy.measure.measurement import Measurement


def open_study(
    name: str | None = None,
    *,
    model: nn.Module | Mapping[str, Any] | None = None,
    images: Any = None,
    labels: Any = None,
    classes: Sequence[str] | None = None,
    task: str = "classification",
    transform: Any = None,
    normalize: Any = None,
    boxes: Any = None,
    masks: Any = None,
    layer: str | None = None,
    output: str = "auto",
    limit: int | None = None,
    seed: int = 0,
    **sections: Mapping[str, Any],
) -> "Study":
    """The study of that name in the params.yaml of the project around the working folder; or, with `model`, a study of
    a network that lives in this session, which needs no project and writes nothing into one.

    sections: settings that take the place of params.yaml's in this session, as `audit={"steps": 6}`: what the stages
    measured with other settings is not taken, but measured now. `model={"bins": 5}` is such a section too, of page 01.

    With `model` (any module; its mode and device stay as they are) `name` is optional, and these say what it is studied
    on. images: a folder, a list of paths or PIL images, a uint8 array (n, h, w, 3) or (n, h, w), a float tensor
    (n, c, h, w) that is what the network takes, or a Dataset of (image, label). labels: class names or indices, one an
    image, None for not known; for "multilabel" rows of 0 and 1 or lists of names; for "regression" numbers. classes:
    names in the order of the outputs, default: their numbers. task: "classification", "multilabel", "regression" or
    "segmentation". transform: the line that makes the network's input of a picture, as text, or a callable. normalize:
    (mean, std) of the input: applied to pictures without a transform, undone to show tensors. boxes: of each image
    [[x0, y0, x1, y1], ...] in pixels. masks: of each image a path or an array (h, w). layer: dotted name, default: the
    task's choice. output: "logits", "sigmoid" or "softmax", what the network ends in. limit: take the first so many
    images (1,000 of a Dataset). What is measured is kept until the session ends, and measured again for other weights.

    Returns a Study. Raises SeewhyError, which names the closest, for a name, section or setting that is not there, and
    for a mistake in params.yaml or in an argument.

    >>> open_study("tiny").dataset.classes
    ['cup', 'cat']
    >>> open_study("tiny", audit={"steps": 6}).project.params.sections["audit"]["steps"]
    6
    >>> net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    >>> own = open_study(model=net, images=torch.rand(6, 3, 16, 16), labels=[0, 1] * 3, classes=["cup", "cat"])
    >>> own.explain("gradcam").maps.shape, sorted(set(own.predictions["label"]))
    ((6, 14, 14), ['cat', 'cup'])
    """
    if isinstance(model, Mapping):
        sections, model = {"model": model, **sections}, None
    images_given = {"images": images, "labels": labels, "classes": classes, "transform": transform}
    given = images_given | {"normalize": normalize, "boxes": boxes, "masks": masks, "layer": layer, "limit": limit}
    if model is not None:
        from seewhy.session.opening import open_session  # the room of sessions stands on this one
        from seewhy.session.request import Request

        return open_session(Request(model, name, task=task, output=output, seed=seed, sections=sections, **given))
    _check_without_model(name, given)
    assert name is not None
    project = find_project()
    project = project.with_sections(sections) if sections else project
    settings = project.params.study_settings(name)
    torch.set_num_threads(project.params.base.threads)
    torch.manual_seed(project.params.base.seed)
    return Study(name, settings, project)


def _check_without_model(name: str | None, given: Mapping[str, Any]) -> None:
    """A study of params.yaml has its images there."""
    if isinstance(name, nn.Module):
        raise SeewhyError(f"open_study: found a {type(name).__name__} as the name; allowed: model=net")
    if stray := next((key for key, value in given.items() if value is not None), None):
        raise SeewhyError(
            f"{stray}: found it without `model`; allowed: beside model=net, else it stands in params.yaml"
        )
    if name is None:
        raise SeewhyError("open_study: found neither a name nor `model`; allowed: a name in params.yaml, or model=net")


@dataclass(frozen=True)
class Study:
    """One model examined on one dataset. What costs time is loaded when first asked for."""

    name: str
    settings: Settings
    project: Project
    chosen: tuple[str, ...] | None = None  # images, in order; None: all
    whole: "Study | None" = field(default=None, repr=False, compare=False)  # what a selection is of
    keeps_measurements: ClassVar[bool] = False  # a notebook leaves a project's folders as the stages left them

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self.project.root

    @property
    def base(self) -> Base:
        """Seed, device, batch size, colours: shared by all studies."""
        return self.project.params.base

    @property
    def picture_note(self) -> str:
        """What a reader has to know of the pictures; empty where they are the files' own."""
        return ""

    @property
    def map_colours(self) -> dict[str, Any]:
        """Colours of this study's maps, as figures and galleries take them."""
        return {"cmap": self.settings.colormap or self.base.colormap, "opacity": self.base.opacity}

    @cached_property
    def dataset(self) -> Dataset:
        """The checked manifest; `frame` holds only the rows of this study's split."""
        whole = load_dataset(self.settings.dataset, self.root)
        try:
            chosen = split_line.select_rows(self.settings.split, whole.frame, self.root, whole.classes).rows
        except SeewhyError as error:
            told = str(error).removeprefix("split: ")
            raise SeewhyError(f"studies.{self.name}.split: {told} (dataset '{whole.name}')") from None
        rows = whole.frame.iloc[np.sort(chosen)].reset_index(drop=True)
        for name, column in self.settings.suspects.items():
            if column not in whole.mask_columns:
                raise unknown_name("mask", column, whole.mask_columns, f"studies.{self.name}.suspects.{name}")
        for column in self.settings.slices:
            samples.slice_values(rows, column, f"studies.{self.name}.slices")
        return replace(whole, frame=rows)

    @cached_property
    def image_groups(self) -> "pd.Series[int] | None":
        """The group of each image, as `samples.image_groups`; None where images are independent."""
        return samples.image_groups(self.dataset.frame)

    @property
    def task(self) -> tasks.Task:
        """What the model's output means."""
        return tasks.get_task(self.project.params.datasets[self.settings.dataset].task)

    @cached_property
    def checkpoint(self) -> checkpoint.Checkpoint:
        """Weights and what the file claims of itself."""
        where = f"studies.{self.name}.checkpoint"
        return checkpoint.load_checkpoint(self.root / self.settings.checkpoint, where, self.settings.weights)

    @cached_property
    def resolved_preprocessing(self) -> Resolved:
        """Preprocessing, and where each of its settings came from: params.yaml, the checkpoint, files beside it."""
        settings, frame = self.settings, self.dataset.frame
        sizes = list(zip(frame["width"].tolist(), frame["height"].tolist(), strict=True))
        file, where = self.root / settings.checkpoint, f"studies.{self.name}.preprocessing"
        return resolve_preprocessing(settings.preprocessing, self.checkpoint, file, settings.architecture, sizes, where)

    @property
    def preprocessing(self) -> Preprocessing:
        """From an image file to the network's input, with nothing left open."""
        return self.resolved_preprocessing.preprocessing

    @cached_property
    def device(self) -> torch.device:
        """Where the model runs: base.device, or the first accelerator there is."""
        return choose_device(self.base.device)

    @cached_property
    def model(self) -> nn.Module:
        """The network with the checkpoint's weights, in eval mode, on the device."""
        if self.chosen is not None:
            return self.whole_study.model
        return self.task.prepare_network(self.built_network.model, self).to(self.device).eval()

    @cached_property
    def built_network(self) -> Built:
        """The network as its class and the checkpoint make it, with its choice among several outputs, and notes."""
        settings, where, notes = self.settings, f"study '{self.name}'", list[str]()
        count = len(self.dataset.classes)
        check_class_order(self.dataset.classes, self.checkpoint.classes, where)
        model = self.new_network(where, notes)
        key = settings.output_key if settings.output_index is None else settings.output_index
        try:
            image = self.blank_input()
        except SeewhyError:  # of the preprocessing: told where that is looked at
            return Built(model, 0, Choice(None), notes)
        task, detector = self.dataset.task, None
        if key is None and task in DETECTED:
            detector = Detector(settings.boxes, "sigmoid" if task == "multilabel" else settings.output)
        return settle_output(model, image, count, key, where, notes, task == "segmentation", detector)

    def new_network(self, where: str, notes: list[str]) -> nn.Module:
        """A network of this study's own, with all its weights; `notes` is filled with what was chosen on the way."""
        settings, count = self.settings, len(self.dataset.classes)
        return architecture.build_network(
            settings.architecture,
            count,
            settings.arguments,
            self.checkpoint,
            self.root,
            where,
            notes,
            settings.strict,
        )

    def blank_input(self) -> Float[Tensor, "1 c h w"]:
        """A black image as the network takes it, on the CPU."""
        return images.input_tensor(np.zeros((1, *self.size, 3), np.uint8), self.preprocessing)

    @property
    def is_single(self) -> bool:
        """Whether two classes are one output."""
        return self.built_network.outputs == 1 and len(self.dataset.classes) == 2

    @cached_property
    def layer(self) -> str:
        """The layer that maps are taken from: the named one, or the task's choice."""
        if self.settings.layer == "auto":
            return self.task.default_layer(self.model, self.inputs(self.dataset.frame.head(1)))
        find_layer(self.model, self.settings.layer, f"study '{self.name}'")
        return self.settings.layer

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """The rows to explain, each with its image's row of the dataset, as the stage `explain@<study>` left them; of a
        selection (`select`) those of its images, in its order.

        Refused when made with another checkpoint or of other images.
        """
        return self.select_predictions()

    def select_predictions(self) -> pd.DataFrame:
        """All rows, or those of a selection's images."""
        if self.chosen is not None:
            every = self.whole_study.predictions
            order = {image: number for number, image in enumerate(self.chosen)}
            own = every[every["image"].isin(order)]
            return own.iloc[own["image"].map(order).argsort(kind="stable")].reset_index(drop=True)
        return self.read_predictions()

    def read_predictions(self) -> pd.DataFrame:
        """The rows of all images, as the stage stored them."""
        stage = f"explain@{self.name}"
        frame, note = artifacts.read_table(artifacts.predictions_path(self.root, self.name), stage)
        merged = self.dataset.frame.drop(columns="label").merge(frame, on="image", validate="one_to_many")
        made = (note.get("checkpoint"), note.get("images"), len(merged))
        if made != (self.checkpoint.sha256, len(self.dataset.frame), len(frame)):
            raise SeewhyError(
                f"the predictions of study '{self.name}' are of another checkpoint or of other images; "
                f"make them again: dvc repro {stage}"
            )
        return merged

    @cached_property
    def whole_study(self) -> "Study":
        """The study that this is a selection of; itself where it is none."""
        return self if self.chosen is None else self.whole or replace(self, chosen=None)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the network's input."""
        return images.canvas_size(self.preprocessing)

    def photos(self, rows: pd.DataFrame) -> UInt8[np.ndarray, "n h w 3"]:
        """What the model sees of those images, before scale, mean and std."""
        return images.fitted_photos([self.root / name for name in rows["image"]], self.preprocessing)

    def original_photos(self, rows: pd.DataFrame) -> list[UInt8[np.ndarray, "h w 3"]]:
        """The files of those images in their own colours and shape, no larger than a figure needs."""
        return [images.original_picture(self.root / name) for name in rows["image"]]

    def inputs(self, rows: pd.DataFrame) -> Float[Tensor, "n 3 h w"]:
        """The network's input for those images, on the device."""
        return images.network_inputs([self.root / name for name in rows["image"]], self.preprocessing).to(self.device)

    def input_batches(self, rows: pd.DataFrame, label: str) -> Any:
        """(rows, input) for batch after batch, with progress named `label`."""
        size = self.base.batch_size
        parts = [rows.iloc[start : start + size] for start in range(0, len(rows), size)]
        return ((part, self.inputs(part)) for part in show_progress(parts, len(parts), f"{self.name}: {label}"))

    def select(
        self,
        label: str | None = None,
        predicted: str | None = None,
        correct: bool | None = None,
        n: int | None = None,
        images: Sequence[str] | None = None,
        seed: int | None = None,
    ) -> "Study":
        """A study of fewer images.

        label, predicted: only of that true or predicted class. correct: only right, or only wrong predictions. images:
        only these, in this order; names as in the manifest's column `image`, or their last part. n: at most so many,
        drawn at random by `seed` (default: the study's) and balanced over predicted classes; of `images` the first n.

        Raises SeewhyError for a class or an image that the study does not have, and where nothing is left.

        >>> cups = study.select(label="cup", n=3)
        >>> len(cups.predictions), set(cups.predictions["label"])
        (3, {'cup'})
        """
        rows = select_rows(self.predictions, label, predicted, correct, images)
        if rows.empty:
            raise SeewhyError(f"study '{self.name}' has no image of that kind; {len(self.predictions)} rows were asked")
        names = rows["image"].drop_duplicates()
        if n is not None and images is None:
            drawn = samples.stratified_sample(
                rows.drop_duplicates("image"), n, self.base.seed if seed is None else seed
            )
            names = drawn["image"]
        return replace(self, chosen=tuple(names[:n]), whole=self.whole_study)

    def explain(self, method: str, layer: str | None = None, target: str | None = None) -> "Explanation":
        """Maps of every row of this study's predictions by one method.

        method: a name as of `seewhy.explain`, as "gradcam". layer: dotted name, default: the study's. target: a class,
        default: each image's own prediction. Maps that the stage `explain@<study>` stored are read, others are computed
        now and not stored.

        Returns an Explanation: `.maps` (n, h, w), raw and signed, `.shares`, `.upsampled` (n, H, W), `.rows`,
        `.show()`. Raises SeewhyError for a method, layer or class that does not exist. Sources: `seewhy.methods.cam`.

        >>> study.select(n=2).explain("layercam", layer="features.0", target="cat").maps.shape
        (2, 32, 32)
        """
        from seewhy.maps.explanation import explain_study  # the room of maps stands on this one

        return explain_study(self, method, layer, target)

    def show(self, n: int = 12) -> None:
        """Shows the first n images as the model sees them, with file, predicted and true class."""
        from seewhy.report.pages.study_views import show_images  # drawing stands above this room

        show_images(self, n)

    def measure(self, name: str, methods: Sequence[str] | None = None) -> "Measurement":
        """A metric of this study (`lift`, `insertion`, one of your own), or all metrics of a family (`faithfulness`).

        What the stage `measure@<study>` stored is returned where it is what is asked for; what is missing is computed
        now, with progress and a forecast, and not stored. methods: names as of `explain`; the metric's baselines come
        with them. Default: those of the section of params.yaml.

        Returns a Measurement: `.table`, `.arrays`, `.summary(versus=[...])`, `.worst(n)`, `.show()`. Raises SeewhyError
        for a metric or method that does not exist, and one that is not of this study's task.

        >>> lift = study.measure("lift", methods=["gradcam"])
        >>> lift.table["method"].unique().tolist()
        ['gradcam', 'random', 'centre', 'edges']
        >>> list(lift.table)
        ['image', 'target', 'method', 'is_baseline', 'metric', 'value', 'reason', 'class_is']
        """
        from seewhy.measure.measurement import measure  # the room of measurements stands on this one

        return measure(self, name, methods)

    def predict(self) -> pd.DataFrame:
        """The rows to explain of every image of the dataset (see `tasks.Task`)."""
        parts = [self.predict_rows(rows, batch) for rows, batch in self.input_batches(self.dataset.frame, "predicting")]
        return pd.concat(parts, ignore_index=True)

    def predict_rows(self, rows: pd.DataFrame, batch: Float[Tensor, "n c h w"]) -> pd.DataFrame:
        """The rows to explain of some images, given as rows of a dataset and the network's input for them."""
        return self.task.predict_rows(rows, self.model_output(batch), self)

    def model_output(self, batch: Float[Tensor, "n c h w"]) -> Float[Tensor, "n ..."]:
        """What the model answers, on the CPU. Raises SeewhyError where the network does not take the batch."""
        model = self.model  # loaded out here: weights made in inference mode could never take part in a graph
        with torch.inference_mode():
            try:
                answer = model(batch)
            except (SeewhyError, torch.OutOfMemoryError):
                raise
            except Exception as error:  # whatever a user's network raises on its input
                raise SeewhyError(f"study '{self.name}': {input_refusal(error)}") from error
            return output_of(answer).float().cpu()

    def row_targets(self, rows: pd.DataFrame, names: Sequence[str] | None = None) -> list[int]:
        """What the maps of these rows explain: each row's own target, or the class `names[i]` where that is another."""
        own = rows["target"].tolist()
        if names is None:
            return own
        other = {name: index for index, name in enumerate(self.dataset.classes)}
        said = zip(own, rows["predicted"], names, strict=True)
        return [target if name == predicted else other[name] for target, predicted, name in said]

    def object_masks(self, rows: pd.DataFrame) -> Bool[np.ndarray, "n h w"]:
        """Where the object of each row is, in the network's input."""
        return self.task.object_masks(rows, self)

    def same_answers(self, answer: str) -> set[str]:
        """The answers that mean the same as this one: all `object_words` for one of them, else itself."""
        words = set(self.settings.object_words)
        return words if answer in words else {answer}

    def boxes(self, rows: pd.DataFrame) -> list[Float[np.ndarray, "k 4"]]:
        """Object boxes of those images in pixels of the network's input."""
        files = [self.root / name for name in rows["image"]]
        sizes = zip(rows["boxes"], rows["width"], rows["height"], files, strict=True)
        return [images.fit_boxes(json.loads(text), (w, h), self.preprocessing, file) for text, w, h, file in sizes]

    def classes_of(self, names: Sequence[str]) -> list[int]:
        """Class indices of those names."""
        index = {name: position for position, name in enumerate(self.dataset.classes)}
        return [index[name] for name in names]

    def save_predictions(self, frame: pd.DataFrame) -> None:
        """Writes data/predictions/<study>.parquet with the checkpoint's hash, and two tables for readers."""
        note = {"checkpoint": self.checkpoint.sha256, "images": len(self.dataset.frame)}
        with suppress(NoLayerError):
            note["layer"] = self.layer
        artifacts.write_table(artifacts.predictions_path(self.root, self.name), frame, note)
        self.save_reader_tables(frame)

    def save_reader_tables(self, frame: pd.DataFrame) -> None:
        """Writes predictions and confusions as CSV, beside the study's pages."""
        folder = artifacts.reports_folder(self.root, self.name)
        labelled = frame[frame["label"].notna()]
        artifacts.write_csv(folder / "predictions.csv", reader_table(frame, self.dataset))
        artifacts.write_csv(folder / "metrics" / "confusion.csv", labelled[["label", "predicted"]])

    def files(self, *names: str) -> list[Path]:
        """Files beside the study's pages."""
        return [artifacts.reports_folder(self.root, self.name) / name for name in names]
