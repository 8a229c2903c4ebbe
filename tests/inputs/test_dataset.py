import codecs
import json
import os
import pickle
from pathlib import Path

import numpy as np
import numpy.testing
import pandas as pd
import pytest
from PIL import Image

from seewhy.config import artifacts
from seewhy.inputs.dataset import load_dataset
from tests.conftest import CLASSES

HUGE = "[" * 50_000


def test_a_good_manifest_becomes_a_checked_table(project, cli):
    assert cli("dataset", "things") == (0, "")
    found = load_dataset("things", project.root)
    first, last = found.frame.iloc[1], found.frame.iloc[-1]
    assert (found.classes, len(found.frame), found.mask_columns) == (CLASSES, 12, [])
    assert (first["image"], first["label"], first["width"], first["height"]) == ("mine/cup-1.png", "cup", 32, 32)
    assert first["sha256"] == artifacts.file_sha256(project.root / "mine/cup-1.png")
    assert json.loads(first["boxes"]) == [[4, 4, 20, 24]]
    assert pd.isna(last["label"])


def test_two_checks_are_equal_to_the_byte(project, cli):
    path = artifacts.dataset_path(project.root, "things")
    found = [(cli("dataset", "things"), path.read_bytes()) for _ in range(2)]
    assert found[0] == found[1]


def test_only_the_image_column_is_needed(project, cli):
    project.write(project.manifest[["image"]])
    assert cli("dataset", "things")[0] == 0
    frame = load_dataset("things", project.root).frame
    assert frame["label"].isna().all()
    assert set(frame["split"]) == {"test"}
    assert set(frame["boxes"]) == {"[]"}


def test_a_label_may_be_an_index_and_other_columns_are_left_out(project, cli):
    project.cell("label", "1")
    project.cell("photographer", "<script>", row=3)
    assert cli("dataset", "things")[0] == 0
    frame = load_dataset("things", project.root).frame
    assert frame["label"][0] == "cat"
    assert "photographer" not in frame


def test_masks_are_checked_and_kept(project, cli, refused):
    Image.fromarray(np.eye(32, dtype=np.uint8)).save(project.root / "mine/shadow.png")
    project.cell("shadow_mask", "shadow.png")
    assert cli("dataset", "things")[0] == 0
    assert load_dataset("things", project.root).mask_columns == ["shadow_mask"]
    assert load_dataset("things", project.root).frame["shadow_mask"][0] == "mine/shadow.png"
    Image.new("L", (32, 31)).save(project.root / "mine/shadow.png")
    assert "mask 'shadow.png' is (32, 31), its image (32, 32); allowed: equal sizes" in refused("dataset", "things")


