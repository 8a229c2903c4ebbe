"""A whole small project of a user: their network, their images, their checkpoint, no demonstration. And a browser."""

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from filelock import FileLock
from PIL import Image
from ruamel.yaml import YAML

from .commands import ROOT, STEMS, call, prepare

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)  # Debian's
MISSING = "no Chromium here"
LONGEST = ("test_pipeline.py", "test_jupyterlab.py", "test_init.py", "test_benchmarks.py", "test_new_tasks.py")
CLASSES = ["cup", "cat"]
CONFIG = {
    "MODEL_NAME": "Tiny",
    "NUM_CLASSES": 2,
    "IMAGE_SIZE": 32,
    "IMAGENET_MEAN": [0.485, 0.456, 0.406],
    "IMAGENET_STD": [0.229, 0.224, 0.225],
}
NET = '''"""A user's network."""

from torch import nn


class Tiny(nn.Module):
    def __init__(self, num_classes=2):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4))
        self.head = nn.Linear(8, num_classes)

    def forward(self, x):
        return self.head(self.features(x).mean((2, 3)))


LIMIT = 3
'''
PARAMS: dict[str, Any] = {
    "base": {"device": "cpu", "batch_size": 5},
    "datasets": {"things": {"task": "classification", "manifest": "mine/manifest.csv", "classes": "mine/classes.json"}},
    "studies": {"tiny": {"dataset": "things", "checkpoint": "tiny.pth", "architecture": "my_nets:Tiny"}},
    "attributions": {"methods": ["gradcam", "activation"]},
}


@dataclass(frozen=True)
class Workshop:
    """The project's folder, with short ways to spoil what is in it."""

    root: Path

    def set(self, key: str, value: Any) -> None:
        """Set a dotted key of params.yaml; None removes it."""
        *path, last = key.split(".")
        data = YAML(typ="safe").load(self.root / "params.yaml")
        place = data
        for part in path:
            place = place.setdefault(part, {})
        place.pop(last, None) if value is None else place.__setitem__(last, value)
        YAML().dump(data, self.root / "params.yaml")

    @property
    def manifest(self) -> pd.DataFrame:
        return pd.read_csv(self.root / "mine/manifest.csv", dtype=str, keep_default_na=False)

    def write(self, frame: pd.DataFrame) -> None:
        frame.to_csv(self.root / "mine/manifest.csv", index=False)

    def cell(self, column: str, value: str, row: int = 0) -> None:
        """Put `value` into one cell of the manifest."""
        frame = self.manifest
        frame.loc[row, column] = value
        self.write(frame.fillna(""))

    def save(self, **facts: Any) -> None:
        """Write the checkpoint again, with `facts` over what it holds."""
        torch.save(checkpoint() | facts, self.root / "tiny.pth")


def checkpoint() -> dict[str, Any]:
    """What the user's training script saves, equal on every call."""
    names: dict[str, Any] = {}
    exec(NET, names)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        weights = names["Tiny"]().state_dict()
    return {"model_state_dict": weights, "config": dict(CONFIG), "epoch": 3, "val_acc": 91.5}


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("template")
    YAML().dump(PARAMS, root / "params.yaml")
    (root / "data").mkdir()
    for name in ("dvc.yaml", "data/dvc.yaml"):
        shutil.copy(ROOT / name, root / name)
    shutil.copytree(ROOT / "notebooks", root / "notebooks", ignore=shutil.ignore_patterns(".*"))
    (root / "my_nets.py").write_text(NET)
    torch.save(checkpoint(), root / "tiny.pth")
    (root / "mine").mkdir()
    (root / "mine/classes.json").write_text(json.dumps(CLASSES))
    pd.DataFrame(_rows(root / "mine")).to_csv(root / "mine/manifest.csv", index=False)
    return root


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory, template: Path, worker_id: str) -> Path:
    """The project with every page of its one study built by `python -m seewhy report`, once for all processes that
    test; a test that changes it takes a copy."""
    own = tmp_path_factory.getbasetemp()
    root = (own if worker_id == "master" else own.parent) / "built-once"
    with FileLock(f"{root}.lock"):
        if not root.exists():
            shutil.copytree(template, root)
            prepare(root)
            ended = call(root, "seewhy", "report")
            assert ended.returncode == 0, ended.stdout + ended.stderr
            assert re.search(rf"render@tiny +[\d.]+ +{len(STEMS)} in reports/tiny/", ended.stdout), ended.stdout
    return root


def _rows(folder: Path) -> list[dict[str, str]]:
    """Twelve crops of two photos; boxes for some, no label for the last."""
    from skimage import data

    draw, rows = np.random.default_rng(0), []
    for name, photo in (("cup", data.coffee()), ("cat", data.chelsea())):
        for number in range(6):
            y, x = draw.integers(0, photo.shape[0] - 96), draw.integers(0, photo.shape[1] - 96)
            image = Image.fromarray(photo[y : y + 96, x : x + 96]).resize((32, 32))
            image.save(folder / f"{name}-{number}.png")
            boxes = "[[4, 4, 20, 24]]" if number % 2 else ""
            rows.append({"image": f"{name}-{number}.png", "label": name, "split": "test", "boxes": boxes})
    rows[-1]["label"] = ""
    return rows


@pytest.fixture
def project(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """A fresh copy of the project, and the working folder in it."""
    root = tmp_path / "project"
    shutil.copytree(template, root)
    monkeypatch.chdir(root)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "my_nets", raising=False)
    monkeypatch.setenv("SEEWHY_PROGRESS", "off")
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    yield Workshop(root)
    torch.set_num_threads(threads)
    torch.set_rng_state(state)
    sys.modules.pop("my_nets", None)


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """The command line in this process: cli("dataset", "things") -> exit code and what stands on stderr."""
    from seewhy.cli import main

    def call(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["seewhy", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), capsys.readouterr().err

    return call


@pytest.fixture
def study(project: Workshop, cli: Callable[..., tuple[int, str]]) -> Any:
    """The project's study, its dataset checked and its predictions stored."""
    from seewhy import open_study

    assert cli("dataset", "things") == (0, ""), project.root
    this = open_study("tiny")
    this.save_predictions(this.predict())
    return open_study("tiny")


@pytest.fixture
def refused(cli: Callable[..., tuple[int, str]]) -> Callable[..., str]:
    """Call the command line, insist on exit code 1 and one line; that line."""

    def call(*words: str) -> str:
        code, said = cli(*words)
        assert code == 1, said
        assert said.startswith("seewhy: "), said
        assert said.count("\n") == 1, said
        return said.strip()

    return call


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Skips where there is no Chromium; fails there under CI=1, which must not skip."""
    if not CHROMIUM and os.environ.get("CI"):
        pytest.fail(f"{MISSING}, and CI must not skip the browser tests: apt-get install chromium", pytrace=False)
    if not CHROMIUM:
        pytest.skip(MISSING)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tool:
        options = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--font-render-hinting=none"]
        started = tool.chromium.launch(executable_path=CHROMIUM, args=options)
        yield started
        started.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest come first, so that no process is left with one of them at the end."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line, whatever pytest was asked to tell, where browser tests were skipped."""
    skipped = sum(MISSING in str(report.longrepr) for report in terminalreporter.stats.get("skipped", []))
    if skipped:
        terminalreporter.write_line(
            f"{skipped} browser tests skipped: {MISSING} (apt-get install chromium)", yellow=True
        )
