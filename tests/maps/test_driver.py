import itertools
import shutil
import threading
import time

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

from seewhy import explain, open_study
from seewhy.config import artifacts
from seewhy.errors import SeewhyError
from seewhy.maps import driver, explaining, store
from seewhy.maps.attributions import attribute_rows

METHODS = ["gradcam", "activation"]


@pytest.fixture
def ready(project, study):
    """A project whose next step is the maps."""
    assert artifacts.predictions_path(project.root, study.name).is_file()
    return project


def tables(project):
    folder = artifacts.attributions_folder(project.root, "tiny")
    return {path.stem: path.read_bytes() for path in sorted(folder.iterdir())}


def test_every_image_has_a_map_for_its_predicted_and_every_mistake_for_its_true_class(ready, cli):
    assert cli("explain", "tiny") == (0, "")
    study = open_study("tiny")
    rows = study.predictions
    table = pq.read_table(artifacts.attributions_folder(ready.root, "tiny") / "gradcam.parquet").to_pandas()
    wrong = rows[rows["label"].notna() & (rows["label"] != rows["predicted"])]
    assert len(wrong)
    pairs = list(zip(table["image"], table["target"], strict=True))
    own, true = study.classes_of(rows["predicted"]), study.classes_of(wrong["label"])
    assert len(pairs) == len(rows) + len(wrong)
    assert set(pairs) == {*zip(rows["image"], own, strict=True), *zip(wrong["image"], true, strict=True)}
    for image, target, row in zip(table["image"], table["target"], table.itertuples(), strict=True):
        batch = study.inputs(rows[rows["image"] == image])
        wanted = explain(study.model, batch, methods=METHODS, layer="features", targets=target)
        found = np.asarray(row.map).reshape(row.height, row.width)
        np.testing.assert_allclose(found, wanted["gradcam"][0, 0].numpy(), rtol=1e-4, atol=1e-7)
        assert row.score == pytest.approx(float(wanted.scores[0, 0]), rel=1e-5)


@pytest.mark.usefixtures("ready")
def test_an_image_with_two_targets_passes_the_model_once(cli, monkeypatch):
    seen, real = [], driver.explain_batch
    monkeypatch.setattr(driver, "explain_batch", lambda *args: seen.extend(args[1]) or real(*args))
    assert cli("explain", "tiny") == (0, "")
    rows = open_study("tiny").predictions
    assert sorted(job.image for job in seen) == sorted(rows["image"])
    assert {len(job.targets) for job in seen} == {1, 2}
    assert [len(job.targets) for job in seen] == sorted(len(job.targets) for job in seen)


def test_batches_made_by_other_code_are_not_used(ready, monkeypatch):
    assert {"methods", "tasks", "inputs", "engine", "seewhy"} <= {path.parent.name for path in store.CODE}
    assert not {"report", "pages", "checks"} & {path.parent.name for path in store.CODE}
    made = store.Store(ready.root, ["gradcam"], {}, [], 5)._parts_folder
    monkeypatch.setattr(store, "CODE", store.CODE[1:])
    assert store.Store(ready.root, ["gradcam"], {}, [], 5)._parts_folder != made


def test_tables_are_equal_to_the_byte_for_any_number_of_workers(ready, cli):
    found = []
    for workers in ("0", "1", "3"):
        assert cli("explain", "tiny", "--workers", workers) == (0, "")
        found.append(tables(ready))
    assert list(found[0]) == sorted(METHODS)
    assert found[0] == found[1] == found[2]


def test_another_batch_size_gives_the_same_maps(ready, cli):
    maps = []
    for size in (5, 12):
        ready.set("base.batch_size", size)
        assert cli("explain", "tiny") == (0, "")
        table = pq.read_table(artifacts.attributions_folder(ready.root, "tiny") / "gradcam.parquet")
        maps.append(np.array(table["map"].to_pylist()))
    np.testing.assert_allclose(maps[0], maps[1], atol=1e-5 * np.abs(maps[0]).max(), rtol=0)


