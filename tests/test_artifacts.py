import json
import random

import pandas as pd
import pytest

from seewhy.config import artifacts
from seewhy.errors import SeewhyError

FRAME = pd.DataFrame({"image": ["a", "b"], "label": [None, "x"], "values": [[1.0, 2.0], [3.0, 4.0]]})


def test_nothing_is_left_half_written(tmp_path):
    path = tmp_path / "deep" / "table.csv"
    artifacts.write_csv(path, FRAME)
    before = path.read_bytes()

    def fail():
        with artifacts.atomic_file(path) as scratch:
            scratch.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_first_write_leaves_no_file(tmp_path):
    with pytest.raises(TypeError):
        artifacts.write_json(tmp_path / "a.json", object())
    assert list(tmp_path.iterdir()) == []


def test_the_scratch_file_is_on_the_same_disk(tmp_path):
    with artifacts.atomic_file(tmp_path / "a.json") as scratch:
        assert scratch.parent == tmp_path
        assert scratch.suffix == ".part"  # .dvcignore leaves these out


def test_others_may_read_what_was_written(tmp_path):
    artifacts.write_json(tmp_path / "a.json", {})
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o644


def test_equal_tables_are_equal_bytes(tmp_path):
    for name, note in (("a", {"x": 1, "y": 2}), ("b", {"y": 2, "x": 1})):
        artifacts.write_table(tmp_path / name, FRAME.copy(), note)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_table_comes_back_with_its_note(tmp_path):
    artifacts.write_table(tmp_path / "a.parquet", FRAME, {"classes": ["é", "<b>"]})
    frame, note = artifacts.read_table(tmp_path / "a.parquet", "dataset@x")
    assert note == {"classes": ["é", "<b>"]}
    assert frame["values"].map(list).to_list() == [[1.0, 2.0], [3.0, 4.0]]
    assert frame["label"].isna().to_list() == [True, False]


def test_a_missing_table_names_the_stage(tmp_path):
    with pytest.raises(SeewhyError, match=r"^a.parquet is not there yet in .*; make it with: dvc repro dataset@x$"):
        artifacts.read_table(tmp_path / "a.parquet", "dataset@x")


def test_a_table_of_somebody_else_is_refused(tmp_path):
    FRAME.to_parquet(tmp_path / "a.parquet")
    with pytest.raises(SeewhyError, match="damaged or not of this project; make it again: dvc repro -f dataset@x"):
        artifacts.read_table(tmp_path / "a.parquet", "dataset@x")


def test_a_damaged_table_never_ends_in_a_traceback(tmp_path):
    artifacts.write_table(tmp_path / "a.parquet", FRAME, {"classes": ["x"]})
    good, draw = (tmp_path / "a.parquet").read_bytes(), random.Random(0)
    spoiled = [good[: len(good) // 2], b""]
    for _ in range(150):
        bad = bytearray(good)
        bad[draw.randrange(len(bad))] ^= draw.randrange(1, 256)
        spoiled.append(bytes(bad))
    for number, content in enumerate(spoiled):
        path = tmp_path / f"{number}.parquet"
        path.write_bytes(content)
        try:
            artifacts.read_table(path, "dataset@x")
        except SeewhyError:
            continue
        assert number > 1


def test_metrics_hold_finite_rounded_numbers_only(tmp_path):
    figures = {"b": 0.123456, "n": 3, "nan": float("nan"), "none": None, "inf": float("inf")}
    artifacts.write_metrics(tmp_path / "m.json", figures)
    assert json.loads((tmp_path / "m.json").read_text()) == {"b": 0.1235, "n": 3}


def test_the_hash_runs_over_all_files(tmp_path):
    for name in "ab":
        (tmp_path / name).write_text(name)
    one, both = artifacts.file_sha256(tmp_path / "a"), artifacts.file_sha256(tmp_path / "a", tmp_path / "b")
    assert one == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    assert both == "fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603"
