"""The draws that split a dataset, made again by the libraries themselves on the table's row numbers."""

import ast
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Int

from seewhy.errors import SeewhyError, list_names

LABELS = ("y", "labels", "label", "targets", "target", "classes", "ys", "Y", "stratify", "all_labels", "all_targets")
SEEDERS = ("seed_everything", "set_seed", "seed_all", "set_random_seed", "seed_torch", "fix_seed", "set_all_seeds")
SPLITTERS = ("KFold", "StratifiedKFold", "GroupKFold", "ShuffleSplit", "StratifiedShuffleSplit", "RepeatedKFold")
ALLOWED = "random_split, train_test_split, Subset, randperm, permutation, KFold, StratifiedKFold, and names set before"


@dataclass(frozen=True)
class Part:
    """Some rows in order: the rows themselves, or their values in `column`."""

    rows: Int[np.ndarray, " k"]
    column: str = ""


@dataclass(frozen=True)
class Splits:
    """Several parts, as a call gives them."""

    parts: tuple[Any, ...]


@dataclass(frozen=True)
class Folds:
    """A splitter of scikit-learn's: `split` gives (train, test) of each fold; indexed it gives the test parts."""

    split: Callable[[list[Any], dict[str, Any]], Splits]

    @property
    def parts(self) -> tuple[Part, ...]:
        """The test part of each fold."""
        return tuple(fold.parts[1] for fold in self.split([], {}).parts)


