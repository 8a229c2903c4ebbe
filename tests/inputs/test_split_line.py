"""Lines of splitting against the user's own calls: the same rows, in the same order."""

import json
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold, train_test_split
from torch.utils.data import Subset, random_split

from seewhy.errors import SeewhyError
from seewhy.inputs.split_line import select_rows

CLASSES = ["ant", "bee", "cat"]
COUNT = 53
NAMES = [CLASSES[k % 2 + k // 40] for k in range(COUNT)]  # unequal, in mixed order
FRAME = pd.DataFrame(
    {
        "image": [f"data/inputs/{name}/{k:03d}.jpg" for k, name in enumerate(NAMES)],
        "label": NAMES,
        "split": ["train" if k % 3 else "test" for k in range(COUNT)],
        "fold": [k % 5 for k in range(COUNT)],
        "patient": [f"p{k // 4}" for k in range(COUNT)],
    }
)
dataset = list(range(COUNT))
n = len(dataset)
y = targets = labels = np.array([CLASSES.index(name) for name in NAMES])

LINES = [
    "random_split([0.8, 0.2], seed=42)[1]",
    "random_split(dataset, [0.7, 0.15, 0.15], generator=torch.Generator().manual_seed(7))[2]",
    "random_split(dataset, [43, 10], torch.Generator().manual_seed(7))[1]",
    "torch.manual_seed(3); random_split(dataset, [0.5, 0.5])[0]",
    """
    torch.manual_seed(42)
    train_size = int(0.8 * len(dataset))
    val_size = len(dataset) - train_size
    train_set, val_set = random_split(dataset, [train_size, val_size])
    """,
    "train_test_split(test_size=0.2, random_state=42, stratify=y)[1]",
    "train_test_split(dataset, test_size=0.2, random_state=42)[1]",
    "train_test_split(range(len(dataset)), test_size=11, random_state=1, stratify=targets)[1]",
    "train_test_split(dataset, test_size=0.25, shuffle=False)[1]",
    "train_test_split(dataset, y, test_size=0.2, random_state=0, stratify=y)[1]",
    "np.random.seed(5); train_test_split(dataset, test_size=0.2)[1]",
    """
    train_idx, rest = train_test_split(np.arange(n), test_size=0.4, random_state=9, stratify=labels)
    val_idx, test_idx = train_test_split(rest, test_size=0.5, random_state=9, stratify=labels[rest])
    """,
    """
    train_idx, rest = train_test_split(np.arange(n), test_size=0.4, random_state=9, stratify=labels)
    val_idx, test_idx = train_test_split(rest, test_size=0.5, random_state=9, stratify=[labels[i] for i in rest])
    """,
    "perm = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(0)); Subset(dataset, perm[40:])",
    "np.random.seed(1); idx = np.random.permutation(n); idx[:10]",
    "indices = list(range(n)); np.random.seed(1); np.random.shuffle(indices); indices[int(0.8 * n):]",
    "indices = list(range(n)); random.seed(1); random.shuffle(indices); indices[:7]",
    "np.random.RandomState(3).permutation(n)[:9]",
    "np.random.default_rng(3).permutation(n)[:9]",
]


def theirs(line):
    """What the user's own interpreter makes of the line: the indices of its last part."""
    space = {
        **{"torch": torch, "np": np, "random": random, "Subset": Subset, "dataset": dataset, "n": n},
        **{"y": y, "targets": targets, "labels": labels, "train_test_split": train_test_split},
    }
    space["random_split"] = lambda *given, seed=None, **more: (
        random_split(dataset, *given, torch.Generator().manual_seed(seed)) if seed else random_split(*given, **more)
    )
    if line.startswith("train_test_split(test_size"):
        line = line.replace("(", "(dataset, ", 1)
    *before, last = [part.strip() for part in line.strip().replace("\n", ";").split(";") if part.strip()]
    exec("\n".join(before), space)
    try:
        found = eval(last, space)
    except SyntaxError:
        exec(last, space)
        found = space.get("test_idx", space.get("val_set"))
    return [int(one) for one in found]


@pytest.mark.parametrize("line", LINES)
def test_the_same_rows_in_the_same_order(line):
    assert select_rows(line, FRAME, classes=CLASSES).rows.tolist() == theirs(line)


def test_a_name_that_the_line_does_not_set_is_a_split_of_that_name_or_the_whole_dataset():
    test = [row for row in range(COUNT) if not row % 3]
    drawn = random_split(range(len(test)), [0.5, 0.5], torch.Generator().manual_seed(7))[1]
    found = select_rows("random_split(test_ds, [0.5, 0.5], generator=torch.Generator().manual_seed(7))[1]", FRAME)
    assert found.rows.tolist() == [test[row] for row in drawn]
    assert found.sentence.endswith("; 'test_ds' is taken as split 'test'")
    plain = FRAME.drop(columns="split")
    halves = (
        "half = len(val) // 2; a, test = random_split(val, [half, len(val) - half], torch.Generator().manual_seed(7))"
    )
    found = select_rows(halves, plain)
    assert found.rows.tolist() == list(random_split(range(COUNT), [26, 27], torch.Generator().manual_seed(7))[1])
    assert found.sentence.endswith("; 'val' is taken as the whole dataset")


@pytest.mark.parametrize(
    "labels_of",
    [
        "targets = [label for _, label in birds]; part = targets",
        "targets = [s[1] for s in birds.samples]; part = [targets[i] for i in range(n)]",
        "part = [birds[i][1] for i in list(range(n))]",
        "part = [birds.samples[i][-1] for i in range(n)]",
        "part = birds.targets",
    ],
)
def test_labels_are_known_however_a_loop_takes_them_out(labels_of):
    line = f"{labels_of}; train, test = train_test_split(list(range(n)), test_size=0.2, stratify=part, random_state=1)"
    wanted = train_test_split(list(range(COUNT)), test_size=0.2, stratify=y, random_state=1)[1]
    assert select_rows(line, FRAME, classes=CLASSES).rows.tolist() == wanted
    for bad in ("part = [f(s) for s in birds]", "part = [a for a, b in birds]", "part = [s[1] for s in birds if s[1]]"):
        with pytest.raises(SeewhyError, match="cannot be taken"):
            select_rows(line.replace(labels_of, bad), FRAME, classes=CLASSES)


def test_folds_are_scikit_learns():
    for line, splitter in {
        "StratifiedKFold(5, shuffle=True, random_state=0)[2]": StratifiedKFold(5, shuffle=True, random_state=0),
        "StratifiedKFold(n_splits=4)[2]": StratifiedKFold(4),
        "KFold(5, shuffle=True, random_state=3)[2]": KFold(5, shuffle=True, random_state=3),
        "list(KFold(5).split(X))[2][1]": KFold(5),
        "GroupKFold(4, groups='patient')[2]": GroupKFold(4),
        "skf = StratifiedKFold(3, shuffle=True, random_state=1); list(skf.split(X, y))[2][1]": StratifiedKFold(
            3, shuffle=True, random_state=1
        ),
    }.items():
        groups = FRAME["patient"] if isinstance(splitter, GroupKFold) else None
        wanted = list(splitter.split(dataset, y, groups))[2][1]
        assert select_rows(line, FRAME, classes=CLASSES).rows.tolist() == wanted.tolist(), line


def test_labels_that_are_numbers_are_sorted_by_the_outputs_not_by_name():
    order = ["cat", "ant", "bee"]
    numbers = np.array([order.index(name) for name in NAMES])
    wanted = train_test_split(dataset, test_size=0.3, random_state=4, stratify=numbers)[1]
    line = "train_test_split(test_size=0.3, random_state=4, stratify=y)[1]"
    assert select_rows(line, FRAME, classes=order).rows.tolist() == wanted
    names = train_test_split(dataset, test_size=0.3, random_state=4, stratify=NAMES)[1]
    assert select_rows(line, FRAME).rows.tolist() == names


def test_a_column_may_stand_for_the_labels():
    wanted = train_test_split(dataset, test_size=0.3, random_state=4, stratify=FRAME["fold"])[1]
    for by in ("fold", "'fold'", "df['fold']", "df.fold"):
        line = f"train_test_split(test_size=0.3, random_state=4, stratify={by})[1]"
        assert select_rows(line, FRAME).rows.tolist() == wanted


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("test", FRAME["split"] == "test"),
        ("fold == 3", FRAME["fold"] == 3),
        ("fold == '3'", FRAME["fold"] == 3),
        ("df['fold'] == 3.0", FRAME["fold"] == 3),
        ("split != 'train'", FRAME["split"] == "test"),
        ("fold in [0, 1]", FRAME["fold"] < 2),
        ("fold >= 3 and not split == 'test'", (FRAME["fold"] >= 3) & (FRAME["split"] == "train")),
    ],
)
def test_values_of_columns(line, wanted):
    assert select_rows(line, FRAME).rows.tolist() == np.flatnonzero(wanted).tolist()