CELLS = [
    ("image", "cup-9.png", "row 1 of dataset 'things': there is no file 'cup-9.png' in "),
    ("image", "", "row 1 of dataset 'things': there is no file '' in "),
    ("image", "a" * 300, "row 1 of dataset 'things': there is no file 'aaa"),
    ("image", "a\0b.png", "row 1 of dataset 'things': there is no file 'a"),
    (
        "image",
        "../../outside.png",
        "'../../outside.png' leads outside the project; allowed: a path inside it, an absolute one, or a link",
    ),
    ("image", "/etc/hostname", "row 1 of dataset 'things': image 'hostname' cannot be read: "),
    ("image", "/etc/no.png", "row 1 of dataset 'things': there is no file '/etc/no.png' in mine, the project"),
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
    (project.root / "mine/circle.png").symlink_to(project.root / "mine/circle.png")
    project.cell(column, value)
    said = refused("dataset", "things")
    assert line in said
    assert len(said) < 400
    assert not artifacts.dataset_path(project.root, "things").exists()


def test_a_path_may_lead_elsewhere_in_the_project(project, cli):
    (project.root / "photos").mkdir()
    (project.root / "mine/cup-0.png").rename(project.root / "photos/a.png")
    project.cell("image", "../photos/a.png")
    assert cli("dataset", "things")[0] == 0
    assert load_dataset("things", project.root).frame["image"][0] == "photos/a.png"


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
    assert load_dataset("things", project.root).frame["label"].tolist()[0] == "cup"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('{"cup": "0.5"}', "classes classes.json of dataset 'things': allowed: a JSON list of names, in index order"),
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


def test_a_manifest_in_somebody_elses_words(project, cli, refused):
    """The files of a training script: image_path and subcategory, class names in an array of Python objects."""
    frame = project.manifest[["image", "label"]].rename(columns={"image": "image_path", "label": "subcategory"})
    frame["image_path"] = "mine/" + frame["image_path"]
    frame["label"] = "household"
    frame.to_csv(project.root / "mine/test_split.csv", index=False)
    np.save(project.root / "mine/label_classes.npy", np.array(CLASSES, dtype=object))
    project.set("datasets.things.manifest", "mine/test_split.csv")
    project.set("datasets.things.classes", "mine/label_classes.npy")
    assert "missing column 'image' in test_split.csv of dataset 'things'" in refused("dataset", "things")
    project.set("datasets.things.columns", {"image": "image_path", "label": "subcategory"})
    assert cli("dataset", "things") == (0, "")
    found = load_dataset("things", project.root)
    assert (found.classes, found.task) == (CLASSES, "classification")
    assert found.frame["label"].tolist()[:2] == ["cup", "cup"]
    assert found.frame["image"][0] == "mine/cup-0.png"
    project.set("datasets.things.columns", {"image": "image_paht"})
    assert "unknown column 'image_paht' in test_split.csv of dataset 'things'; did you mean 'image_path'?" in refused(
        "dataset", "things"
    )
    project.set("datasets.things.columns", {"picture": "image_path"})
    assert "datasets.things.columns.picture in params.yaml: found 'picture'; allowed: image, label," in refused(
        "dataset", "things"
    )


TYPED = {
    "numbers": [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1],
    "floats": [0.0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, np.nan],
    "category": pd.Categorical(["cup"] * 6 + ["cat"] * 6),
    "date": pd.date_range("2024-01-01", periods=12),
    "lists": [np.array([[4, 4, 20, 24]])] * 12,
    "text": pd.array(["cup"] * 6 + ["cat"] * 6, dtype="string[python]"),
}


def write(project, kind):
    frame = project.manifest[["image"]].assign(**TYPED | {"paths": [Path(one) for one in project.manifest["image"]]})
    path = f"mine/data.{kind}"
    if kind == "parquet":
        frame.assign(lists="", paths="").to_parquet(project.root / path)
    elif kind == "pkl":
        (project.root / path).write_bytes(pickle.dumps({"train_df": frame.head(1), "test_df": frame, "notes": [1]}))
        project.set("datasets.things.table", "test_df")
    else:
        frame.to_csv(project.root / path, sep="\t", index=False)
    project.set("datasets.things.manifest", path)
    return frame


@pytest.mark.parametrize("kind", ["pkl", "parquet", "tsv"])
@pytest.mark.parametrize("name", ["numbers", "floats", "category", "text"])
def test_tables_and_labels_of_every_kind(project, cli, kind, name):
    write(project, kind)
    project.set(
        "datasets.things.columns", {"label": name} | ({"boxes": "lists", "image": "paths"} if kind == "pkl" else {})
    )
    assert cli("dataset", "things") == (0, "")
    frame = load_dataset("things", project.root).frame
    last = None if name == "floats" else "cat"
    assert frame["label"].tolist()[:-1] == ["cup"] * 6 + ["cat"] * 5
    assert frame["label"].iloc[-1] is last or frame["label"].iloc[-1] == last or pd.isna(frame["label"].iloc[-1])
    assert json.loads(frame["boxes"][0]) == ([[4, 4, 20, 24]] if kind == "pkl" else [])


def test_a_pickle_written_with_other_versions_loads(project, cli):
    frame = project.manifest.astype({"label": "category"})
    old = pickle.dumps({"test_df": frame}, protocol=2)
    for name, room in (
        ("DataFrame", b"core.frame"),
        ("RangeIndex", b"core.indexes.range"),
        ("Index", b"core.indexes.base"),
    ):
        old = old.replace(b"cpandas\n" + name.encode() + b"\n", b"cpandas." + room + b"\n" + name.encode() + b"\n")
    old = old.replace(b"numpy._core.", b"numpy.core.")
    (project.root / "mine/data.pkl").write_bytes(old)
    project.set("datasets.things.manifest", "mine/data.pkl")
    project.set("datasets.things.table", "test_df")
    assert cli("dataset", "things") == (0, "")


def test_tables_are_named(project, refused):
    write(project, "pkl")
    project.set("datasets.things.table", None)
    place = "manifest data.pkl of dataset 'things'"
    assert f"{place} holds several things; name the table with `table:`; allowed: train_df, test_df" in refused(
        "dataset", "things"
    )
    project.set("datasets.things.table", "tset_df")
    assert f"unknown table 'tset_df' in {place}; did you mean 'test_df'?" in refused("dataset", "things")
    (project.root / "mine/data.pkl").write_bytes(pickle.dumps([1]))
    assert f"{place} holds a list; allowed: a DataFrame, or a dict with DataFrames" in refused("dataset", "things")
    (project.root / "mine/data.pkl").write_bytes(pickle.dumps(project.manifest))
    assert f"{place} is one table; allowed: no `table:` 'tset_df'" in refused("dataset", "things")
    (project.root / "mine/data.pkl").write_bytes(pickle.dumps(project.manifest)[:-9])
    assert f"{place} is not a pickled table: " in refused("dataset", "things")


class Call:
    """A payload that calls what it is given."""

    def __init__(self, function, *arguments):
        self.called = function, arguments

    def __reduce__(self):
        return self.called


CALLS = [
    (os.system, "touch touched", "posix.system"),
    (eval, "open('touched', 'w')", "builtins.eval"),
    (numpy.testing.runstring, "open('touched', 'w')", "numpy.testing._private.utils.runstring"),
    (pd.eval, "1 + 1", "pandas.eval"),
    (pd.read_pickle, "a.pkl", "pandas.read_pickle"),
    (getattr, "x", "builtins.getattr"),
    (open, "touched", "io.open"),
]


@pytest.mark.parametrize("protocol", [2, 5])
@pytest.mark.parametrize(("function", "argument", "name"), CALLS, ids=[name for *_, name in CALLS])
def test_a_payload_in_a_table_or_in_class_names_does_not_run(project, refused, function, argument, name, protocol):
    payload = Call(function, argument)
    (project.root / "mine/data.pkl").write_bytes(pickle.dumps({"a": payload, "df": project.manifest}, protocol))
    project.set("datasets.things.manifest", "mine/data.pkl")
    said = refused("dataset", "things")
    old = {"builtins": "__builtin__"}.get(name.partition(".")[0], "")
    named = name if protocol == 5 or not old else name.replace("builtins", old)
    assert f"manifest data.pkl of dataset 'things' needs code to load ({named}); allowed in a pickle: tables" in said
    array = np.empty(1, dtype=object)
    array[0] = payload
    np.save(project.root / "mine/names.npy", array)
    project.set("datasets.things.classes", "mine/names.npy")
    assert "classes names.npy of dataset 'things' needs code to load (" in refused("dataset", "things")
    assert not (project.root / "touched").exists()


def test_a_state_is_not_given_to_a_class(project, refused):
    """Opcodes by hand: the class DataFrame, and then `BUILD` with a dict, which would change it for everybody."""
    (project.root / "mine/data.pkl").write_bytes(b"\x80\x02cpandas\nDataFrame\n}X\x03\x00\x00\x00mapK\x01sb.")
    project.set("datasets.things.manifest", "mine/data.pkl")
    assert "needs code to load (state of DataFrame)" in refused("dataset", "things")


@pytest.mark.parametrize("fields", [np.dtype([("a", "O")]), Call(np.dtype, [("a", "O")])], ids=["state", "call"])
def test_an_array_that_takes_bytes_for_pointers_is_refused(project, refused, fields):
    forged = Call(np._core.multiarray._reconstruct, np.ndarray, (0,), b"b")
    forged.called += ((1, (1,), fields, False, b"8 bytes!"),)
    (project.root / "mine/data.pkl").write_bytes(pickle.dumps(forged))
    project.set("datasets.things.manifest", "mine/data.pkl")
    assert "needs code to load (numpy.dtype with fields)" in refused("dataset", "things")


def test_a_codec_of_the_files_choice_is_refused(project, refused):
    (project.root / "mine/data.pkl").write_bytes(pickle.dumps(Call(codecs.encode, "x", "rot13")))
    project.set("datasets.things.manifest", "mine/data.pkl")
    assert "needs code to load (_codecs.encode)" in refused("dataset", "things")


def test_text_that_reaches_beyond_its_buffer_is_refused(project, refused):
    import pyarrow as pa

    restore, (parts,) = pa.array(["cup", "cat"]).__reduce__()
    offsets = pa.py_buffer(np.array([0, 3, 10**6], dtype=np.int32).tobytes())
    forged = (*parts[:4], [None, offsets, parts[4][2]], *parts[5:])
    (project.root / "mine/data.pkl").write_bytes(pickle.dumps(Call(restore, forged)))
    project.set("datasets.things.manifest", "mine/data.pkl")
    line = refused("dataset", "things")
    assert "manifest data.pkl of dataset 'things' is not a pickled table: " in line
    assert "offset" in line


@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [
        ("a.txt", "cup\n\ncat \n", CLASSES),
        ("a.txt", "\ufeffcup\r\ncat", CLASSES),
        ("a.npy", np.array(CLASSES), CLASSES),
        ("a.npy", np.array([np.str_(name) for name in CLASSES], dtype=object), CLASSES),
        ("a.npy", np.array([0, 1]), ["0", "1"]),
    ],
)
def test_class_names_from_files(project, cli, name, content, wanted):
    path = project.root / "mine" / name
    path.write_text(content, encoding="utf-8", newline="") if isinstance(content, str) else np.save(path, content)
    project.write(project.manifest.drop(columns="label"))
    project.set("datasets.things.classes", f"mine/{name}")
    assert cli("dataset", "things") == (0, "")
    assert load_dataset("things", project.root).classes == wanted


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("a.txt", b"\n", "classes a.txt of dataset 'things': allowed: a JSON list of names, in index order; or"),
        ("a.txt", b"cup\ncup", "classes a.txt of dataset 'things': 'cup' stands twice; allowed: different names"),
        ("a.npy", b"hello", "classes a.npy of dataset 'things' is not a numpy array: "),
        ("a.npy", b"", "classes a.npy of dataset 'things' is not a numpy array: "),
    ],
)
def test_wrong_files_of_class_names_are_one_line(project, refused, name, content, line):
    (project.root / "mine" / name).write_bytes(content)
    project.set("datasets.things.classes", f"mine/{name}")
    assert line in refused("dataset", "things")


