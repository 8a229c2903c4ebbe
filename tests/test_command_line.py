import json
import os
import subprocess
import sys

import pytest
import torch

from seewhy.config import artifacts
from tests.conftest import checkpoint


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["dataset", "thing"], "unknown dataset 'thing' in params.yaml; did you mean 'things'? allowed: things"),
        (["run", "02_grad_cam", "tinny"], "unknown study 'tinny' in params.yaml; did you mean 'tiny'? allowed: tiny"),
        (
            ["run", "02_gradcam", "tiny"],
            "unknown notebook '02_gradcam' in notebooks/; did you mean '02_grad_cam'? allowed: ",
        ),
        (["report", "tinny"], "unknown study 'tinny' in params.yaml; did you mean 'tiny'?"),
    ],
)
def test_a_wrong_name_is_one_line(refused, words, line):
    assert line in refused(*words)


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("words", [["datset", "things"], ["dataset"], ["run", "02_grad_cam"], ["dataset", "a", "b"]])
def test_a_wrong_call_shows_the_usage(cli, words):
    code, said = cli(*words)
    assert code == 2
    assert "Usage" in said
    assert "Traceback" not in said


def test_from_the_shell_a_mistake_is_one_line_without_colour(project):
    project.set("base.thread", 2)
    done = subprocess.run(
        [sys.executable, "-m", "seewhy", "dataset", "things"], cwd=project.root, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        "seewhy: unknown key 'thread' in base of params.yaml; did you mean 'threads'? allowed: "
    )
    assert done.stderr.count("\n") == 1


def test_from_a_folder_inside_the_project(project, cli, monkeypatch):
    monkeypatch.chdir(project.root / "mine")
    assert cli("dataset", "things") == (0, "")
    assert artifacts.dataset_path(project.root, "things").is_file()


def test_the_demonstration_is_a_command_of_its_own(project):
    call = [sys.executable, "-m", "demo", "photos"]
    done = subprocess.run(call, cwd=project.root, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "demo: unknown piece 'photos' in demo of params.yaml; allowed: none\n"


@pytest.fixture
def ready(project, monkeypatch):
    """A project in which nothing was made; the kernel finds the package where this process does."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    return project


def test_a_users_own_model_gets_its_page(ready, cli):
    """A checkpoint, a class and a manifest of one's own, `demo: {}`, and nothing else."""
    assert cli("run", "01_model", "tiny")[0] == 0
    assert "my_nets:Tiny" in (ready.root / "reports/tiny/01_model.html").read_text()
    assert json.loads((ready.root / "reports/tiny/metrics/model.json").read_text())["images"] == 12


def test_a_page_that_waits_for_the_demonstration_says_what_to_call(project, refused):
    project.set("studies.tiny.checkpoint", "later.pth")
    project.set("demo.piece", {"recipe": "demo.lite0", "from": "tiny.pth", "out": "later.pth"})
    told = "seewhy: 'later.pth' is not there yet; make it with: dvc repro data/dvc.yaml:demo@piece"
    assert refused("run", "01_model", "tiny") == told


def test_a_checkpoint_that_does_not_fit_is_one_line(ready, cli):
    weights = checkpoint()["model_state_dict"] | {"head.weight": torch.zeros(7, 8), "head.bias": torch.zeros(7)}
    ready.save(model_state_dict=weights)
    code, said = cli("run", "01_model", "tiny")
    assert code == 1
    assert said == (
        "seewhy: study 'tiny': the checkpoint has 7 classes ('head.bias'), the dataset 2; allowed: equal numbers\n"
    )
    assert not (ready.root / "reports/tiny").exists()
