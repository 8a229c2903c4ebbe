import pytest

from seewhy.config.project import find_project
from seewhy.doctor import preflight
from seewhy.errors import SeewhyError


@pytest.mark.parametrize(
    ("key", "name", "line"),
    [
        ("studies.tiny.checkpoint", "tinny.pth", "unknown file 'tinny.pth' in studies.tiny.checkpoint of params.yaml; "
         "did you mean 'tiny.pth'? allowed: "),
        ("datasets.things.manifest", "mine/manifst.csv", "did you mean 'mine/manifest.csv'?"),
        ("datasets.things.classes", "my/classes.json", "datasets.things.classes of params.yaml: there is no file 'my/"),
        ("demo.piece", {"recipe": "lite0", "from": "fetch.py", "out": "a.pth"}, "in demo.piece.from of params.yaml; "),
    ],
)  # fmt: skip
def test_a_file_that_is_not_there_is_told_before_anything_runs(project, refused, key, name, line):
    project.set(key, name)
    assert line in refused("report")
    assert not (project.root / "dvc.lock").exists()


def test_a_file_that_the_demonstration_will_make_is_no_mistake(project):
    project.set("demo.piece", {"recipe": "lite0", "from": "tiny.pth", "out": "made"})
    project.set("studies.tiny.checkpoint", "made/weights.pth")
    preflight.check_input_files(find_project(), ["tiny"])
    project.set("datasets.things.manifest", "mine/later/manifest.csv")
    project.set("datasets.things.demo", {"recipe": "photos", "out": "mine/later"})
    preflight.check_input_files(find_project(), ["tiny"])
    project.set("studies.tiny.checkpoint", "mad/weights.pth")
    with pytest.raises(SeewhyError, match=r"there is no file 'mad/weights\.pth'"):
        preflight.check_input_files(find_project(), ["tiny"])


def test_only_the_studies_asked_for_are_looked_at(project):
    settings = {"dataset": "things", "checkpoint": "later.pth", "architecture": "my_nets:Tiny"}
    project.set("studies.later", settings)
    preflight.check_input_files(find_project(), ["tiny"])
    with pytest.raises(SeewhyError, match=r"studies\.later\.checkpoint"):
        preflight.check_input_files(find_project(), ["tiny", "later"])


def test_a_demonstration_that_does_not_say_where_makes_no_file(project):
    project.set("datasets.things.manifest", "mine/later/manifest.csv")
    project.set("datasets.things.demo", {"recipe": "photos"})
    with pytest.raises(SeewhyError, match=r"there is no file 'mine/later/manifest\.csv'"):
        preflight.check_input_files(find_project(), ["tiny"])
