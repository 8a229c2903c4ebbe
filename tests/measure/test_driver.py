"""What is kept of a measurement, what is measured again, and that a stopped run ends in the same bytes."""

import itertools

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

from seewhy import open_study
from seewhy.errors import SeewhyError
from seewhy.measure import driver, identity, store
from seewhy.measure.family import FAMILIES, PLACE, Result, map_family, tidy_rows, tidy_table, whole_family
from seewhy.metrics.registry import METRICS, declare_metric


def every_row(study, _methods, _settings):
    return study.predictions.assign(**{PLACE: range(len(study.predictions))})


@pytest.fixture
def calls(study):
    """What the toy family was asked for, (image, method) by (image, method); the project's study is ready."""
    assert study.name == "tiny"
    asked = []

    @map_family("toy", "audit", every_row, defaults={"methods": ["gradcam"], "steps": 3}, choosing=("methods",))
    def measure(this, rows, methods, settings):
        assert len(rows) <= this.base.batch_size
        asked.extend((image, method) for image in rows["image"] for method in methods)
        value = settings["steps"] + rows[PLACE].to_numpy(float)
        return Result(tidy_table([tidy_rows(rows, method, "toy_metric", value) for method in methods]))

    declare_metric("toy_metric", family="toy", better="higher", baselines=("random", "centre", "edges"))
    yield asked
    del FAMILIES["toy"], METRICS["toy_metric"]


def run(asked=None):
    """The stage once more; what it asked for."""
    if asked is not None:
        asked.clear()
    return driver.store_family(open_study("tiny"), "toy")


def again(asked):
    run(asked)
    return list(asked)


def test_a_table_is_tidy_and_in_order(project, calls):
    (path,) = run()
    table = pd.read_parquet(path)
    assert list(table) == ["image", "target", "method", "is_baseline", "metric", "value", "reason"]
    assert (str(table["target"].dtype), str(table["value"].dtype)) == ("int32", "float64")
    rows = open_study("tiny").predictions
    methods = ["gradcam", "gradcam_pp", "hirescam", "layercam", "eigencam", "activation", "random", "centre", "edges"]
    assert len(calls) == 12 * len(table["method"].unique())
    assert table["image"].tolist() == [image for image in rows["image"] for _ in table["method"].unique()]
    assert set(table["method"]) <= set(methods)
    assert table.loc[table["is_baseline"], "method"].unique().tolist() == ["random", "centre", "edges"]
    assert path == project.root / "data/measurements/tiny/toy.parquet"


def test_nothing_is_measured_twice(calls):
    run()
    assert again(calls) == []


def test_one_method_more_measures_that_method(project, calls):
    project.set("audit.methods", ["gradcam"])
    run()
    project.set("audit.methods", ["gradcam", "activation"])
    assert {method for _, method in again(calls)} == {"activation"}
    assert len(calls) == 12
    project.set("audit.methods", ["activation"])
    assert again(calls) == []
    assert set(pd.read_parquet(run()[0])["method"]) == {"activation", "random", "centre", "edges"}


def test_one_image_more_measures_that_image(project, cli, calls):
    run()
    photo = np.random.default_rng(1).integers(0, 255, (32, 32, 3), np.uint8)
    Image.fromarray(photo).save(project.root / "mine/new.png")
    frame = project.manifest
    project.write(
        pd.concat([frame, pd.DataFrame([{"image": "new.png", "label": "cat", "split": "test", "boxes": ""}])])
    )
    predict(cli)
    assert {image for image, _ in again(calls)} == {"mine/new.png"}


def test_a_changed_image_file_is_measured_again(project, cli, calls):
    run()
    photo = np.asarray(Image.open(project.root / "mine/cup-3.png"))
    Image.fromarray(255 - photo).save(project.root / "mine/cup-3.png")
    predict(cli)
    assert {image for image, _ in again(calls)} == {"mine/cup-3.png"}


def test_an_image_less_moves_only_the_random_baseline(project, cli, calls):
    run()
    project.write(project.manifest.iloc[1:])
    predict(cli)
    assert {method for _, method in again(calls)} == {"random"}


def test_a_changed_setting_measures_the_family_and_one_that_only_chooses_does_not(project, calls):
    run()
    project.set("audit.steps", 5)
    assert len(again(calls)) > 12
    project.set("base.opacity", 0.3)
    project.set("base.colormap", "jet")
    assert again(calls) == []


def test_other_code_and_another_checkpoint_measure_all(project, cli, calls, monkeypatch):
    run()
    project.save(epoch=9)
    predict(cli)
    assert len(again(calls)) > 12
    monkeypatch.setattr(identity, "code_digest", lambda: "other")
    assert len(again(calls)) > 12