def test_list_files(tmp_path: Path):
    rows = [9, 4, 40]
    names = [FRAME["image"][row] for row in rows]
    (tmp_path / "a.txt").write_text("\n".join(name.removeprefix("data/inputs/") for name in names))
    (tmp_path / "b.txt").write_text("\n".join(f"{Path(name).stem} 1" for name in names))
    (tmp_path / "c.txt").write_text("\n".join(f"/home/me/pets/{'/'.join(Path(name).parts[-2:])}" for name in names))
    (tmp_path / "d.json").write_text(json.dumps(names))
    (tmp_path / "e.json").write_text(json.dumps({"train": [], "test": [[name, 3] for name in names]}))
    for line in ("a.txt", "b.txt", "c.txt", "d.json", 'e.json["test"]', "e.json:test"):
        assert select_rows(line, FRAME, tmp_path).rows.tolist() == rows, line
    with pytest.raises(SeewhyError, match=r"unknown key 'tset' in split file 'e.json'; did you mean 'test'\?"):
        select_rows("e.json:tset", FRAME, tmp_path)
    with pytest.raises(SeewhyError, match=r"there is no readable list 'f\.txt'"):
        select_rows("f.txt", FRAME, tmp_path)
    (tmp_path / "g.txt").write_text("nobody.jpg\n")
    with pytest.raises(SeewhyError, match=r"no name of 'g.txt' is an image here; found: nobody.jpg"):
        select_rows("g.txt", FRAME, tmp_path)


