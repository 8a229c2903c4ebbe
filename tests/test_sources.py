import json
import os

import pytest

from seewhy.config import artifacts
from seewhy.config.project import find_project
from seewhy.inputs import dataset, renewal


@pytest.fixture
def checks(project, monkeypatch):
    """How often the dataset was checked; its first check is done."""
    seen, real = [], dataset.check_dataset
    monkeypatch.setattr(dataset, "check_dataset", lambda *given: seen.append(given[0]) or real(*given))
    assert project.root.is_dir()
    renew()
    assert seen == ["things"]
    seen.clear()
    return seen


def renew():
    renewal.renew_dataset(find_project(), "things")


def touch(path):
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 1))


def test_nothing_changed_does_nothing(checks):
    renew()
    assert checks == []


def test_an_equal_table_in_the_place_of_ours_is_no_change(project, checks):
    touch(artifacts.dataset_path(project.root, "things"))  # as DVC does after every run
    renew()
    assert checks == []


@pytest.mark.parametrize("name", ["mine/cup-3.png", "mine/manifest.csv", "mine/classes.json"])
def test_a_changed_file_is_noticed(project, checks, name):
    touch(project.root / name)
    renew()
    renew()
    assert checks == ["things"]


def test_a_lost_image_is_one_line(project, checks, refused):
    (project.root / "mine/cup-3.png").unlink()
    assert "row 4 of dataset 'things': there is no file 'cup-3.png'" in refused("dataset", "things")
    assert "row 4 of dataset 'things': there is no file 'cup-3.png'" in refused("dataset", "things")
    assert checks == ["things", "things"]


def test_other_settings_other_code_and_a_damaged_table_are_noticed(project, checks, monkeypatch):
    project.set("datasets.things.classes", "mine/other.json")
    (project.root / "mine/other.json").write_text((project.root / "mine/classes.json").read_text())
    renew()
    monkeypatch.setattr(renewal, "_checking_code", lambda _settings: "made by other code")
    renew()
    artifacts.dataset_path(project.root, "things").write_bytes(b"PAR1")
    renew()
    (project.root / "data/datasets/.things.seen.json").write_text("[")
    renew()
    assert checks == ["things"] * 4


def test_the_demonstration_is_made_again_when_its_settings_change_or_a_file_is_lost(project, checks, monkeypatch):
    made = []
    monkeypatch.setattr(renewal, "build_from_recipe", lambda entry, _root, where: made.append((entry["tile"], where)))
    where = "datasets.things.demo of params.yaml"
    for tile in (80, 80, 96):
        project.set("datasets.things.demo", {"recipe": "mine", "out": "mine", "tile": tile})
        renew()
    assert made == [(80, where), (96, where)]
    touch(project.root / "mine/cup-3.png")  # somebody edits an image: it is theirs now
    renew()
    assert len(made) == 2
    copy = (project.root / "mine/cup-3.png").read_bytes()
    monkeypatch.setattr(renewal, "build_from_recipe", lambda *_: (project.root / "mine/cup-3.png").write_bytes(copy))
    (project.root / "mine/cup-3.png").unlink()
    renew()
    assert len(checks) == 4


def test_what_was_seen_says_nothing_of_the_machine(project, checks):
    text = (project.root / "data/datasets/.things.seen.json").read_text()
    assert str(project.root) not in text
    assert set(json.loads(text)) == {"made", "recipe", "files"}
    assert checks == []


def test_a_recipe_that_does_not_exist_is_one_line(project, refused):
    project.set("datasets.things.demo", {"recipe": "demo.photo", "out": "mine"})
    line = refused("dataset", "things")
    assert "unknown recipe 'demo.photo' in datasets.things.demo of params.yaml; did you mean 'demo.photos'?" in line
    project.set("datasets.things.demo", {"recipe": "nobody.photo", "out": "mine"})
    assert refused("dataset", "things").endswith(
        "unknown recipe 'nobody.photo' in datasets.things.demo of params.yaml; allowed: none"
    )
    project.set("datasets.things.demo", {"recipe": "demo.photos"})
    assert refused("dataset", "things") == "seewhy: missing key 'out' in datasets.things.demo of params.yaml"


def test_a_new_image_in_a_folder_is_noticed(project, checks):
    (project.root / "mine/inner").mkdir()
    photo = project.root / "mine/cup-3.png"
    (project.root / "mine/inner/a.png").write_bytes(photo.read_bytes())
    project.set("datasets.things", {"task": "classification", "images": "mine", "classes": ["cup", "cat"]})
    for name in ("mine/b.png", "mine/inner/c.png"):
        renew()
        renew()
        (project.root / name).write_bytes(photo.read_bytes())
    renew()
    assert checks == ["things"] * 3
