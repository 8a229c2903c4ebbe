"""The .gitignore files that ship, with real DVC: inputs may be added, imported, pulled; experiments keep them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STAGE = """stages:
  model:
    cmd: python -c "import shutil; shutil.copy('data/inputs/plain.csv', 'data/datasets/out.csv')"
    deps: [data/inputs/plain.csv, data/inputs/table.csv, data/inputs/birds/photos]
    params: [base]
    outs: [data/datasets/out.csv]
"""
INPUTS = ("plain.csv", "table.csv", "far.csv", "birds/loose.png", "birds/photos/a.txt")


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with the project's ignore rules, a remote, and inputs of all kinds."""
    root = tmp_path / "project"
    (root / "data/inputs/birds/photos").mkdir(parents=True)
    (root / "data/datasets").mkdir()
    for name in (".gitignore", "data/inputs/.gitignore"):
        shutil.copy(ROOT / name, root / name)
    for name in INPUTS:
        (root / "data/inputs" / name).write_text(name)
    (root / "data/inputs/far.csv").rename(tmp_path / "far.csv")
    (root / "dvc.yaml").write_text(STAGE)
    (root / "params.yaml").write_text("base: {x: 1}\n")
    monkeypatch.chdir(root)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")
    run("git", "init", "-q")
    run("git", "config", "user.email", "a@example.org")
    run("git", "config", "user.name", "a")
    run("dvc", "init", "-q")
    run("dvc", "remote", "add", "-q", "-d", "store", str(tmp_path / "store"))
    return root


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_inputs_under_dvc(repository, tmp_path):
    run("dvc", "add", "-q", "data/inputs/table.csv", "data/inputs/birds/photos")
    run("dvc", "import-url", "-q", str(tmp_path / "far.csv"), "data/inputs/far.csv")
    run("git", "add", ".")
    run("git", "commit", "-qm", "inputs")
    tracked = run("git", "ls-files").split()
    kept = {f"data/inputs/{name}.dvc" for name in ("table.csv", "far.csv", "birds/photos")}
    assert kept <= set(tracked)
    assert not any(name.endswith((".csv", ".png", ".txt")) for name in tracked)
    run("dvc", "repro", "-q")
    run("git", "add", ".")
    run("git", "commit", "-qm", "built")
    run("dvc", "exp", "run", "-q", "-S", "base.x=2")
    for name in INPUTS:
        assert (repository / "data/inputs" / name).read_text() == name
    run("dvc", "push", "-q")
    shutil.rmtree(repository / ".dvc/cache")
    shutil.rmtree(repository / "data/inputs/birds/photos")
    run("dvc", "pull", "-q")
    assert (repository / "data/inputs/birds/photos/a.txt").read_text() == "birds/photos/a.txt"


@pytest.mark.parametrize("kind", ["symlink", "hardlink"])
def test_images_in_a_cache_of_links_are_read(project, cli, kind, monkeypatch):
    """DVC's cache may link files in place of copying them."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")
    run("dvc", "init", "-q", "--no-scm")
    run("dvc", "config", "cache.type", kind)
    run("dvc", "add", "-q", "mine")
    if kind == "symlink":
        assert (project.root / "mine/cup-0.png").is_symlink()
    assert cli("dataset", "things") == (0, "")
