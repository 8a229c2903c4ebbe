"""Each layout read as it lies: labels, splits, masks and boxes that are right, and refusals where two readings fit."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seewhy.config.dataset import Dataset as Settings
from seewhy.config.validation import validate_settings
from seewhy.errors import SeewhyError
from seewhy.inputs import images
from seewhy.inputs.dataset import check_dataset, load_dataset
from seewhy.inputs.layouts import LAYOUTS, choose_layout
from seewhy.inputs.sources import open_source
from tests.inputs import layout_files as files
from tests.inputs.layout_files import NAMES, save, table


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("SEEWHY_PROGRESS", "off")
    return tmp_path


def read(root, data="set", task="classification", **keys):
    settings = validate_settings(Settings, {"task": task, "data": data} | keys, "params.yaml")
    check_dataset("set", settings, root)
    return load_dataset("set", root)


def labels(found, split=None):
    frame = found.frame if split is None else found.frame[found.frame["split"] == split]
    return dict(zip((name.rpartition("/")[2] for name in frame["image"]), frame["label"], strict=True))


def test_class_folders_of_three_splits(root):
    files.split_folders(root / "set")
    found = read(root)
    assert (found.classes, set(found.frame["split"])) == (NAMES, {"train", "val", "test"})
    assert labels(found, "test") == {f"{name}-{n}.png": name for name in NAMES for n in range(3)}


@pytest.mark.parametrize(
    ("make", "split"),
    [
        (lambda top: files.split_folders(top, ("Training", "Testing")), "test"),
        (lambda top: files.split_folders(top / "archive/brain", ("train", "test")), "test"),
        (lambda top: files.split_folders(top / "images", ("train", "test"), ["fake", "real"]), "test"),
        (lambda top: files.class_folders(top), "test"),
        (lambda top: files.class_folders(top, ["positive", "negative"]), "test"),
        (lambda top: files.class_folders(top, ["c0", "c1", "c10", "c2"], ending="JPG"), "test"),
        (lambda top: files.class_folders(top / "test", ["Normal", "Pneumonia"]), "test"),
    ],
)
def test_class_folders_of_all_kinds(root, make, split):
    make(root / "set")
    found = read(root)
    own = found.frame[found.frame["split"] == split]
    assert len(own)
    assert all(label in image for image, label in zip(own["image"], own["label"], strict=True))
    assert found.classes == sorted(found.classes)


def test_rows_are_in_the_order_of_image_folder(root):
    from torchvision.datasets import ImageFolder

    files.class_folders(root / "set", ["b", "A", "10", "2"])
    save(root / "set/b/inner/z.png", 77)
    theirs = ImageFolder(str(root / "set"))
    found = read(root)
    assert found.classes == theirs.classes
    assert [str(root / one) for one in found.frame["image"]] == [path for path, _ in theirs.samples]
    assert [found.classes.index(one) for one in found.frame["label"]] == theirs.targets


def test_numeric_folders_keep_the_order_of_text_and_say_so(root):
    files.class_folders(root / "set", ["1", "10", "2"])
    found = read(root)
    assert found.classes == ["1", "10", "2"]
    assert any("order of text" in note for note in found.notes)
    assert read(root, classes=["1", "2", "10"]).classes == ["1", "2", "10"]
    assert any("numbered as `classes` says" in note for note in load_dataset("set", root).notes)


def test_classes_are_numbered_as_in_train(root):
    files.class_folders(root / "set/train")
    files.class_folders(root / "set/test", ["bar", "disc"], first=100)
    found = read(root)
    assert found.classes == NAMES
    assert any("test lacks cup" in note for note in found.notes)


def test_crops_beside_whole_pictures_are_refused_until_chosen(root):
    for name in ("im_Dysk", "im_Koil"):
        for n in range(3):
            save(root / f"set/{name}/{name}/{n}.bmp", n)
            save(root / f"set/{name}/{name}/CROPPED/{name}{n}_1.bmp", 50 + n + 100 * (name == "im_Dysk"))
    with pytest.raises(SeewhyError, match=r"`files: '\*\*/CROPPED/\*'`"):
        read(root)
    found = read(root, files="**/CROPPED/*")
    assert (len(found.frame), found.classes) == (6, ["im_Dysk", "im_Koil"])
    assert all("CROPPED" in one for one in found.frame["image"])
    assert len(read(root, files="*").frame) == 12


@pytest.mark.parametrize(
    ("names", "pattern"),
    [
        (["cat.0.jpg", "cat.1.jpg", "dog.0.jpg", "dog.1.jpg"], None),
        (["great_tit_1.jpg", "great_tit_2.jpg", "jay_1.jpg", "jay_2.jpg"], None),
        (["[ulcer] 1.jpg", "[ulcer] 2.jpg", "[scar] 1.jpg", "[scar] 2.jpg"], None),
        (["0001c3_cup.jpg", "0002c1_cup.jpg", "0003c1_bar.jpg"], "*_{label}.jpg"),
    ],
)
def test_the_class_in_the_file_name(root, names, pattern):
    for n, name in enumerate(names):
        save(root / "set" / name, n)
    finding = choose_layout(root / "set")
    keys = {"pattern": pattern} if pattern else finding.settings
    assert pattern or finding.layout == "file-names"
    found = read(root, **keys)
    assert all(label in image for image, label in labels(found).items())
    assert len(found.classes) == 2


def test_names_of_a_camera_are_no_classes(root):
    for n in range(4):
        save(root / f"set/{'IMG' if n % 2 else 'DSC'}_{n}.jpg", n)
    assert choose_layout(root / "set").layout == "images"
    with pytest.raises(SeewhyError, match="the data name no classes"):
        read(root)
    assert read(root, classes=NAMES).frame["label"].isna().all()


def rows(root, **columns):
    """A table beside six images; a function makes each cell."""
    made = []
    for n in range(6):
        save(root / f"set/images_{n % 2:03}/images/{n:04}_x.png", n)
        made.append({"Image Index": f"{n:04}_x.png"} | {name: make(n) for name, make in columns.items()})
    table(root / "set/labels.csv", made)


def test_several_labels_in_a_cell_and_lists_of_splits(root):
    rows(root, **{"Finding Labels": lambda n: ["No Finding", "Mass|Edema", "Edema"][n % 3]})
    (root / "set/train_val_list.txt").write_text("0000_x.png\n0001_x.png\n")
    (root / "set/test_list.txt").write_text("0002_x.png\n0003_x.png\n0004_x.png\n0005_x.png\n")
    assert choose_layout(root / "set").task == "multilabel"
    found = read(root, task="multilabel")
    assert found.classes == ["Edema", "Mass"]
    assert [json.loads(one) for one in labels(found, "test").values()] == [["Edema"], [], ["Edema", "Mass"], ["Edema"]]
    assert any("folders below" in note for note in found.notes)


def test_columns_of_uncertain_labels(root):
    marks = {
        "Sex": lambda n: "FM"[n % 2],
        "Edema": lambda n: ["1.0", "0.0", ""][n % 3],
        "Mass": lambda n: ["-1.0", "1.0", "0.0"][n % 3],
    }
    rows(root, **marks)
    found = read(root, task="multilabel")
    assert found.classes == ["Edema", "Mass"]
    assert [json.loads(one) for one in found.frame["label"][:3]] == [["Edema"], ["Mass"], []]
    assert [json.loads(one) for one in found.frame["uncertain"][:3]] == [["Mass"], [], ["Edema"]]
    assert any("not known" in note for note in found.notes)
    positive = read(root, task="multilabel", uncertain="positive")
    assert json.loads(positive.frame["label"][0]) == ["Edema", "Mass"]
    only = read(root, task="multilabel", classes=["Mass"], label_columns=["Mass"])
    assert [json.loads(one) for one in only.frame["label"][:3]] == [[], ["Mass"], []]


def test_one_hot_columns_in_a_second_table(root):
    for n in range(6):
        save(root / f"set/train_features/ZJ{n:06}.jpg", n)
    ids = [f"ZJ{n:06}" for n in range(6)]
    table(
        root / "set/train_features.csv",
        [{"id": one, "filepath": f"train_features/{one}.jpg", "site": f"S{n % 2}"} for n, one in enumerate(ids)],
    )
    table(
        root / "set/train_labels.csv",
        [
            {"id": one} | {name: float(n % 3 == k) for k, name in enumerate(["hog", "bird", "blank"])}
            for n, one in enumerate(ids)
        ],
    )
    for data in ("set/train_features.csv", "set"):
        found = read(root, data=data)
        assert found.classes == ["hog", "bird", "blank"]
        assert found.frame["label"].tolist() == ["hog", "bird", "blank"] * 2


def test_indices_with_a_column_of_names(root):
    rows(root, label=lambda n: n % 3, class_name=lambda n: ["safe", "phone", "drink"][n % 3])
    found = read(root, data="set/labels.csv")
    assert found.classes == ["safe", "phone", "drink"]
    assert found.frame["label"].tolist() == ["safe", "phone", "drink"] * 2


def test_ids_without_ending_and_numbers(root):
    for n in range(5):
        save(root / f"set/photos/{n:02}af.jpg", n)
    table(root / "set/train.csv", [{"id_code": f"{n:02}af", "breed": ["pug", "lab"][n % 2]} for n in range(5)])
    found = read(root, data="set/train.csv", columns={"label": "breed"})
    assert labels(found)["03af.jpg"] == "lab"
    table(
        root / "set/train.csv",
        [{"image_path": f"photos/{n:02}af.jpg", "Dry_g": n + 0.5, "Clover_g": n * 2} for n in range(5)],
    )
    numbers = read(
        root,
        data="set/train.csv",
        task="regression",
        label_columns=["Dry_g", "Clover_g"],
        classes=["Dry_g", "Clover_g"],
    )
    assert json.loads(numbers.frame["label"][2]) == [2.5, 4.0]


def test_a_json_of_records_and_one_of_splits(root):
    for n in range(4):
        save(root / f"set/{n}.png", n)
    held = [{"file_name": f"{n}.png", "category": NAMES[n % 2]} for n in range(4)]
    (root / "set/labels.json").write_text(json.dumps(held))
    (root / "set/split.json").write_text(json.dumps({"train": ["0.png", "1.png"], "test": ["2.png", "3.png"]}))
    found = read(root, data="set/labels.json", splits="set/split.json")
    assert labels(found, "test") == {"2.png": "bar", "3.png": "cup"}
    (root / "set/labels.json").write_text(json.dumps({f"{n}.png": NAMES[n % 2] for n in range(4)}))
    assert labels(read(root, data="set/labels.json"))["1.png"] == "cup"
    by_split = {
        split: [{"image": f"{n}.png", "label": NAMES[n % 2]} for n in part]
        for split, part in (("train", (0, 1)), ("test", (2, 3)))
    }
    (root / "set/labels.json").write_text(json.dumps(by_split))
    assert set(labels(read(root, data="set/labels.json"), "test")) == {"2.png", "3.png"}


def test_lists_of_splits_with_class_folders(root):
    files.class_folders(root / "set/2750", ["Crop", "Forest"])
    for split, n in (("train", 0), ("val", 1), ("test", 2)):
        (root / f"set/{split}.txt").write_text(f"Crop/Crop-{n}.png\nForest/Forest-{n}.png\n")
    assert labels(read(root), "test") == {"Crop-2.png": "Crop", "Forest-2.png": "Forest"}


def test_captions_of_coco_and_flickr(root):
    for n in range(3):
        save(root / f"set/Images/{n}.jpg", n)
    lines = "".join(f"{n}.jpg#{k}\tA thing , number {k} .\n" for n in range(3) for k in range(2))
    (root / "set/Flickr8k.token.txt").write_text(lines)
    (root / "set/Flickr_8k.testImages.txt").write_text("2.jpg\n")
    found = read(root, task="captioning")
    assert found.frame["split"].tolist() == ["none", "none", "test"]
    assert found.frame["caption"][0] == "A thing , number 0 .\nA thing , number 1 ."
    (root / "set/captions.txt").write_text("image,caption\n0.jpg,A cup , red .\n0.jpg,A mug\n1.jpg,A bar\n")
    assert read(root, data="set/captions.txt", task="captioning").frame["caption"][0] == "A cup , red .\nA mug"
    held = {"images": [{"id": 5, "file_name": "1.jpg"}], "annotations": [{"image_id": 5, "caption": "a thing"}]}
    (root / "set/captions_val2014.json").write_text(json.dumps(held))
    assert read(root, data="set/captions_val2014.json", task="captioning").frame["caption"].tolist() == ["a thing"]


def mask_of(found, row=0):
    return np.asarray(images.open_image(found.root / found.frame["mask"][row], mode="L"))


def test_coloured_masks_with_a_table_of_colours(root):
    files.coloured_masks(root / "set")
    found = read(root, task="segmentation")
    assert found.classes == ["sky", "road", "car"]
    assert set(found.frame["split"]) == {"train", "test"}
    mask = mask_of(found)
    assert (mask[0, 0], mask[9, 0], mask[11, 3]) == (0, 1, 2)
    other = read(root, task="segmentation", classes=["car", "sky"], layout="masks", colours="set/class_dict.csv")
    assert (mask_of(other)[0, 0], mask_of(other)[9, 0], mask_of(other)[11, 3]) == (1, 255, 0)
    (root / "set/class_dict.csv").unlink()
    with pytest.raises(SeewhyError, match=r"are coloured \(#.*`colours: FILE`"):
        read(root, task="segmentation", classes=["sky", "road", "car"])


@pytest.mark.parametrize(("value", "told"), [(1, None), (255, "255 is read as class 1"), (38, "38 is read as class 1")])
def test_masks_of_two_values_are_equal(root, value, told):
    files.mask_folders(root / "set", value)
    found = read(root, task="segmentation", classes=["background", "thing"])
    assert np.array_equal(np.unique(mask_of(found, 2)), [0, 1])
    assert mask_of(found, 2).sum() == 24
    assert told is None or any(told in note for note in found.notes)


def test_masks_of_jpeg_are_cut_in_the_middle(root):
    files.mask_folders(root / "set", ending="jpeg")
    found = read(root, task="segmentation", classes=["background", "thing"])
    assert set(np.unique(mask_of(found))) == {0, 1}


def test_values_that_are_no_classes_are_refused_until_named(root):
    files.mask_folders(root / "set", 100)
    with pytest.raises(SeewhyError, match="has the value 100; allowed: a class index up to 2, or 255 for none"):
        read(root, task="segmentation", classes=["a", "b", "c"])
    found = read(root, task="segmentation", classes=["a", "b", "c"], mask_values=[0, 50, 100])
    assert set(np.unique(mask_of(found))) == {0, 2}


def test_masks_beside_images_and_the_class_in_the_name(root):
    for n in range(4):
        save(root / f"set/[{NAMES[n % 2]}] {n}.png", n)
        Image.fromarray(np.eye(16, dtype=np.uint8) * 255).save(root / f"set/[{NAMES[n % 2]}] {n}_mask.png")
    found = read(root, layout="masks", pattern="[{label}]*")
    assert set(labels(found).values()) == {"bar", "cup"}
    assert found.mask_columns == ["mask"]
    assert found.frame["mask"].notna().all()


def test_voc(root):
    files.voc(root / "set")
    found = read(root)
    assert labels(found, "val") == {"2.jpg": "cat", "3.jpg": "cat"}
    assert json.loads(found.frame["boxes"][0]) == [[2, 3, 10, 12]]
    masks = read(root, task="segmentation")
    assert masks.classes[8] == "cat"
    assert set(np.unique(mask_of(masks))) == {8}
    path = root / "set/VOC2012/Annotations/2.xml"
    path.write_text('<!DOCTYPE a [<!ENTITY b "c">]><annotation>&b;</annotation>')
    with pytest.raises(SeewhyError, match="declares a document type"):
        read(root)


def test_coco(root):
    files.coco(root / "set")
    found = read(root)
    assert found.classes == ["bar", "cup"]
    assert found.frame["label"].tolist() == ["bar", "cup", "cup"]
    assert json.loads(found.frame["boxes"][0]) == [[2, 2, 10, 8]]
    several = read(root, task="multilabel")
    assert json.loads(several.frame["label"][1]) == ["cup"]
    masks = read(root, task="segmentation")
    assert masks.classes == ["background", "bar", "cup"]
    assert (mask_of(masks, 1)[5, 5], mask_of(masks, 1)[0, 0]) == (2, 0)


def test_run_lengths_of_coco():
    from seewhy.inputs.layouts.coco import run_lengths

    expected = np.zeros((3, 4), bool)
    expected[1:, 1] = True
    assert np.array_equal(run_lengths({"counts": [4, 2, 6]}, (4, 3)), expected)
    assert np.array_equal(run_lengths({"counts": "426"}, (4, 3)), expected)


def test_yolo(root):
    files.yolo(root / "set")
    found = read(root)
    assert found.classes == ["streak", "star"]
    assert labels(found, "val") == {"val-0.jpg": "streak", "val-1.jpg": "star", "val-2.jpg": "streak"}
    assert np.allclose(json.loads(found.frame["boxes"][0]), [[8, 6, 12, 14]])
    (root / "set/val/labels/val-1.txt").write_text("9 0.5 0.5 0.2 0.4\n")
    with pytest.raises(SeewhyError, match=r"boxes of class 9; its data.yaml names 2"):
        read(root)


def test_an_array_file_is_read_row_by_row(root):
    files.medmnist(root / "mnist.npz")
    found = read(root, data="mnist.npz")
    own = found.frame[found.frame["split"] == "test"].reset_index(drop=True)
    assert own["image"][1] == "mnist.npz#test_images/1"
    assert own["label"].tolist() == ["0", "1", "2", "0"]
    theirs = np.load(root / "mnist.npz")["test_images"][1]
    assert np.array_equal(np.asarray(images.open_image(root / own["image"][1])), theirs)
    named = read(root, data="mnist.npz", classes=NAMES)
    assert named.frame["label"][1] == "cup"
    assert found.frame["sha256"].is_unique


def test_array_files_of_each_split_and_kind(root):
    (root / "set").mkdir()
    draw = np.random.default_rng(0)
    np.save(root / "set/X_test.npy", draw.random((4, 3, 12, 10)).astype(np.float32))
    np.save(root / "set/y_test.npy", np.array(["cup", "bar", "cup", "cup"]))
    found = read(root)
    assert (found.classes, labels(found)["X_test.npy#1"]) == (["bar", "cup"], "bar")
    assert (found.frame["width"][0], found.frame["height"][0]) == (10, 12)
    assert open_source(root / found.frame["image"][0]).shape == (12, 10, 3)
    np.save(root / "set/y_test.npy", np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0], [1, 1, 1]]))
    several = read(root, task="multilabel", classes=NAMES)
    assert [json.loads(one) for one in several.frame["label"]] == [["bar", "disc"], [], ["cup"], NAMES]
    np.savez(root / "evil.npz", images=np.array([[None]], dtype=object), labels=np.zeros(1))
    with pytest.raises(SeewhyError):
        read(root, data="evil.npz", layout="arrays", classes=NAMES)


def test_arrays_of_one_image_each_in_class_folders(root):
    for n in range(4):
        path = root / f"set/val/{n % 2}/{n}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, (files.picture(n)[..., 0] / 255).astype(np.float16))
    found = read(root)
    assert found.classes == ["0", "1"]
    assert np.array_equal(
        np.asarray(images.open_image(root / found.frame["image"][0]))[..., 0], files.picture(0)[..., 0]
    )


def test_cifar_mnist_and_fer(root):
    files.cifar(root / "cifar")
    found = read(root, data="cifar")
    assert (found.classes, len(found.frame)) == (NAMES, 12)
    assert list(labels(found, "test").values()) == ["bar", "cup", "disc", "cup"]
    files.mnist(root / "mnist")
    digits = read(root, data="mnist")
    assert list(labels(digits, "test").values()) == ["0", "1", "2", "0"]
    assert digits.frame["width"][0] == 28
    files.fer(root / "fer2013.csv")
    faces = read(root, data="fer2013.csv")
    assert faces.frame["split"].tolist() == ["train", "train", "val", "test", "test"]
    assert np.array_equal(
        np.asarray(images.open_image(root / faces.frame["image"][3]))[..., 0], files.picture(3, 48)[..., 0]
    )


def test_columns_of_pixels(root):
    table(root / "test.csv", [{"label": n} | {f"pixel{k + 1}": (n * k) % 256 for k in range(49)} for n in range(3)])
    found = read(root, data="test.csv")
    assert found.frame["label"].tolist() == ["0", "1", "2"]
    assert np.asarray(images.open_image(root / found.frame["image"][2]))[1, 0, 0] == 14


def test_pets_of_torchvision(root):
    files.pets(root / "set/oxford-iiit-pet")
    found = read(root)
    assert found.classes == ["Abyssinian", "Great Dane"]
    assert labels(found, "test") == {"Abyssinian_1.jpg": "Abyssinian", "great_dane_1.jpg": "Great Dane"}


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_hugging_face_datasets(root, kind):
    files.hub(root / "set", kind)
    found = read(root)
    assert found.classes == NAMES
    own = found.frame[found.frame["split"] == "test"].reset_index(drop=True)
    assert own["label"].tolist() == NAMES
    assert np.array_equal(np.asarray(images.open_image(root / own["image"][2])), files.picture(2))


def test_bands_and_deep_pixels(root):
    import tifffile

    for n in range(2):
        (root / f"set/{n}").mkdir(parents=True)
        tifffile.imwrite(
            root / f"set/{n}/a{n}.tif", np.full((13, 20, 24), 256 * n + 512, np.uint16), photometric="minisblack"
        )
        Image.fromarray(np.full((9, 8), 1000, np.uint16)).save(root / f"set/{n}/b{n}.png")
    found = read(root)
    assert sorted(zip(found.frame["width"], found.frame["height"], strict=True)) == [(8, 9), (8, 9), (24, 20), (24, 20)]
    assert open_source(root / "set/0/a0.tif").shape == (20, 24, 13)


def test_files_elsewhere_are_read_where_they_lie(root, tmp_path_factory):
    far = files.split_folders(tmp_path_factory.mktemp("disk") / "photos")
    (root / "linked").symlink_to(far)
    assert read(root, data="linked").frame["image"][0].startswith("linked/test/bar")
    found = read(root, data=str(far))
    assert found.frame["image"][0].startswith(str(far))
    assert any("outside the project" in note for note in found.notes)


def test_paths_of_another_machine_are_found_by_their_tail(root):
    for n in range(3):
        save(root / f"set/photos/{n}.png", n)
    for head in ("/home/anna/project/photos/", "C:\\Users\\Anna\\photos\\", "gs://bucket/photos/"):
        table(root / "set/test.csv", [{"image": f"{head}{n}.png", "label": NAMES[n]} for n in range(3)])
        found = read(root, data="set/test.csv")
        assert found.frame["image"].tolist() == [f"set/photos/{n}.png" for n in range(3)]
        assert any("paths that begin with" in note for note in found.notes)


def test_a_name_that_could_be_two_files_is_refused(root):
    for part in "ab":
        save(root / f"set/{part}/1.png", ord(part))
    table(root / "set/test.csv", [{"image": "1.png", "label": "cup"}])
    with pytest.raises(SeewhyError, match=r"'1.png' could be 2 files: set/a/1.png, set/b/1.png"):
        read(root, data="set/test.csv")


def test_two_readings_are_refused_with_the_key_that_decides(root):
    files.class_folders(root / "set", ["c0", "c1"])
    table(root / "set/labels.csv", [{"image": f"c0/c0-{n}.png", "label": "safe"} for n in range(3)])
    with pytest.raises(SeewhyError, match=r"can be read in 2 ways; say one of: layout: folders .*; layout: table"):
        read(root)
    assert read(root, layout="table").classes == ["safe"]
    assert read(root, layout="folders").classes == ["c0", "c1"]


@pytest.mark.parametrize(
    ("found", "classes", "asked", "label"),
    [
        (["0", "1", "2"], ["1", "10", "2"], "auto", "1"),
        (["1", "10", "2"], ["1", "10", "2"], "auto", "1"),
        (["1", "2"], ["1", "10", "2"], "names", "1"),
        (["1", "2"], ["1", "10", "2"], "indices", "10"),
        (["0", "1"], ["0", "1"], "auto", "0"),
        (["1.0", "0.0"], ["cup", "bar"], "auto", "bar"),
    ],
)
def test_integers_that_are_names_too(root, found, classes, asked, label):
    for n in range(len(found)):
        save(root / f"{n}.png", n)
    table(root / "test.csv", [{"image": f"{n}.png", "label": one} for n, one in enumerate(found)])
    settings = validate_settings(
        Settings, {"task": "classification", "manifest": "test.csv", "classes": classes, "labels": asked}, ""
    )
    check_dataset("set", settings, root)
    assert load_dataset("set", root).frame["label"][0] == label


def test_integers_that_could_be_both_are_refused(root):
    table(root / "test.csv", [{"image": f"{save(root / f'{n}.png', n).name}", "label": n} for n in (1, 2)])
    settings = validate_settings(
        Settings, {"task": "classification", "manifest": "test.csv", "classes": ["1", "10", "2"]}, ""
    )
    with pytest.raises(SeewhyError, match="can be names of classes or their indices"):
        check_dataset("set", settings, root)


def test_every_layout_says_what_it_is():
    for name, module in LAYOUTS.items():
        assert name == module.NAME
        assert module.ABOUT


def test_docs_name_every_layout_and_key():
    text = (Path(__file__).parents[2] / "docs/files.md").read_text()
    for name in [*LAYOUTS, *(key for key in Settings.model_fields if key not in ("demo", "table"))]:
        assert f"`{name}`" in text, name


def test_dicom(root):
    pydicom = pytest.importorskip("pydicom", reason="an extra")
    (root / "set").mkdir()
    values = np.arange(64, dtype=np.uint8).reshape(8, 8) * 3
    for name, kind in (("a", "MONOCHROME2"), ("b", "MONOCHROME1")):
        meta = pydicom.dataset.FileMetaDataset()
        meta.MediaStorageSOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
        meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
        meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        made = pydicom.dataset.FileDataset(name, {}, file_meta=meta, preamble=b"\0" * 128)
        made.Rows, made.Columns, made.SamplesPerPixel, made.PhotometricInterpretation = 8, 8, 1, kind
        made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 8, 8, 7, 0
        made.PixelData = values.tobytes()
        made.save_as(root / f"set/{name}.dcm")
    found = read(root, classes=NAMES)
    shown = [np.asarray(images.open_image(root / one))[..., 0] for one in found.frame["image"]]
    assert np.array_equal(shown[0], values)
    assert np.array_equal(shown[1], 255 - values)


def test_dicom_without_its_reader_is_one_line(root, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pydicom", None)
    (root / "set").mkdir()
    (root / "set/a.dcm").write_bytes(b"x")
    with pytest.raises(
        SeewhyError, match=r"row 1 of dataset 'set': 'a.dcm' is DICOM; .* pip install 'seewhy\[dicom\]'"
    ):
        read(root, classes=NAMES)


@pytest.mark.parametrize("asked", ["test_images/9", "test_images/x", "test_imags/1", "/../../etc/passwd"])
def test_an_address_of_nothing_is_one_line(root, asked):
    files.medmnist(root / "mnist.npz")
    table(root / "test.csv", [{"image": f"mnist.npz#{asked}", "label": "cup"}])
    settings = validate_settings(Settings, {"task": "classification", "manifest": "test.csv", "classes": NAMES}, "")
    with pytest.raises(SeewhyError, match=r"^row 1 of dataset 'set': "):
        check_dataset("set", settings, root)


def test_forged_arrays_do_not_run_or_fill_the_memory(root):
    import pickle

    class Call:
        def __reduce__(self):
            return open, (str(root / "touched"), "w")

    (root / "cifar-10-batches-py").mkdir()
    for name in ("data_batch_1", "test_batch"):
        (root / "cifar-10-batches-py" / name).write_bytes(pickle.dumps({"data": Call(), "labels": [0]}))
    with pytest.raises(SeewhyError, match=r"needs code to load \(io.open\)"):
        read(root, data="cifar-10-batches-py")
    assert not (root / "touched").exists()
    (root / "x_test.npz").write_bytes(b"PK\x03\x04 damaged")
    with pytest.raises(SeewhyError, match=r"'x_test.npz' cannot be read as arrays"):
        read(root, data="x_test.npz", layout="arrays")
    (root / "huge-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03" + b"\xff" * 12)
    (root / "huge-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01" + b"\0\0\0\x01\0")
    with pytest.raises(SeewhyError, match="claims the shape"):
        read(root, data="huge-images-idx3-ubyte")


def test_lists_of_names_and_labels_and_semicolons(root):
    for n in range(4):
        save(root / f"set/images/a {n}.jpg", n)
    (root / "set/val.txt").write_text("".join(f"images/a {n}.jpg {n % 2}\n" for n in range(4)))
    assert read(root, data="set/val.txt", classes=NAMES).frame["label"].tolist() == ["bar", "cup"] * 2
    (root / "set/val.csv").write_text("name;species\n" + "".join(f"a {n}.jpg;{NAMES[n % 2]}\n" for n in range(4)))
    assert read(root, data="set/val.csv").frame["label"].tolist() == ["bar", "cup"] * 2


def test_a_class_that_no_image_has_keeps_its_place(root):
    rows(root, MEL=lambda n: float(n % 2), NV=lambda n: float(1 - n % 2), UNK=lambda n: 0.0 * n)
    assert read(root, data="set/labels.csv").classes == ["MEL", "NV", "UNK"]


def test_labels_that_only_blanks_separate_need_their_names(root):
    rows(root, tags=lambda n: ["clear primary", "haze", "clear road"][n % 3])
    with pytest.raises(SeewhyError, match=r"may be one or several; `classes` names them all"):
        read(root, data="set/labels.csv", task="multilabel")
    found = read(root, data="set/labels.csv", task="multilabel", classes=["clear", "haze", "primary", "road"])
    assert json.loads(found.frame["label"][2]) == ["clear", "road"]
    rows(root, tags=lambda n: ["Pleural Effusion, Mass", "Mass", "Edema"][n % 3])
    assert read(root, data="set/labels.csv", task="multilabel").classes == ["Edema", "Mass", "Pleural Effusion"]


def test_skin_masks_in_folders_of_a_challenge(root):
    for n in range(3):
        save(root / f"set/ISIC_Training_Input/ISIC_{n:07}.jpg", n)
        (root / "set/ISIC_Training_GroundTruth").mkdir(exist_ok=True)
        mask = Image.fromarray(np.eye(16, dtype=np.uint8) * 255)
        mask.save(root / f"set/ISIC_Training_GroundTruth/ISIC_{n:07}_segmentation.png")
    found = read(root, task="segmentation", classes=["skin", "lesion"])
    assert found.frame["mask"].notna().all()