def test_a_name_that_two_images_have_is_refused(tmp_path):
    frame = pd.DataFrame({"image": ["a/1.png", "b/1.png"]})
    (tmp_path / "a.txt").write_text("1.png\n")
    with pytest.raises(SeewhyError, match=r"'1.png' of 'a.txt' names 2 images; allowed: more of its path"):
        select_rows("a.txt", frame, tmp_path)


def test_what_was_taken_is_said():
    sentence = select_rows("random_split([0.8, 0.2], seed=42)[1]", FRAME).sentence
    assert sentence == "10 of 53 rows by random_split([0.8, 0.2], seed=42)[1]"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("tset", r"unknown split 'tset'; did you mean 'test'\?"),
        ("random_split([0.8, 0.2])[1]", "draws without a seed; allowed: generator="),
        ("train_test_split(test_size=0.2)[1]", "draws without a seed; allowed: random_state=42"),
        ("KFold(5, shuffle=True)[1]", "KFold draws without a seed"),
        ("random_split([0.8, 0.2], seed=42)", r"gives 2 parts; allowed: one of them, as ...\[1\]"),
        ("random_split([0.8, 0.2], seed=42)[2]", r"there is no part \[2\]; allowed: 0 to 1"),
        ("random_split([40, 10], seed=42)[1]", "Sum of input lengths does not equal"),
        ("train_test_split(test_size=0.2, random_state=1, stratify=whatever)[1]", "cannot be taken"),
        ("train_test_split(test_size=99, random_state=1)[1]", "cannot be taken: test_size=99"),
        ("flod == 3", "unknown column 'flod' in split; did you mean 'fold'"),
        ("fold == 9", "takes no row of 53"),
        ("__import__('os').system('ls')", "cannot be taken"),
        ("open('a').read()", "cannot be taken"),
        ("torch.randperm(10 ** 9)", "cannot be taken"),
        ("a, b, c = random_split([0.8, 0.2], seed=42)", "'(a, b, c)' are 3 names for 2 parts|are 3 names for 2 parts"),
        (
            "a, b = random_split([0.8, 0.2], seed=42)",
            "the line names these parts: a, b; allowed: one named test or val",
        ),
        ("random_split(", "unknown split"),
        ("", "unknown split"),
    ],
)
def test_refusals_say_what_is_allowed(line, told):
    with pytest.raises(SeewhyError, match=told) as error:
        select_rows(line, FRAME, classes=CLASSES)
    assert "\n" not in str(error.value)
