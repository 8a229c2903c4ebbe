"""The facade: select, explain, measure, summary, worst, show, and a metric of one's own."""

import subprocess
import sys

import numpy as np
import pytest

import seewhy
from seewhy import open_study
from seewhy.errors import SeewhyError
from seewhy.measure import driver, own_metrics
from seewhy.measure.family import FAMILIES
from seewhy.metrics.registry import METRICS
from seewhy.report import show

OWN = '''import numpy as np
import seewhy


@seewhy.metric("entropy", unit="bits", better="lower")
def entropy(attribution, object_mask):
    """How spread is the map?"""
    share = attribution / (attribution.sum() or 1)
    return -(share * np.log2(share + 1e-12)).sum() * object_mask.any()
'''


@pytest.fixture
def this(project, study):
    project.set("audit", {"methods": ["gradcam"], "steps": 2, "depths": 1, "work": 1})
    assert study.name == "tiny"
    yield open_study("tiny")
    for name in [name for name, one in METRICS.items() if one.is_own]:
        del METRICS[name], FAMILIES[name]
    sys.modules.pop("my_metrics", None)


@pytest.fixture
def shown(monkeypatch):
    outputs = []
    monkeypatch.setattr(show, "_display_output", lambda data, metadata=None: outputs.append((data, metadata)))
    return outputs


def test_importing_costs_nothing():
    code = "import sys, seewhy; assert not {'torch', 'numpy', 'pandas', 'matplotlib'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_select_gives_a_study_of_fewer_images(this):
    cups = this.select(label="cup", n=3)
    rows = cups.predictions
    assert (len(rows), set(rows["label"])) == (3, {"cup"})
    assert cups.select(n=2).predictions["image"].isin(rows["image"]).all()
    assert this.select(label="cup", n=3).predictions["image"].tolist() == rows["image"].tolist()
    seeds = [this.select(n=4, seed=seed).predictions["image"].tolist() for seed in (1, 2)]
    assert seeds[0] != seeds[1]
    names = ["cat-3.png", "cup-1.png"]
    assert [image.rpartition("/")[2] for image in this.select(images=names).predictions["image"]] == names
    right = this.select(correct=True).predictions
    wrong = this.select(correct=False).predictions
    assert right["correct"].all()
    assert not wrong["correct"].any()
    assert len(right) + len(wrong) == 11  # one has no label


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"label": "cupp"}, "unknown label class 'cupp' in the study's predictions; did you mean 'cup'"),
        ({"images": ["cup-9.png"]}, "unknown image 'cup-9.png'"),
        ({"label": "cup", "images": ["cat-1.png"]}, "unknown image 'cat-1.png'"),
    ],
)
def test_what_is_not_there_is_one_line(this, asked, told):
    with pytest.raises(SeewhyError, match=told):
        this.select(**asked)


def test_maps_are_those_of_explain(this):
    some = this.select(label="cat", n=2)
    found = some.explain("layercam", layer="features.0", target="cup")
    wanted = seewhy.explain(
        this.model, this.inputs(some.predictions), methods=["layercam"], layer="features.0", targets=0
    )
    np.testing.assert_allclose(found.maps, wanted["layercam"][:, 0].numpy(), rtol=1e-4, atol=1e-7)
    assert (found.title, found.shares.max(), found.upsampled.shape) == ("LayerCAM", 1, (2, 32, 32))
    for asked in ({"method": "gradcm"}, {"method": "gradcam", "layer": "feat"}, {"method": "gradcam", "target": "dog"}):
        with pytest.raises(SeewhyError, match="unknown"):
            some.explain(**asked)


def test_everything_can_be_shown_and_says_what_it_shows(this, shown):
    some = this.select(label="cup", n=2)
    some.show()
    some.explain("gradcam", target="cat").show()
    alts = [next(iter(metadata.values()))["alt"] for _, metadata in shown]
    assert "2 images of tiny" in alts[0]
    assert alts[1].startswith("Grad-CAM for cat, 2 of 2 images")
    this.measure("lift").show(versus=["centre"])
    assert "Lift (×), higher is better, 1.00 is chance" in str(shown[2][0])
    assert "centre baseline" in str(shown[2][0])