def test_a_run_that_was_stopped_goes_on_and_ends_in_the_same_bytes(ready, cli, monkeypatch):
    assert cli("explain", "tiny") == (0, "")
    whole = tables(ready)
    ready.set("base.seed", 1)  # another note: nothing that is there may be used
    calls, real = itertools.count(), driver.explain_batch

    def dying(*args, **options):
        if next(calls) == 2:
            raise KeyboardInterrupt
        return real(*args, **options)

    monkeypatch.setattr(driver, "explain_batch", dying)
    assert cli("explain", "tiny")[0] == 130
    assert tables(ready) == whole  # the tables of before stay until their successors are whole
    parts = list((ready.root / "data/attributions/.parts").rglob("*.parquet"))
    assert len(parts) == 2
    seen = []
    monkeypatch.setattr(driver, "explain_batch", lambda *args: seen.append(len(args[1])) or real(*args))
    assert cli("explain", "tiny") == (0, "")
    resumed = tables(ready)
    assert sum(seen) == 2  # of twelve images two batches of five were done
    assert not list((ready.root / "data/attributions/.parts").rglob("*.parquet"))
    monkeypatch.setattr(driver, "explain_batch", real)
    assert cli("explain", "tiny") == (0, "")
    assert tables(ready) == resumed != whole


def spied(monkeypatch):
    """The images and methods that the driver asks for from now on."""
    asked, real = [], driver.explain_batch

    def ask(*given):
        asked.extend((job.image, method) for job in given[1] for method in given[3])
        return real(*given)

    monkeypatch.setattr(driver, "explain_batch", ask)
    return asked


def test_one_method_more_makes_that_method_and_dvc_may_remove_the_output(ready, cli, monkeypatch):
    assert cli("explain", "tiny") == (0, "")
    before, asked = tables(ready), spied(monkeypatch)
    for path in artifacts.attributions_folder(ready.root, "tiny").iterdir():
        path.unlink()  # as DVC does before a stage
    ready.set("attributions.methods", [*METHODS, "hirescam"])
    assert cli("explain", "tiny") == (0, "")
    assert {method for _, method in asked} == {"hirescam"}
    assert len(asked) == 12
    after = tables(ready)
    assert {name: after[name] for name in before} == before
    shutil.rmtree(ready.root / "data/attributions")
    assert cli("explain", "tiny") == (0, "")
    assert tables(ready) == after


def test_one_image_more_and_a_changed_one_make_theirs(ready, cli, monkeypatch):
    assert cli("explain", "tiny") == (0, "")
    photo = np.asarray(Image.open(ready.root / "mine/cup-3.png"))
    Image.fromarray(255 - photo).save(ready.root / "mine/cup-3.png")
    Image.fromarray(photo[::-1]).save(ready.root / "mine/new.png")
    new = pd.DataFrame([{"image": "new.png", "label": "cat", "split": "test", "boxes": ""}])
    ready.write(pd.concat([ready.manifest, new]))
    assert cli("dataset", "things") == (0, "")
    study = open_study("tiny")
    study.save_predictions(study.predict())
    asked = spied(monkeypatch)
    assert cli("explain", "tiny") == (0, "")
    assert {image for image, _ in asked} >= {"mine/cup-3.png", "mine/new.png"}
    assert len({image for image, _ in asked}) <= 2
    found = tables(ready)
    maps = attribute_rows(open_study("tiny"), open_study("tiny").predictions, METHODS).maps
    shutil.rmtree(ready.root / "data/attributions")
    assert cli("explain", "tiny") == (0, "")
    wanted = attribute_rows(open_study("tiny"), open_study("tiny").predictions, METHODS).maps
    assert list(found) == list(tables(ready))
    for method in METHODS:
        np.testing.assert_allclose(maps[method], wanted[method], atol=1e-6 * np.abs(wanted[method]).max())


def test_a_method_that_is_no_longer_asked_for_goes(ready, cli):
    assert cli("explain", "tiny") == (0, "")
    ready.set("attributions.methods", ["activation"])
    assert cli("explain", "tiny") == (0, "")
    assert list(tables(ready)) == ["activation"]


def test_methods_that_draw_take_the_seed_of_the_project(ready, cli, monkeypatch):
    options, real = [], explaining.explain
    monkeypatch.setattr(explaining, "explain", lambda *a, **o: options.append(o["options"]) or real(*a, **o))
    ready.set("attributions.methods", ["smoothgrad", "gradcam"])
    found = []
    for seed in (0, 7):
        ready.set("base.seed", seed)
        assert cli("explain", "tiny") == (0, "")
        found.append(pq.read_table(artifacts.attributions_folder(ready.root, "tiny") / "smoothgrad.parquet")["map"])
    assert options[0] == {"smoothgrad": {"seed": 0}}
    assert found[0] != found[1]


def test_an_unknown_method_is_one_line(ready, refused):
    ready.set("attributions.methods", ["gradcm"])
    assert "unknown method 'gradcm' in attributions.methods of params.yaml; did you mean 'gradcam'?" in refused(
        "explain", "tiny"
    )


