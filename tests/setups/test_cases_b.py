"""Inputs that went wrong once, each as a user has it: one line of `seewhy new`, and the right predictions."""

import json
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

from tests.setups.made_b import fit, picture, run_code, save_picture

NET = """
import torch
from torch import nn


class Trunk(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Sequential(nn.Conv2d(3, 8, 5, 4, 2), nn.BatchNorm2d(8), nn.ReLU())
        self.b = nn.Sequential(nn.Conv2d(8, 12, 3, 2, 1), nn.ReLU())

    def forward(self, x):
        found = self.b(self.a(x))
        return found, found.mean((2, 3))


class Net(nn.Module):
    def __init__(self, num_classes=2):
        super().__init__()
        self.trunk, self.fc = Trunk(), nn.Linear(12, num_classes)

    def forward(self, x):
        return self.fc(self.trunk(x)[1])


class Deep(nn.Module):
    def __init__(self, classes=2):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU())
        self.side, self.head = nn.Conv2d(8, classes, 1), nn.Conv2d(8, classes, 3, 1, 1)
        self.up = nn.Upsample(scale_factor=2, mode="bilinear")

    def forward(self, x):
        x = self.body(x)
        return self.up(self.side(x)), self.head(self.up(x))
"""
ORDER = ["disc", "bar"]  # that of the outputs; by name it is the other way round
LINE = ("--transform", "T.Compose([T.Resize((48, 48)), T.ToTensor(), T.Normalize([0.5] * 3, [0.5] * 3)])")
OURS = ("--architecture", "nets.py:Net", *LINE, "--only")


@pytest.fixture
def made(project: Any) -> Any:
    """Photos of two kinds with a table, and a trained network: (project, network, scores by file name)."""
    torch.manual_seed(0)
    (project.root / "nets.py").write_text(NET)
    rows = []
    for kind, name in enumerate(ORDER):
        for number in range(6):
            save_picture(project.root / f"photos/{name}-{number}.png", 2 * kind, number, (48, 48))
            rows.append({"image": f"{name}-{number}.png", "label": name})
    pd.DataFrame(rows).to_csv(project.root / "photos/test.csv", index=False)
    images = torch.stack(
        [torch.from_numpy(np.array(Image.open(project.root / "photos" / row["image"]))).float() for row in rows]
    )
    images = (images.permute(0, 3, 1, 2) / 255 - 0.5) / 0.5
    labels = torch.tensor([ORDER.index(row["label"]) for row in rows])
    net = fit(run_code(NET)["Net"](), images, labels, 40)
    with torch.no_grad():
        scores = dict(zip([row["image"] for row in rows], net(images).softmax(1)[:, 0].tolist(), strict=True))
    return project, net, scores


def right(cli: Any, made: Any, *words: str, name: str = "mine", first: str = "disc") -> pd.DataFrame:
    """Makes the study, predicts, and compares the score of the first output, image by image."""
    project, _, scores = made
    for call in (("new", name, *words), ("predict", name)):
        code, said = cli(*call)
        assert code == 0, said
    found = pd.read_csv(project.root / f"reports/{name}/predictions.csv")
    assert sorted(found["image"].str.rpartition("/")[2]) == sorted(scores)
    wanted = [scores[one] for one in found["image"].str.rpartition("/")[2]]
    np.testing.assert_allclose(found[f"score_{first}"], wanted, atol=1e-4)
    assert found["predicted"].nunique() == 2
    return found


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("by_name.json", {"disc": 0, "bar": 1}),
        ("by_index.json", {"0": "disc", "1": "bar"}),
        ("imagenet_class_index.json", {"0": ["n01", "disc"], "1": ["n02", "bar"]}),
        ("config.json", {"architectures": ["X"], "id2label": {"1": "bar", "0": "disc"}}),
        ("classes.csv", "id,name\n1,bar\n0,disc\n"),
        ("labels.pkl", {"bar": 1, "disc": 0}),
    ],
)
def test_files_of_class_names_say_the_order_of_the_outputs(made: Any, cli: Any, file: str, content: Any) -> None:
    root = made[0].root
    written = content if isinstance(content, str) else json.dumps(content)
    (root / file).write_bytes(pickle.dumps(content) if file.endswith("pkl") else written.encode())
    torch.save(made[1].state_dict(), root / "net.pth")
    found = right(cli, made, "--data", "photos/test.csv", "--checkpoint", "net.pth", "--classes", file, *OURS)
    assert found["predicted"].eq(found["label"]).all()