def test_class_names_may_stand_in_the_settings(project, cli, refused):
    project.set("datasets.things.classes", CLASSES)
    assert cli("dataset", "things") == (0, "")
    assert load_dataset("things", project.root).classes == CLASSES
    project.set("datasets.things.classes", ["cup", "cup"])
    assert "datasets.things.classes: 'cup' stands twice; allowed: different names" in refused("dataset", "things")
    for wrong in ([], [None], [""], {"cup": 1}, 3):
        project.set("datasets.things.classes", wrong)
        told = f"datasets.things.classes in params.yaml: found {wrong!r}; allowed: a .json, .npy or .txt file of names"
        assert told in refused("dataset", "things")


def test_a_folder_of_images_is_a_dataset(project, cli, refused):
    (project.root / "mine/deeper").mkdir()
    (project.root / "mine/cat-5.png").rename(project.root / "mine/deeper/A.PNG")
    (project.root / "mine/._cat-1.png").write_bytes(b"what a file system leaves behind")
    project.set("datasets.things", {"task": "segmentation", "images": "mine", "classes": CLASSES})
    assert cli("dataset", "things") == (0, "")
    found = load_dataset("things", project.root)
    assert (found.task, len(found.frame)) == ("segmentation", 12)
    assert found.frame["image"].tolist() == sorted(found.frame["image"])
    assert "mine/deeper/A.PNG" in set(found.frame["image"])
    assert found.frame["label"].isna().all()
    project.set("datasets.things.images", "mine/no")
    assert "datasets.things.images: there is no folder 'no' in " in refused("dataset", "things")
    (project.root / "empty").mkdir()
    project.set("datasets.things.images", "empty")
    assert "datasets.things.images: there is no image in 'empty'; allowed: files ending in .jpg" in refused(
        "dataset", "things"
    )