def test_maps_of_the_input_are_stored_summed_over_the_channels(ready, cli):
    ready.set("attributions.methods", ["gradient"])
    assert cli("explain", "tiny") == (0, "")
    study = open_study("tiny")
    rows = study.predictions.head(5)
    wanted = explain(study.model, study.inputs(rows), methods=["gradient"])["gradient"][:, 0].sum(1).numpy()
    np.testing.assert_array_equal(attribute_rows(study, rows, ["gradient"]).maps["gradient"], wanted)


@pytest.mark.usefixtures("ready")
def test_pages_read_the_store_and_make_what_it_lacks(cli, monkeypatch):
    study = open_study("tiny")
    rows = study.predictions.iloc[[7, 2, 11]]
    wanted = attribute_rows(study, rows, ["gradcam", "hirescam"]).maps
    assert cli("explain", "tiny") == (0, "")
    asked, real = [], explaining.explain
    monkeypatch.setattr(explaining, "explain", lambda *a, **o: asked.append(o["methods"]) or real(*a, **o))
    found = attribute_rows(open_study("tiny"), rows, ["gradcam", "hirescam"]).maps
    assert asked == [["hirescam"]]
    assert list(found) == ["gradcam", "hirescam"]
    for method, maps in wanted.items():
        np.testing.assert_allclose(found[method], maps, atol=1e-6 * np.abs(maps).max())
    right = study.predictions[study.predictions["correct"].fillna(False).astype(bool)]
    others = ["cat" if name == "cup" else "cup" for name in right["predicted"]]
    attribute_rows(open_study("tiny"), right, ["gradcam"], others)
    assert asked[-1] == ["gradcam"]  # no map of these classes is stored


def test_stored_maps_of_something_else_are_refused(ready, cli):
    assert cli("explain", "tiny") == (0, "")
    ready.set("studies.tiny.layer", "features.0")
    told = "the stored maps of study 'tiny' are of another checkpoint, dataset, layer or setting; make them again"
    with pytest.raises(SeewhyError, match=told):
        attribute_rows(open_study("tiny"), open_study("tiny").predictions, ["gradcam"])


def test_a_damaged_table_is_one_line(tmp_path):
    (tmp_path / "gradcam.parquet").write_bytes(b"PAR1 cut")
    with pytest.raises(SeewhyError, match="damaged or not of this project; make it again: dvc repro -f attributions@a"):
        store.read_maps(tmp_path / "gradcam.parquet", [], "attributions@a")


def test_many_batches_become_few_row_groups_in_order(tmp_path):
    work = [explaining.Job(f"{number}.png", (number % 3,)) for number in range(70)]
    one = store.Store(tmp_path / "a", ["m", "k"], {"x": 1}, work, 1)
    for number in range(70):
        rows = pd.DataFrame({"image": [f"{number}.png"], "target": [number % 3]})
        one.write_batch(number, rows, np.array([number]), {"m": np.full((1, 2, 3), number), "k": np.zeros((1, 1, 1))})
    one.write_tables()
    file = pq.ParquetFile(tmp_path / "a/m.parquet")
    assert file.metadata.num_row_groups == 3
    table = file.read().to_pandas()
    assert table["image"].tolist() == [f"{number}.png" for number in range(70)]
    assert table["map"].map(lambda values: values[0]).tolist() == list(range(70))
    assert (table["height"][0], table["width"][0]) == (2, 3)
    found, note = store.read_maps(tmp_path / "a/m.parquet", [("4.png", 1), ("no.png", 0)], "stage")
    assert (list(found), note) == ([("4.png", 1)], {"x": 1})


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_ahead_keeps_the_order_and_loads_only_a_few(workers):
    loaded, lock = [], threading.Lock()

    def load(item):
        time.sleep(0.002 * (item % 3))
        with lock:
            loaded.append(item)
        return item * 10

    for number, (item, value) in enumerate(driver.load_ahead(range(20), load, workers)):
        assert (item, value) == (number, number * 10)
        assert len(loaded) <= number + workers + 2
    assert sorted(loaded) == list(range(20))


def test_what_loading_raises_reaches_the_caller():
    with pytest.raises(ZeroDivisionError):
        list(driver.load_ahead([1, 0, 2], lambda item: 1 / item, 2))


def test_a_long_run_is_announced_with_its_cost(ready, cli, monkeypatch):
    told = []
    monkeypatch.setattr(driver, "print_above_bars", told.append)
    monkeypatch.setattr(driver, "SLOW", 0.0)
    ready.set("attributions.methods", ["smoothgrad"])
    assert cli("explain", "tiny") == (0, "")
    (line,) = told
    assert line.startswith("tiny: about ")
    assert "passes" in line