def test_a_stopped_run_goes_on_and_ends_in_the_same_bytes(project, calls, monkeypatch):
    (path,) = run()
    whole = path.read_bytes()
    project.set("audit.steps", 4)
    count, real = itertools.count(), FAMILIES["toy"].measure
    spoil = project.root / "data/measurements"

    def dying(*given):
        if next(count) == 2:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setitem(FAMILIES, "toy", _with(FAMILIES["toy"], measure=dying))
    with pytest.raises(KeyboardInterrupt):
        run()
    assert path.read_bytes() == whole
    assert len(list((spoil / ".parts").rglob("*.parquet"))) == 2
    path.unlink()  # as DVC does before a stage
    calls.clear()
    monkeypatch.setitem(FAMILIES, "toy", _with(FAMILIES["toy"], measure=real))
    run()
    assert len({image for image, _ in calls}) == 2  # of twelve images two batches of five were done
    resumed = path.read_bytes()
    assert not list((spoil / ".parts").rglob("*.parquet"))
    path.unlink()
    for kept in (spoil / ".kept").rglob("*.parquet"):
        kept.unlink()
    run()
    assert path.read_bytes() == resumed != whole


def test_work_is_kept_when_dvc_removes_the_output(project, calls):
    (path,) = run()
    before = path.read_bytes()
    path.unlink()
    assert again(calls) == []
    assert path.read_bytes() == before
    assert (project.root / "data/measurements/.kept/tiny/toy.parquet").samefile(path)


def test_what_is_stored_is_returned_and_the_rest_is_computed_and_not_written(project, calls):
    project.set("audit.methods", ["gradcam"])
    (path,) = run()
    before = path.read_bytes()
    calls.clear()
    study = open_study("tiny")
    assert len(study.measure("toy_metric").table) == 12 * 4
    assert calls == []
    found = study.measure("toy_metric", methods=["gradcam", "layercam"])
    assert {method for _, method in calls} == {"layercam"}
    assert found.table["method"].unique().tolist() == ["gradcam", "layercam", "random", "centre", "edges"]
    assert path.read_bytes() == before


def test_a_selection_takes_the_stored_rows_of_its_images(calls):
    run()
    calls.clear()
    some = open_study("tiny").select(label="cup", n=3)
    found = some.measure("toy_metric", methods=["gradcam"])
    assert calls == []
    assert set(found.table["image"]) == set(some.predictions["image"])
    assert len(set(found.table["image"])) == 3


@pytest.mark.usefixtures("calls")
def test_the_worst_images_come_first():
    run()
    study = open_study("tiny")
    names = study.measure("toy_metric", methods=["gradcam"]).worst(3).predictions["image"].tolist()
    assert names == study.predictions["image"].tolist()[:3]


@pytest.mark.usefixtures("study")
def test_a_family_that_is_measured_whole_is_kept_with_its_arrays(project):
    asked = []

    @whole_family("whole_toy", "audit", defaults={"steps": 3})
    def measure(this, settings):
        asked.append(settings["steps"])
        table = tidy_rows(this.predictions, "", "whole_metric", 1.0, kind="a")
        return Result(tidy_table([table]), {"curve": np.arange(settings["steps"])})

    try:
        files = driver.store_family(open_study("tiny"), "whole_toy")
        assert [file.name for file in files] == ["whole_toy.npz", "whole_toy.parquet"]
        contents = [file.read_bytes() for file in files]
        for file in files:
            file.unlink()
        again = driver.store_family(open_study("tiny"), "whole_toy")
        assert [file.read_bytes() for file in again] == contents
        assert len(asked) == 1
        found = open_study("tiny").measure("whole_toy")
        assert (found.arrays["curve"].tolist(), list(found.table)[-1]) == (list(range(asked[0])), "kind")
        project.set("audit.steps", 4)
        assert len(open_study("tiny").measure("whole_toy").arrays["curve"]) == 4
        assert store.read_family(project.root, "tiny", "whole_toy").arrays["curve"].tolist() == list(range(asked[0]))
    finally:
        del FAMILIES["whole_toy"]


def test_objects_are_refused_and_a_damaged_table_is_one_line(tmp_path):
    with pytest.raises(TypeError, match="arrays of objects"):
        store.write_arrays(tmp_path / "a.npz", {"a": np.array([{}], object)})
    path = store.measurements_folder(tmp_path, "tiny") / "toy.parquet"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PAR1 cut")
    with pytest.raises(SeewhyError, match="make it again: dvc repro -f measure@tiny"):
        store.read_family(tmp_path, "tiny", "toy")
    assert store.read_note(path) == {}


@pytest.mark.usefixtures("calls")
def test_an_unknown_metric_names_the_closest():
    with pytest.raises(SeewhyError, match="unknown metric 'toy_metrik'; did you mean 'toy_metric'"):
        open_study("tiny").measure("toy_metrik")


def predict(cli):
    assert cli("dataset", "things") == (0, "")
    study = open_study("tiny")
    study.save_predictions(study.predict())


def _with(one, **changes):
    from dataclasses import replace

    return replace(one, **changes)


@pytest.mark.usefixtures("calls")
def test_the_note_says_what_the_table_is_of():
    (path,) = run()
    note = store.read_note(path)
    assert note["methods"][-3:] == ["random", "centre", "edges"]
    assert len(note["rows"]) == pq.read_metadata(path).num_rows // len(note["methods"])
