"""The section `datasets:` of params.yaml: where images, labels and class names come from, and how they are read."""

from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PlainValidator, ValidationInfo, field_validator

from seewhy.config.validation import Column, Settings, Whole

Task = Literal["classification", "multilabel", "regression", "segmentation", "captioning"]
WITHOUT_CLASSES = ("captioning",)
FILES = "a .json, .npy or .txt file of names, a .csv or a pickled one"


def _check_path(value: str) -> str:
    path = PurePath(value)
    if not path.parts or ".." in path.parts:
        raise ValueError("allowed: a path inside the project, written from its root, or an absolute path")
    return value


def _class_names(value: Any) -> str | list[str] | None:
    if value is None or isinstance(value, str):
        return value and _check_path(value)
    if isinstance(value, dict) and all(type(one) is int for one in value.values()):
        value = sorted(value, key=value.__getitem__) if sorted(value.values()) == [*range(len(value))] else None
    if not isinstance(value, list) or not value or not all(type(one) in (str, int) and one != "" for one in value):
        raise ValueError(f"allowed: {FILES}, or a list of them, in index order")
    return [str(one) for one in value]


DataPath = Annotated[
    str, AfterValidator(_check_path)
]  # of the project, or absolute: large sets are read where they lie
ClassNames = Annotated[str | list[str] | None, PlainValidator(_class_names)]


class Dataset(Settings):
    """Images and what is known of them, from `data` (any layout), a `manifest` or a folder `images`; class names.

    `layout` names the reading of `data` where several are possible. `columns` is our word: theirs; `label_columns` are
    columns of 0 and 1, one for each class, or of numbers; `keep` are columns of the user's own that a split needs.
    `group` is the column that says which images belong together, as those of one patient, site, video or block: they
    are no independent evidence, and are resampled together. `table` is the key of the table in a pickled dict. `root`
    is where paths in a table start. `files` is a pattern that chooses images; `pattern` says where a file name holds
    the label, as `*_{label}.jpg`. `splits` names a JSON of splits, or a list of names for each split. `labels` decides
    between names and indices where integers could be both; `uncertain` says what -1 and blank stand for. `colours` is a
    table name, r, g, b of a mask's colours, `mask_values` the value of each class. `demo`: which recipe of demo makes
    these files in `out`, and how.
    """

    task: Task
    data: DataPath | None = None
    layout: str = "auto"
    manifest: DataPath | None = None
    images: Annotated[DataPath | None, Field(validate_default=True)] = None
    classes: Annotated[ClassNames, Field(validate_default=True)] = None
    columns: dict[Column, str] = Field(default_factory=dict)
    keep: list[str] = Field(default_factory=list)
    group: str | None = None
    label_columns: list[str] = Field(default_factory=list)
    labels: Literal["auto", "names", "indices"] = "auto"
    uncertain: Literal["ignore", "negative", "positive"] = "ignore"
    table: str | None = None
    root: DataPath | None = None
    files: str | None = None
    pattern: str | None = None
    splits: DataPath | dict[str, DataPath] | None = None
    colours: DataPath | None = None
    mask_values: list[Annotated[Whole, Field(ge=0, le=255)]] | None = None
    demo: dict[str, Any] | None = None

    @property
    def kept_columns(self) -> list[str]:
        """The columns of the user's own that are read: for a split, and for groups of images."""
        return list(dict.fromkeys([*self.keep, *([self.group] if self.group else [])]))

    @field_validator("images")
    @classmethod
    def _one_source(cls, value: str | None, info: ValidationInfo) -> str | None:
        others = [info.data[key] for key in ("data", "manifest") if key in info.data]
        if len(others) == 2 and [value, *others].count(None) != 2:
            raise ValueError("allowed: either `manifest`, a table, or `images`, a folder, or `data`, one of any layout")
        return value

    @field_validator("classes")
    @classmethod
    def _for_a_task_with_classes(cls, value: str | list[str] | None, info: ValidationInfo) -> str | list[str] | None:
        if value is None and info.data.get("data") is None and info.data.get("task") not in WITHOUT_CLASSES:
            raise ValueError(f"allowed: {FILES}, or a list of them, in index order")
        return value

    @field_validator("pattern")
    @classmethod
    def _holds_a_label(cls, value: str | None) -> str | None:
        if value is not None and value.count("{label}") != 1:
            raise ValueError("allowed: the file name with {label} in place of the label, and * for what changes")
        return value
