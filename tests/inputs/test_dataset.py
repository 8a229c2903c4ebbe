import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from seewhy import artifacts
from seewhy.inputs.dataset import load
from tests.conftest import CLASSES

HUGE = "[" * 50_000


def test_a_good_manifest_becomes_a_checked_table(project, cli):
    assert cli("dataset", "things") == (0, "")
    found = load("things", project.root)
    first, last = found.frame.iloc[1], found.frame.iloc[-1]
    assert (found.classes, len(found.frame), found.masks) == (CLASSES, 12, [])
    assert (first["image"], first["label"], first["width"], first["height"]) == ("mine/cup-1.png", "cup", 32, 32)
    assert first["sha256"] == artifacts.sha256(project.root / "mine/cup-1.png")
    assert json.loads(first["boxes"]) == [[4, 4, 20, 24]]
    assert pd.isna(last["label"])


def test_two_checks_are_equal_to_the_byte(project, cli):
    path = artifacts.dataset(project.root, "things")
    found = [(cli("dataset", "things"), path.read_bytes()) for _ in range(2)]
    assert found[0] == found[1]


def test_only_the_image_column_is_needed(project, cli):
    project.write(project.manifest[["image"]])
    assert cli("dataset", "things")[0] == 0
    frame = load("things", project.root).frame
    assert frame["label"].isna().all()
    assert set(frame["split"]) == {"test"}
    assert set(frame["boxes"]) == {"[]"}


def test_a_label_may_be_an_index_and_other_columns_are_left_out(project, cli):
    project.cell("label", "1")
    project.cell("photographer", "<script>", row=3)
    assert cli("dataset", "things")[0] == 0
    frame = load("things", project.root).frame
    assert frame["label"][0] == "cat"
    assert "photographer" not in frame


def test_masks_are_checked_and_kept(project, cli, refused):
    Image.fromarray(np.eye(32, dtype=np.uint8)).save(project.root / "mine/shadow.png")
    project.cell("shadow_mask", "shadow.png")
    assert cli("dataset", "things")[0] == 0
    assert load("things", project.root).masks == ["shadow_mask"]
    assert load("things", project.root).frame["shadow_mask"][0] == "mine/shadow.png"
    Image.new("L", (32, 31)).save(project.root / "mine/shadow.png")
    assert "mask 'shadow.png' is (32, 31), its image (32, 32); allowed: equal sizes" in refused("dataset", "things")


CELLS = [
    ("image", "cup-9.png", "row 1 of dataset 'things': there is no file 'cup-9.png' in "),
    ("image", "", "row 1 of dataset 'things': there is no file '' in "),
    ("image", "a" * 300, "row 1 of dataset 'things': there is no file 'aaa"),
    ("image", "a\0b.png", "row 1 of dataset 'things': there is no file 'a"),
    ("image", "../../outside.png", "'../../outside.png' leads outside the project; allowed: a relative path inside it"),
    ("image", "/etc/hostname", "'/etc/hostname' leads outside the project"),
    ("image", "link.png", "'link.png' leads outside the project"),
    ("image", "circle.png", "there is no file 'circle.png'"),
    ("image", "cup-1.png", "image 'mine/cup-1.png' stands twice in dataset 'things'; allowed: one row an image"),
    ("image", "./cup-1.png", "image 'mine/cup-1.png' stands twice in dataset 'things'"),
    ("label", "cupp", "unknown label 'cupp' in row 1 of dataset 'things'; did you mean 'cup'? allowed: cup, cat"),
    ("label", "2", "unknown label '2' in row 1 of dataset 'things'"),
    ("label", "²", "unknown label '²' in row 1 of dataset 'things'"),
    ("shadow_mask", "no.png", "shadow_mask, row 1 of dataset 'things': there is no file 'no.png'"),
    ("shadow_mask", "../../outside.png", "shadow_mask, row 1 of dataset 'things': '../../outside.png' leads outside"),
    *(
        ("boxes", text, "boxes in row 1 of dataset 'things': found ")
        for text in (
            "[[1, 2, 3]]",
            "[1, 2, 3, 4]",
            "[[1, 2], [3, 4]]",
            "1",
            "null",
            '{"a": 1}',
            "[[NaN, 1, 2, 3]]",
            "[[0, 0, Infinity, 3]]",
            "[[0, 0, 1" + "0" * 400 + ", 3]]",
            "[[1, 2, 3, 4], [1]]",
            '[["a", 2, 3, 4]]',
            "1 2 3 4",
            HUGE,
        )
    ),
    ("boxes", "[[9, 2, 3, 4]]", "allowed: x0 < x1 and y0 < y1"),
    ("boxes", "[[32, 2, 40, 4]]", "allowed: pixels of the image, 32 x 32"),
    ("boxes", "[[-9, 2, 0, 4]]", "allowed: pixels of the image, 32 x 32"),
]


