"""What a map family is measured on, what is kept of it, and the batches that are left: measured with a forecast."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from seewhy.maps.driver import SLOW
from seewhy.measure import store
from seewhy.measure.family import OF_THE_MODEL, PLACE, Family, Settings, tidy_table
from seewhy.measure.identity import measuring_key, row_keys, short_digest
from seewhy.progress import print_above_bars, show_progress

if TYPE_CHECKING:
    from seewhy.study import Study

RANDOM = "random"  # the one method whose values depend on a row's place


@dataclass(frozen=True)
class Work:
    """What a map family is measured on: rows with their digests, methods, what is kept, and the batches left."""

    study: "Study"
    family: Family
    settings: Settings
    rows: pd.DataFrame
    keys: list[str]
    methods: list[str]
    key: str
    kept: pd.DataFrame
    batches: list[tuple[pd.DataFrame, list[str]]]

    @property
    def table_note(self) -> dict[str, Any]:
        """What goes into the table: enough to know which of its values are still right."""
        places = self.rows[PLACE].tolist() if PLACE in self.rows else [0] * len(self.rows)
        return {"key": self.key, "methods": self.methods, "rows": dict(zip(self.keys, places, strict=True))}

    @property
    def run_key(self) -> str:
        """Digest of this very plan: batches of another are not used."""
        left = [[rows["image"].tolist(), rows["target"].tolist(), methods] for rows, methods in self.batches]
        return short_digest([self.table_note, left])

    def measure_missing(self, parts: store.Parts | None) -> pd.DataFrame:
        """The whole table, rows by methods in order. `parts`: where finished batches are kept, if anywhere."""
        found = [self.kept, *self._measure_batches(parts)]
        table = tidy_table([some for some in found if len(some)])
        if self.family.finish:
            table = self.family.finish(self.study, self.rows, self.methods, self.settings, table)
        pairs = zip(self.rows["image"], self.rows["target"], strict=True)
        place = {pair: number for number, pair in enumerate(pairs)}
        order = {method: number for number, method in enumerate(self.methods)}
        ranks = pd.DataFrame(
            {
                "row": [place[pair] for pair in zip(table["image"], table["target"], strict=True)],
                "method": table["method"].map(order).to_numpy(),
            }
        )
        return table.iloc[ranks.sort_values(["row", "method"], kind="stable").index].reset_index(drop=True)

    def _measure_batches(self, parts: store.Parts | None) -> Iterator[pd.DataFrame]:
        begun, told = time.monotonic(), False
        label = f"{self.study.name}: {self.family.name.replace('_', ' ')}"
        for number, (rows, methods) in enumerate(show_progress(self.batches, len(self.batches), label)):
            done = parts.read_part(number) if parts else None
            if done is None:
                done = self.family.measure(self.study, rows.reset_index(drop=True), methods, self.settings).table
                if parts:
                    parts.write_part(number, done)
                if not told:
                    tell_forecast(label, (time.monotonic() - begun) * (len(self.batches) - number))
                told = True
            yield done


def plan_work(study: "Study", family: Family, settings: Settings, methods: Sequence[str] | None) -> Work:
    """Which rows and methods a map family is measured on, what is kept of them, and what is left to do."""
    names = list(methods) if methods is not None else (family.methods or _no_methods)(study, settings)
    rows = choose_rows(study, family, names, settings)
    key, keys = measuring_key(study, family, settings), row_keys(study, family, rows)
    note, table = kept_table(study, family, key)
    missing = [missing_methods(rows, number, one, names, note) for number, one in enumerate(keys)]
    kept = select_kept(rows, missing, names, table)
    return Work(study, family, settings, rows, keys, names, key, kept, batch_missing(study, rows, missing))


def choose_rows(study: "Study", family: Family, methods: Sequence[str], settings: Settings) -> pd.DataFrame:
    """The rows of the family's choice; of a selection, its images among those, and of the others its own choice."""
    assert family.rows is not None
    if study.chosen is None:
        rows = family.rows(study, methods, settings)
        named = dict.fromkeys([*rows.columns, "image", "target", *family.drawn])
        return rows if len(rows) else rows.reindex(columns=[*named])  # nothing to measure it on
    every = family.rows(study.whole_study, methods, settings)
    own = every[every["image"].isin(study.chosen)]
    rest = [image for image in study.chosen if image not in set(own["image"])]
    others = family.rows(study.select(images=rest), methods, settings) if rest else own.head(0)
    return pd.concat([own, others], ignore_index=True) if len(others) else own.reset_index(drop=True)


def kept_table(study: "Study", family: Family, key: str) -> tuple[Mapping[str, Any], pd.DataFrame]:
    """Note and table of what is stored under that key; empty where nothing is."""
    found = store.find_note(study.root, study.name, family.name, key)
    if found is None:
        return {"methods": [], "rows": {}}, tidy_table([])
    return found[1], store.read_tidy(found[0])


def missing_methods(
    rows: pd.DataFrame, number: int, key: str, methods: Sequence[str], note: Mapping[str, Any]
) -> tuple[str, ...]:
    """The methods that row `number` lacks: all where it is not kept, and the random baseline where its place moved."""
    if key not in note["rows"]:
        return tuple(methods)
    moved = PLACE in rows and note["rows"][key] != rows[PLACE].iloc[number]
    return tuple(name for name in methods if name not in note["methods"] or (moved and name == RANDOM))


def select_kept(
    rows: pd.DataFrame, missing: Sequence[tuple[str, ...]], methods: Sequence[str], table: pd.DataFrame
) -> pd.DataFrame:
    """Those values of the stored table that are asked for and still right."""
    wanted = {
        (image, target, method)
        for image, target, lacks in zip(rows["image"], rows["target"], missing, strict=True)
        for method in methods
        if method not in lacks
    }
    have = zip(table["image"], table["target"], table["method"], strict=True)
    return table[[record in wanted for record in have]]


def batch_missing(
    study: "Study", rows: pd.DataFrame, missing: Sequence[tuple[str, ...]]
) -> list[tuple[pd.DataFrame, list[str]]]:
    """Batches of rows that lack the same methods, in order."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for number, lacks in enumerate(missing):
        if lacks:
            groups.setdefault(lacks, []).append(number)
    size = study.base.batch_size
    return [
        (rows.iloc[places[start : start + size]], list(lacks))
        for lacks, places in groups.items()
        for start in range(0, len(places), size)
    ]


def tell_forecast(label: str, seconds: float) -> None:
    """Says what a long run will take."""
    if seconds > SLOW:
        print_above_bars(f"{label}: about {seconds / 60:.0f} min; Ctrl-C loses nothing")


def _no_methods(_study: "Study", _settings: Settings) -> list[str]:
    return [OF_THE_MODEL]
