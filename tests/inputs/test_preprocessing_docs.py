"""Every line in docs/preprocessing.md is taken."""

import re
from pathlib import Path

import pandas as pd
import pytest

from seewhy.config.preprocessing import Preprocessing
from seewhy.inputs.split_line import select_rows
from seewhy.inputs.transform_line import parse_line

TEXT = (Path(__file__).parents[2] / "docs/preprocessing.md").read_text(encoding="utf-8")


def examples(heading):
    part = TEXT.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [row for row in part.splitlines() if row.startswith("| ")][2:]
    return [line for row in rows for line in re.findall(r"`([^`]+)`", row.split("|", 2)[2])]


@pytest.mark.parametrize("line", examples("Lines of preprocessing"))
def test_lines_of_preprocessing(line):
    found = parse_line(line)
    assert found.steps or found.size


@pytest.mark.parametrize("line", examples("Lines of splitting"))
def test_lines_of_splitting(line, tmp_path):
    (tmp_path / "data/inputs").mkdir(parents=True)
    (tmp_path / "data/inputs/test.txt").write_text("3.jpg\n")
    (tmp_path / "data/inputs/splits.json").write_text('{"test": ["3.jpg"]}')
    names = {"image": [f"{k}.jpg" for k in range(40)], "label": ["a", "b"] * 20}
    frame = pd.DataFrame({**names, "split": ["train", "test"] * 20, "fold": [k % 4 for k in range(40)]})
    assert len(select_rows(line, frame, tmp_path).rows)


def test_all_keys_are_in_the_table():
    part = TEXT.partition("## Keys\n")[2].partition("\n## ")[0]
    named = set(
        re.findall(r"`(\w+)`", "".join(row.split("|")[1] for row in part.splitlines() if row.startswith("| `")))
    )
    assert named == set(Preprocessing.model_fields) - {"transform", "steps", "grey"}