def test_a_dataset_has_one_source_and_its_task_decides_on_classes(project, cli, refused):
    project.set("datasets.things.images", "mine")
    told = "datasets.things.images in params.yaml: found 'mine'; allowed: either `manifest`, a table, or `images`"
    assert told in refused("dataset", "things")
    project.set("datasets.things.images", None)
    project.set("datasets.things.manifest", None)
    assert "datasets.things.images in params.yaml: found None; allowed: either `manifest`" in refused(
        "dataset", "things"
    )
    project.set("datasets.things", {"task": "classification", "images": "mine"})
    assert "datasets.things.classes in params.yaml: found None; allowed: a .json, .npy or" in refused(
        "dataset", "things"
    )
    project.set("datasets.things", {"task": "captioning", "images": "mine"})
    assert cli("dataset", "things") == (0, "")
    assert load_dataset("things", project.root).classes == []


def test_five_captions_of_an_image_are_one_row(project, cli):
    text = "image,caption\ncup-0.png,a cup\ncat-0.png,a cat\ncup-0.png,coffee\n"
    (project.root / "mine/captions.txt").write_text(text)
    project.set("datasets.things", {"task": "captioning", "manifest": "mine/captions.txt"})
    assert cli("dataset", "things") == (0, "")
    frame = load_dataset("things", project.root).frame
    assert frame["caption"].tolist() == ["a cup\ncoffee", "a cat"]