class Draws:
    """Generators with the user's seeds, and the calls that draw from them."""

    def __init__(self, frame: pd.DataFrame, classes: Sequence[str] | None) -> None:
        self.frame, self.classes = frame, classes
        self.whole = Part(np.arange(len(frame)))
        self.torch: torch.Generator | None = None
        self.numpy: np.random.RandomState | None = None
        self.python: random.Random | None = None

    def column_of(self, value: Any) -> Part | None:
        """The part that a setting such as `stratify=` names: a part, or a column's name; None for another."""
        if isinstance(value, str) and (value in self.frame or value in LABELS):
            return Part(self.whole.rows, value if value in self.frame else "label")
        return value if isinstance(value, Part) else None

    def check_count(self, value: Any, node: ast.AST) -> int:
        """A number of rows, if the dataset has as many."""
        if type(value) is not int or not 0 < value <= len(self.frame):
            raise SeewhyError(
                f"split: '{ast.unparse(node)[:80]}' counts {value}; the dataset has {len(self.frame)} rows"
            )
        return value

    def set_seed(self, text: str, name: str, args: list[Any], settings: dict[str, Any], node: ast.Call) -> None:
        """The libraries' own generators from here on."""
        seed = settings.get("seed", args[0] if args else 42 if name in SEEDERS else None)
        if type(seed) is not int:
            raise refusal_error(node)
        every = name in SEEDERS
        if every or "torch" in text or name == "manual_seed":
            self.torch = torch.Generator().manual_seed(seed)
        if every or text.startswith(("np", "numpy")):
            self.numpy = np.random.RandomState(seed)
        if every or text.startswith("random"):
            self.python = random.Random(seed)

    def random_split(self, args: list[Any], settings: dict[str, Any], node: ast.Call) -> Splits:
        """torch.utils.data.random_split on the row numbers."""
        base = next((one for one in args if isinstance(one, Part)), self.whole)
        lengths = settings.get("lengths", next((one for one in args if isinstance(one, list)), None))
        if not lengths or not all(isinstance(one, int | float) for one in lengths):
            raise refusal_error(node)
        given = next((one for one in args if isinstance(one, torch.Generator)), None)
        generator = self.torch_generator({"generator": given, **settings}, node)
        rows: Any = range(len(base.rows))
        parts: list[Any] = torch.utils.data.random_split(rows, lengths, generator)
        return Splits(tuple(Part(base.rows[np.array(part.indices, dtype=int)]) for part in parts))

    def torch_generator(self, settings: dict[str, Any], node: ast.Call) -> torch.Generator:
        """The one that is given, of the seed that is given, or torch's own after manual_seed."""
        if type(settings.get("seed")) is int:
            return torch.Generator().manual_seed(settings["seed"])
        found = settings.get("generator") or self.torch
        if not isinstance(found, torch.Generator):
            raise unseeded_error(
                node, "generator=torch.Generator().manual_seed(42), or torch.manual_seed(42) before it"
            )
        return found

    def torch_permutation(self, args: list[Any], settings: dict[str, Any], node: ast.Call) -> Part:
        """torch.randperm."""
        count = self.check_count(args[0], node)
        order = torch.randperm(count, generator=self.torch_generator(settings, node))
        return Part(self.whole.rows[order.numpy()])

    def numpy_permutation(self, args: list[Any], _settings: dict[str, Any], node: ast.Call) -> Part:
        """np.random.permutation, after np.random.seed."""
        if self.numpy is None:
            raise unseeded_error(node, "np.random.seed(42) before it")
        return self.generator_permutation(self.numpy, args[0], node)

    def generator_permutation(self, generator: Any, given: Any, node: ast.AST) -> Part:
        """A generator's own permutation of a part, or of the first rows."""
        if isinstance(given, Part):
            return replace(given, rows=generator.permutation(given.rows))
        return Part(generator.permutation(self.check_count(given, node)))

    def shuffled_sample(self, base: Part, settings: dict[str, Any], node: ast.AST) -> Part:
        """df.sample(frac=1, random_state=42)."""
        seed = settings.get("random_state")
        if type(seed) is not int:
            raise unseeded_error(node, "random_state=42")
        order = pd.Series(range(len(base.rows))).sample(frac=1, random_state=seed)
        return replace(base, rows=base.rows[order.to_numpy()])

    def column_values(self, part: Part) -> np.ndarray:
        """What stands in a part's column; labels as class numbers where their order is known."""
        name = part.column or "label"
        if name not in self.frame:
            raise SeewhyError(f"split: there is no column '{name}'; found: {list_names(self.frame.columns)}")
        values = self.frame[name].iloc[part.rows]
        if values.isna().any():
            raise SeewhyError(f"split: {int(values.isna().sum())} rows have no {name} to stratify by")
        known = {name: number for number, name in enumerate(self.classes or [])}
        if name == "label" and set(values) <= set(known):
            return values.map(known).to_numpy()
        return values.to_numpy()

    def train_test_split(self, args: list[Any], settings: dict[str, Any], node: ast.Call) -> Splits:
        """scikit-learn's own, on the row numbers of its first array."""
        from sklearn.model_selection import train_test_split

        arrays = [one for one in args if isinstance(one, Part)] or [self.whole]
        if len(arrays) < len(args) or len({len(one.rows) for one in arrays}) > 1:
            raise refusal_error(node)
        kept: dict[str, Any] = {key: settings[key] for key in ("test_size", "train_size", "shuffle") if key in settings}
        if kept.get("shuffle", True):
            kept["random_state"] = self.numpy_seed(settings, node)
        if (by := settings.get("stratify")) is not None:
            part = self.column_of(by)
            if part is None:
                raise refusal_error(node)
            kept["stratify"] = self.column_values(part)
        train, test = train_test_split(np.arange(len(arrays[0].rows)), **kept)
        return Splits(tuple(replace(one, rows=one.rows[rows]) for one in arrays for rows in (train, test)))

    def numpy_seed(self, settings: dict[str, Any], node: ast.AST) -> Any:
        """The seed that is given, or numpy's own generator after np.random.seed."""
        seed = settings.get("random_state", settings.get("seed"))
        if type(seed) is int or isinstance(seed, np.random.RandomState):
            return seed
        if self.numpy is None:
            raise unseeded_error(node, "random_state=42, or np.random.seed(42) before it")
        return self.numpy

    def make_folds(self, name: str, args: list[Any], settings: dict[str, Any]) -> Any:
        """A splitter: indexed it gives the test part of a fold; its `split` gives (train, test) of each."""
        from sklearn import model_selection

        kept = {key: one for key, one in settings.items() if key not in ("y", "groups", "X")}
        splitter = getattr(model_selection, name)(*[one for one in args if not isinstance(one, Part)], **kept)
        if (
            getattr(splitter, "shuffle", True)
            and getattr(splitter, "random_state", None) is None
            and name != "GroupKFold"
        ):
            raise SeewhyError(f"split: {name} draws without a seed; allowed: random_state=42")

        def split_folds(given: list[Any], named: dict[str, Any]) -> Splits:
            parts = [one for one in given if isinstance(one, Part)]
            base = parts[0] if parts else self.whole
            labels = named.get("y", parts[1] if len(parts) > 1 else replace(base, column="label"))
            groups = named.get("groups", settings.get("groups", parts[2] if len(parts) > 2 else None))
            groups = self.column_of(groups)
            needed = name.startswith("Stratified")
            found: Iterable[Any] = splitter.split(
                np.zeros(len(base.rows)),
                self.column_values(labels) if needed else None,
                self.column_values(groups) if groups else None,
            )
            return Splits(tuple(Splits((Part(base.rows[train]), Part(base.rows[test]))) for train, test in found))

        return Folds(split_folds)

    def random_splitter(self, args: list[Any], settings: dict[str, Any], node: ast.Call) -> Splits:
        """RandomSplitter: torch.randperm after manual_seed; the first part of it is for validation."""
        seed, share = settings.get("seed"), settings.get("valid_pct", args[0] if args else 0.2)
        if type(seed) is not int or not isinstance(share, float):
            raise unseeded_error(node, "RandomSplitter(valid_pct=0.2, seed=42)")
        order = torch.randperm(len(self.frame), generator=torch.Generator().manual_seed(seed)).numpy()
        cut = int(share * len(order))
        return Splits((Part(order[cut:]), Part(order[:cut])))


def refusal_error(node: ast.AST) -> SeewhyError:
    """The error for a part of a line that cannot be redrawn."""
    return SeewhyError(f"split: '{ast.unparse(node)[:80]}' cannot be taken; allowed: {ALLOWED}")


def unseeded_error(node: ast.AST, allowed: str) -> SeewhyError:
    """The error for a draw that nobody can repeat."""
    return SeewhyError(f"split: '{ast.unparse(node)[:80]}' draws without a seed; allowed: {allowed}")
