"""The sections of params.yaml as typed, frozen settings. Unknown, missing and ill-typed keys are refused by name."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from seewhy.checks.settings import CheckSettings, GateSettings
from seewhy.config.dataset import Dataset, Task
from seewhy.config.preprocessing import Preprocessing
from seewhy.config.validation import (
    Device,
    Inside,
    Name,
    Number,
    Positive,
    Region,
    Settings,
    Whole,
)
from seewhy.errors import unknown_name

__all__ = [
    "FILE",
    "Attributions",
    "Base",
    "Comparison",
    "Dataset",
    "Demo",
    "Judgement",
    "Output",
    "Params",
    "Preprocessing",
    "Study",
    "Task",
]
FILE = "params.yaml"
STORED = ("activation", "gradcam", "gradcam_pp", "hirescam", "xgradcam", "layercam", "eigencam")
OURS = ("sections", "tasks")  # fields that are no section of the file
Output = Literal["logits", "sigmoid", "softmax"]
Boxes = Literal["yolov5", "yolov8", "rtdetr", "end2end", "torchvision", "detr", "deformable_detr"]
Colormap = Literal["viridis", "inferno", "cividis", "turbo", "jet"]


class Base(Settings):
    """What every stage shares. Threads and batch size are settings because float sums differ with them."""

    seed: Annotated[Whole, Field(ge=0)] = 0
    device: Device = "auto"
    batch_size: Positive = 32
    threads: Positive = 2
    colormap: Colormap = "viridis"
    opacity: Annotated[Number, Field(ge=0, le=1)] = 0.6


class Judgement(Settings):
    """What a person says of a candidate of page 07: that it is (of) the object, or a shortcut. `seen`: the hash of what
    was seen; without it the judgement is of whatever stands at that place now. A shortcut with its `place` (x0 y0 x1 y1
    as shares of the input's width and height) or its `part` (of the layer's activations) is tested as a suspect."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    verdict: Literal["object", "shortcut"] = Field(alias="is")
    seen: str = ""
    place: Region | None = None
    part: Positive | None = None


class Study(Settings):
    """One model examined on one dataset.

    `output`: what the network's last step makes of its scores: nothing (logits), a sigmoid of each class, or a softmax.
    `regions`: named boxes x0 y0 x1 y1 as shares of the input's width and height, whatever its size.
    `suspects`: what it may cheat with, by name, each a mask column of the manifest. `object_words`: those words of
    captions that name what boxes and masks mark. `judged`: what a person says of candidates, by CLASS/RANK. `slices`:
    columns of the dataset by whose values the verdict is told apart, beside classes. `weights`
    is the key of the weights in the checkpoint where not the usual ones are meant; `strict: false` leaves weights aside
    that the network does not have. `output_key` or `output_index` choose one of several outputs; `boxes` says in which
    form a detector returns its boxes where that is not plain.
    """

    dataset: str
    checkpoint: Inside
    architecture: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    layer: str = "auto"
    output: Output = "logits"
    weights: str = ""
    strict: bool = True
    output_key: str | None = None
    output_index: Annotated[Whole, Field(ge=0)] | None = None
    boxes: Boxes | None = None
    regions: dict[str, Region] = Field(default_factory=dict)
    preprocessing: Preprocessing = Preprocessing()
    split: str = "test"
    colormap: Colormap | None = None
    suspects: dict[Name, str] = Field(default_factory=dict)
    slices: list[str] = Field(default_factory=list)
    object_words: list[str] = Field(default_factory=list)
    judged: dict[str, Judgement] = Field(default_factory=dict)

    @property
    def held_shortcuts(self) -> dict[str, tuple[str, Judgement]]:
        """Judged shortcuts whose place is known, with their class, by their names as suspects: 'square tree/1'."""
        found = {}
        for key, said in self.judged.items():
            if said.verdict == "shortcut" and (said.place or said.part):
                found[f"{'square' if said.place else 'part'} {key}"] = key.rpartition("/")[0], said
        return found

    @property
    def suspect_names(self) -> list[str]:
        """All that interventions test as suspects: those with a mask of their own, then judged shortcuts."""
        return [*self.suspects, *self.held_shortcuts]

    @field_validator("suspects", "regions")
    @classmethod
    def _not_ours(cls, value: dict[str, Any]) -> dict[str, Any]:
        if {"object", "background"} & set(value):
            raise ValueError("allowed: names of your own; `object` and `background` are always tested")
        return value

    @field_validator("judged", mode="before")
    @classmethod
    def _one_word(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        for key in value:
            name, _, rank = str(key).rpartition("/")
            if not (name and rank.isdecimal()):
                raise ValueError(f"found '{key}'; allowed: a class and a rank, as `tree/2`")
        return {key: {"is": one} if isinstance(one, str) else one for key, one in value.items()}


class Attributions(Settings):
    """Which methods of `explain` get a map of every image, stored for all pages."""

    methods: Annotated[list[str], Field(min_length=1, default_factory=lambda: [*STORED])]


class Comparison(Settings):
    """Two classification studies of the same images, side by side: two networks, or two checkpoints of one."""

    studies: list[str]

    @field_validator("studies")
    @classmethod
    def _check_two_studies(cls, value: list[str]) -> list[str]:
        if len(value) != 2 or value[0] == value[1]:
            raise ValueError("allowed: the names of two different studies")
        return value


class Demo(BaseModel):
    """A checkpoint of the demonstration: the module that makes it (`recipe`), from what, which file, its settings."""

    model_config = ConfigDict(extra="allow", frozen=True)
    recipe: str
    source: Inside = Field(alias="from")
    out: Inside


class Params(Settings):
    """The whole of params.yaml: its fixed sections, of which two are needed, and one for each notebook.


    `sections` holds what notebooks take; `tasks`, by section, which tasks its notebook serves where that is not all.
    """

    base: Base = Base()
    demo: dict[Name, Demo] = Field(default_factory=dict)
    datasets: dict[Name, Dataset]
    studies: dict[Name, Study]
    attributions: Attributions = Attributions.model_validate({})
    comparisons: dict[Name, Comparison] = Field(default_factory=dict)
    checks: dict[Name, list[CheckSettings]] = Field(default_factory=dict)
    gates: dict[Name, dict[str, GateSettings]] = Field(default_factory=dict)
    sections: dict[str, dict[str, Any]] = Field(default_factory=dict)
    tasks: dict[str, list[Task]] = Field(default_factory=dict)

    @field_validator("base", "attributions", mode="before")
    @classmethod
    def _empty_section(cls, value: Any) -> Any:
        return {} if value is None else value

    @field_validator("demo", "datasets", "studies", "comparisons", "checks", "gates", mode="before")
    @classmethod
    def _a_mapping(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError("allowed: a mapping of names to settings, {} for none")  # dvc.yaml goes through it
        return value

    def task_of(self, name: str) -> str:
        """The task of the dataset of a study, or of both studies of a comparison."""
        study = self.comparisons[name].studies[0] if name in self.comparisons else name
        return self.datasets[self.study_settings(study).dataset].task

    def study_settings(self, name: str) -> Study:
        """Settings of that study; an error names the closest."""
        if name not in self.studies:
            raise unknown_name("study", name, self.studies, FILE)
        return self.studies[name]

    def comparison_settings(self, name: str) -> Comparison:
        """Settings of that comparison; an error names the closest."""
        if name not in self.comparisons:
            raise unknown_name("comparison", name, self.comparisons, FILE)
        return self.comparisons[name]