def test_the_checkpoints_own_numbers_of_classes_decide_and_a_clash_is_refused(made: Any, cli: Any) -> None:
    torch.save({"state_dict": made[1].state_dict(), "class_to_idx": {"bar": 1, "disc": 0}}, made[0].root / "net.pth")
    words = ("--data", "photos/test.csv", "--checkpoint", "net.pth", *OURS)
    right(cli, made, *words)
    code, said = cli("new", "other", *words, "--classes", "bar,disc")
    assert (code, said.count("\n")) == (1, 1)
    assert "--classes says bar, disc, the checkpoint disc, bar" in said


@pytest.mark.parametrize(
    "renamed",
    [
        lambda key: f"model._orig_mod.{key}",
        lambda key: f"module.model._orig_mod.{key}",
        lambda key: key.replace("trunk.", "trunk._orig_mod."),
        lambda key: f"model.{key}".replace("trunk.", "trunk.module."),
        lambda key: key.replace("trunk.", "net.trunk.").replace("fc.", "top.fc."),
    ],
    ids=["compiled", "compiled, in parallel", "part compiled", "part in parallel", "two attributes"],
)
def test_names_of_weights_as_wrappers_leave_them(made: Any, cli: Any, renamed: Any) -> None:
    state = {renamed(key): value for key, value in made[1].state_dict().items()}
    torch.save({"state_dict": state, "pytorch-lightning_version": "2.2"}, made[0].root / "net.ckpt")
    right(cli, made, "--data", "photos/test.csv", "--checkpoint", "net.ckpt", "--classes", "disc,bar", *OURS)


@pytest.mark.parametrize("kind", ["linked folder", "linked files", "absolute paths", "paths of another machine"])
def test_data_are_read_where_they_lie(made: Any, cli: Any, kind: str, tmp_path: Any) -> None:
    root = made[0].root
    torch.save(made[1].state_dict(), root / "net.pth")
    far = tmp_path / "disk/photos"
    far.parent.mkdir()
    (root / "photos").rename(far)
    table = pd.read_csv(far / "test.csv")
    if kind == "linked folder":
        (root / "photos").symlink_to(far)
    elif kind == "linked files":
        (root / "photos").mkdir()
        for one in far.iterdir():
            (root / "photos" / one.name).symlink_to(one)
    else:
        (root / "photos").mkdir()
        base = far if kind == "absolute paths" else "/home/anna/set/photos"
        if kind != "absolute paths":
            far.rename(root / "photos/photos")
        table.assign(image=[f"{base}/{one}" for one in table["image"]]).to_csv(root / "photos/test.csv", index=False)
    found = right(cli, made, "--data", "photos/test.csv", "--checkpoint", "net.pth", "--classes", "disc,bar", *OURS)
    assert found["predicted"].eq(found["label"]).all()


def test_one_class_name_for_one_output_is_refused_or_the_other_class_named(made: Any, cli: Any) -> None:
    root = made[0].root
    net = run_code(NET)["Net"](1)
    state = made[1].state_dict()
    net.load_state_dict({key: value[1:] - value[:1] if key.startswith("fc") else value for key, value in state.items()})
    torch.save(net.state_dict(), root / "one.pth")
    words = ("--data", "photos/test.csv", "--checkpoint", "one.pth", *OURS)
    code, said = cli("new", "one", *words, "--classes", "bar")
    assert (code, said.count("\n")) == (1, 1)
    assert "'disc'" in said
    right(cli, made, *words, "--classes", "disc,bar")  # a softmax of two is the sigmoid of their difference
    rows = pd.read_csv(root / "photos/test.csv").query("label == 'bar'")
    rows.to_csv(root / "photos/bars.csv", index=False)
    code, said = cli("new", "bars", "--data", "photos/bars.csv", *words[2:], "--classes", "bar")
    assert cli("predict", "bars")[0] == 1
    assert "one output" in cli("predict", "bars")[1]