def test_a_metric_in_a_cell_gets_baselines_an_interval_and_alt_text(this, shown):
    @seewhy.metric("peak", unit="×", better="higher")
    def peak(attribution):
        """How strong is the strongest pixel?"""
        return attribution.max()

    found = this.measure("peak")
    summary = found.summary(versus=["best_baseline"])
    assert summary["method"].tolist() == ["gradcam", "random", "centre", "edges", "gradcam"]
    assert (summary["low"] <= summary["estimate"]).all()
    assert summary["n"].tolist()[0] == 12
    np.testing.assert_allclose(
        found.table.loc[found.table["method"] == "gradcam", "value"],
        this.explain("gradcam").upsampled.max((1, 2)),
    )
    found.show()
    assert "Peak (×), higher is better" in str(shown[0][0])
    assert len(found.worst(3).predictions) == 3


def test_a_metric_beside_params_yaml_is_measured_by_the_stage_and_kept(this, project, monkeypatch):
    (project.root / "my_metrics.py").write_text(OWN)
    own_metrics.load_metrics(project.root)
    (path,) = driver.store_family(this, "entropy")
    table = open_study("tiny").measure("entropy").table
    assert path.name == "entropy.parquet"
    assert set(table["method"]) == {"gradcam", "random", "centre", "edges"}
    assert set(table.loc[table["value"].isna(), "reason"]) == {"no object is known"}
    assert METRICS["entropy"].question == "How spread is the map?"
    calls, real = [], own_metrics.call_metric
    monkeypatch.setattr(own_metrics, "call_metric", lambda *given: calls.append(1) or real(*given))
    driver.store_family(this, "entropy")
    assert not calls
    (project.root / "my_metrics.py").write_text(OWN.replace("log2", "log10"))
    assert len(open_study("tiny").measure("entropy").table) == len(table)
    assert calls
    (project.root / "my_metrics.py").unlink()
    own_metrics.load_metrics(project.root)
    assert "entropy" not in METRICS


def test_a_metric_that_cannot_be_is_one_line(this, project):
    with pytest.raises(SeewhyError, match="unknown argument 'mask' in metric 'bad'; did you mean 'object_mask'"):
        seewhy.metric("bad")(lambda mask: mask)
    with pytest.raises(SeewhyError, match="metric 'lift' is one of seewhy's own"):
        seewhy.metric("lift")(np.max)
    with pytest.raises(SeewhyError, match="unknown direction 'more' in better of metric 'bad'"):
        seewhy.metric("bad", better="more")(lambda attribution: attribution)
    seewhy.metric("many")(lambda attribution: attribution)
    with pytest.raises(SeewhyError, match="metric 'many' returned ndarray; allowed: one number for each map"):
        this.measure("many")
    (project.root / "my_metrics.py").write_text("1 / 0")
    with pytest.raises(SeewhyError, match=r"my_metrics.py does not run: ZeroDivisionError"):
        own_metrics.load_metrics(project.root)


def test_a_method_or_metric_that_is_not_there_is_one_line(this):
    with pytest.raises(SeewhyError, match="unknown method 'gradcm'"):
        this.measure("lift", methods=["gradcm"])
    with pytest.raises(SeewhyError, match="unknown metric 'lft'; did you mean 'lift'"):
        this.measure("lft")
    with pytest.raises(SeewhyError, match="has no direction"):
        this.measure("localisation").worst(2)


def test_what_is_stored_is_read_without_the_model(this, monkeypatch):
    driver.store_family(this, "localisation")
    monkeypatch.setattr(type(this), "model", property(lambda _self: pytest.fail("the model was loaded")))
    study = open_study("tiny")
    assert len(study.measure("lift").summary(versus=["centre"]))
    assert len(study.measure("lift", methods=["gradcam"]).table)