@pytest.mark.parametrize(("column", "value", "line"), CELLS, ids=[f"{cell[0]}={cell[1][:20]!r}" for cell in CELLS])
def test_a_wrong_cell_is_one_line(project, refused, column, value, line):
    Image.new("RGB", (4, 4)).save(project.root.parent / "outside.png")
    (project.root / "mine/link.png").symlink_to(project.root.parent / "outside.png")
    (project.root / "mine/circle.png").symlink_to(project.root / "mine/circle.png")
    project.cell(column, value)
    said = refused("dataset", "things")
    assert line in said
    assert len(said) < 400
    assert not artifacts.dataset(project.root, "things").exists()


def test_a_path_may_lead_elsewhere_in_the_project(project, cli):
    (project.root / "photos").mkdir()
    (project.root / "mine/cup-0.png").rename(project.root / "photos/a.png")
    project.cell("image", "../photos/a.png")
    assert cli("dataset", "things")[0] == 0
    assert load("things", project.root).frame["image"][0] == "photos/a.png"


def test_a_truncated_image_is_one_line(project, refused):
    path = project.root / "mine/cup-4.png"
    path.write_bytes(path.read_bytes()[:-200])
    assert "row 5 of dataset 'things': image 'cup-4.png' cannot be read: " in refused("dataset", "things")


MANIFESTS = [
    ("", "is not a CSV table: No columns to parse"),
    ("image,label\n", "manifest manifest.csv of dataset 'things' has no rows"),
    ("file,label\na,b\n", "missing column 'image' in manifest.csv of dataset 'things'; found: file, label"),
    ("Image,label\na,b\n", "unknown column 'Image' in manifest.csv of dataset 'things'; did you mean 'image'?"),
    ("image, label\na,b\n", "unknown column ' label' in manifest.csv of dataset 'things'; did you mean 'label'?"),
    ("image;label\na;b\n", "missing column 'image' in manifest.csv of dataset 'things'; found: image;label"),
    ("image,label\na,b,c\nd,e,f\n", "is not a CSV table: Length of header or names does not match"),
    ("image,label\na,b\nd,e,f\n", "is not a CSV table: Error tokenizing data. C error: Expected 2 fields in line 3"),
    ('image\n"a', "is not a CSV table: "),
    (b"image\n\xff\xfe", "is not a CSV table: "),
]


@pytest.mark.parametrize(("text", "line"), MANIFESTS)
def test_a_wrong_manifest_is_one_line(project, refused, text, line):
    (project.root / "mine/manifest.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert line in refused("dataset", "things")


def test_a_manifest_of_a_spreadsheet_works(project, cli):
    path = project.root / "mine/manifest.csv"
    path.write_bytes(b"\xef\xbb\xbfimage,label\r\ncup-0.png,cup\r\ncup-1.png\r\n")
    assert cli("dataset", "things")[0] == 0
    assert load("things", project.root).frame["label"].tolist()[0] == "cup"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('{"cup": 0}', "classes classes.json of dataset 'things': allowed: a JSON list of names, in index order"),
        ("[]", "allowed: a JSON list of names, in index order"),
        ('["cup", null]', "allowed: a JSON list of names, in index order"),
        ('["cup", ""]', "allowed: a JSON list of names, in index order"),
        ('["cup", "cat", "cup"]', "classes classes.json of dataset 'things': 'cup' stands twice; allowed: different"),
        ("[", "classes classes.json of dataset 'things' is not JSON: "),
        ("\udcff", "classes classes.json of dataset 'things' is not JSON: "),
    ],
)
def test_wrong_class_names_are_one_line(project, refused, content, line):
    (project.root / "mine/classes.json").write_text(content, errors="surrogateescape")
    assert line in refused("dataset", "things")


@pytest.mark.parametrize("key", ["manifest", "classes"])
def test_wrong_files_in_params_are_named_by_key(project, refused, key):
    project.set(f"datasets.things.{key}", "mine/no")
    assert f"datasets.things.{key}: there is no file 'mine/no' in " in refused("dataset", "things")
    project.set(f"datasets.things.{key}", "../no")
    told = f"datasets.things.{key} in params.yaml: found '../no'; allowed: a path inside the project"
    assert told in refused("dataset", "things")


@pytest.mark.parametrize(("column", "meant"), [("lable", "label"), ("labels", "label"), (" Split", "split")])
def test_a_typo_in_an_optional_column_is_told(project, refused, column, meant):
    project.write(project.manifest.rename(columns={meant: column}))
    assert f"unknown column '{column}' in manifest.csv of dataset 'things'; did you mean '{meant}'?" in refused(
        "dataset", "things"
    )


@pytest.mark.parametrize("column", ["image_id", "shadow_mask", "weather", "box"])
def test_columns_of_the_users_own_are_left_alone(project, cli, column):
    frame = project.manifest
    frame[column] = ""
    project.write(frame)
    assert cli("dataset", "things") == (0, "")
