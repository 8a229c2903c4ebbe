"""Doctor and export on what users of every task bring."""

import pandas as pd
import pytest

from seewhy.config.project import find_project
from seewhy.doctor.examination import examine_study

STUDIES = {"faces-cnn": "faces", "faces-resnet": "faces", "solar-fpn": "solar", "captions": "scenes"}


@pytest.mark.parametrize("name", list(STUDIES))
def test_every_task_is_looked_at_and_exported(name, start, cli, tmp_path):
    start(STUDIES[name])
    lines = list(examine_study(find_project(), name))
    assert [line for line in lines if line.mark == "problem"] == []
    assert lines[-1].what == "forecast"
    aside = [line.text for line in lines if line.mark == "warning" and line.what == "model"]
    assert all("ce_loss.weight" in text and "mean" in text for text in aside)
    assert len(aside) == (name == "solar-fpn")
    files = f"data/inputs/{STUDIES[name]}/*/*"
    assert cli("export", name, "--images", files, "--methods", "gradcam", "--out", str(tmp_path / "out")) == (0, "")
    table = pd.read_csv(tmp_path / "out/maps.csv")
    assert table["image"].nunique() == len(list(tmp_path.glob(files)))
    assert all((tmp_path / "out" / place).is_file() for place in [*table["overlay"], *table["map"]])
    if name == "captions":
        assert len(list((tmp_path / "out/strips/gradcam").glob("*.png"))) == table["image"].nunique()