def test_values_of_a_segmentation_mask_are_classes(project, cli, refused):
    values = np.zeros((32, 32), dtype=np.uint8)
    values[0, :3] = 0, 1, 255
    Image.fromarray(values).save(project.root / "mine/truth.png")
    project.cell("mask", "truth.png")
    project.set("datasets.things.task", "segmentation")
    assert cli("dataset", "things") == (0, "")
    assert load_dataset("things", project.root).frame["mask"][0] == "mine/truth.png"
    values[5, 5] = 2
    Image.fromarray(values).save(project.root / "mine/truth.png")
    told = "mask, row 1 of dataset 'things': mask 'truth.png' has the value 2; allowed: a class index up to 1, or 255"
    assert told in refused("dataset", "things")


@pytest.mark.parametrize("spelt", ["mine/cup-0.png", "cup-0.png", r"mine\cup-0.png", "{root}/mine/cup-0.png"])
def test_paths_from_the_manifest_or_from_the_project(project, cli, spelt):
    project.cell("image", spelt.format(root=project.root))
    assert cli("dataset", "things") == (0, "")
    assert load_dataset("things", project.root).frame["image"][0] == "mine/cup-0.png"


def test_root_says_where_paths_start(project, cli, refused):
    (project.root / "photos/all").mkdir(parents=True)
    (project.root / "mine/cup-0.png").rename(project.root / "photos/all/x.png")
    project.cell("image", "all/x.png")
    line = refused("dataset", "things")
    assert "there is no file 'all/x.png' in mine, the project; datasets.things.root says where paths start" in line
    project.write(project.manifest.head(1))
    project.set("datasets.things.root", "photos")
    assert cli("dataset", "things") == (0, "")
    assert load_dataset("things", project.root).frame["image"].tolist() == ["photos/all/x.png"]


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("one.png", Image.new("RGB", (1, 1))),
        ("cmyk.jpg", Image.new("CMYK", (8, 8))),
        ("deep.png", Image.fromarray(np.full((8, 8), 40000, dtype=np.uint16))),
    ],
)
def test_unusual_images_are_let_in(project, cli, name, image):
    image.save(project.root / "mine" / name)
    project.cell("image", name)
    project.cell("boxes", "")
    assert cli("dataset", "things") == (0, "")
    assert load_dataset("things", project.root).frame["width"][0] == image.width