def test_a_trunk_that_hands_on_map_and_mean_is_mapped_where_the_map_is(made: Any, cli: Any) -> None:
    from seewhy import open_study

    torch.save(made[1].state_dict(), made[0].root / "net.pth")
    right(cli, made, "--data", "photos/test.csv", "--checkpoint", "net.pth", "--classes", "disc,bar", *OURS)
    assert open_study("mine").layer in ("trunk", "trunk.b", "trunk.b.1")


def test_of_two_maps_of_classes_the_last_counts_or_the_one_that_is_asked_for(made: Any, cli: Any) -> None:
    root, rows = made[0].root, []
    for number in range(6):
        image = picture(0, 40 + number, (48, 48))
        mask = (image[..., 0] > 190) & (image[..., 1] < 90)
        (root / "seg/images").mkdir(parents=True, exist_ok=True)
        (root / "seg/masks").mkdir(exist_ok=True)
        Image.fromarray(image).save(root / f"seg/images/{number}.png")
        Image.fromarray(mask.astype(np.uint8) * 255).save(root / f"seg/masks/{number}.png")
        rows.append((image, mask))
    images = (torch.tensor(np.stack([one for one, _ in rows])).permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.5
    masks = torch.tensor(np.stack([one for _, one in rows])).long()
    net = fit(run_code(NET)["Deep"](), images, masks, 60, lambda out, true: nn.functional.cross_entropy(out[-1], true))
    torch.save(net.state_dict(), root / "deep.pth")
    words = ("--data", "seg", "--classes", "ground,thing", "--checkpoint", "deep.pth", "--architecture", "nets.py:Deep")
    means = {}
    for name, more in (("side", ("--set", "output_index=0")), ("unsaid", ())):
        assert cli("new", name, *words, *LINE, *more)[0] == 0
        assert cli("predict", name) == (0, "")
        means[name] = pd.read_csv(root / f"reports/{name}/predictions.csv")["predicted_share"]
    with torch.no_grad():
        shares = [out.argmax(1).float().mean((1, 2)).numpy() for out in net(images)]
    assert abs(shares[0] - shares[1]).max() > 0.01
    for name, wanted in zip(("side", "unsaid"), shares, strict=True):
        np.testing.assert_allclose(means[name], wanted, atol=1e-4, err_msg=name)


CALLED_TWICE = (
    NET
    + """

class Flip(Net):
    def forward(self, x):
        return (super().forward(x) + super().forward(x.flip(3))) / 2
"""
)


def test_a_trunk_that_is_called_twice_has_maps_of_each_call_and_of_both(made: Any, cli: Any) -> None:
    from seewhy import open_study

    project, net, scores = made
    (project.root / "nets.py").write_text(CALLED_TWICE)
    torch.save(net.state_dict(), project.root / "net.pth")
    flip = run_code(CALLED_TWICE)["Flip"]().eval()
    flip.load_state_dict(net.state_dict())
    with torch.no_grad():
        for name in scores:
            image = torch.from_numpy(np.array(Image.open(project.root / "photos" / name))).float().permute(2, 0, 1)
            scores[name] = float(flip((image[None] / 255 - 0.5) / 0.5).softmax(1)[0, 0])
    words = ["--data", "photos/test.csv", "--checkpoint", "net.pth", "--classes", "disc,bar", *OURS]
    words[words.index("nets.py:Net")] = "nets.py:Flip"
    right(cli, made, *words)
    assert open_study("mine").layer not in ("trunk.a", "trunk.a.0", "trunk.a.1", "trunk.a.2")
    right(cli, made, *words, "--layer", "trunk.b#2", name="second")
    assert open_study("second").layer == "trunk.b#2"
