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
        (["demo", "photos"], "unknown piece 'photos' in demo of params.yaml; allowed: none"),
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
    assert artifacts.dataset(project.root, "things").is_file()


def test_strip_leaves_a_notebook_without_outputs(project, cli):
    path = project.root / "notebooks/02_grad_cam.ipynb"
    clean = path.read_text()
    content = json.loads(clean)
    code = next(cell for cell in content["cells"] if cell["cell_type"] == "code")
    code |= {"outputs": [{"output_type": "stream", "name": "stdout", "text": ["3"]}], "execution_count": 3}
    assert cli("strip") == (0, "")
    before = artifacts.stripped(project.root, "tiny", "02_grad_cam").read_bytes()
    path.write_text(json.dumps(content))
    assert cli("strip") == (0, "")
    assert artifacts.stripped(project.root, "tiny", "02_grad_cam").read_bytes() == before


@pytest.fixture
def ready(project, cli, monkeypatch):
    """A project whose next step is a notebook; the kernel finds the package where this process does."""
    assert cli("dataset", "things") == (0, "")
    assert cli("strip") == (0, "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    return project


def test_a_users_own_model_gets_its_page(ready, cli):
    """A checkpoint, a class and a manifest of one's own, `demo: {}`, and nothing else."""
    assert cli("run", "01_model", "tiny")[0] == 0
    assert "my_nets:Tiny" in (ready.root / "reports/tiny/01_model.html").read_text()
    assert json.loads((ready.root / "reports/tiny/metrics/model.json").read_text())["images"] == 12


def test_a_mistake_that_only_the_notebook_meets_is_told_by_its_page(ready, cli):
    weights = checkpoint()["model_state_dict"] | {"head.weight": torch.zeros(7, 8), "head.bias": torch.zeros(7)}
    ready.save(model_state_dict=weights)
    code, said = cli("run", "01_model", "tiny")
    assert code == 1
    assert said == (
        "seewhy: study 'tiny': the checkpoint has 7 classes ('head.bias'), the dataset 2; allowed: equal numbers\n"
    )
    assert (ready.root / "reports/tiny/01_model.failed.html").is_file()
    assert not (ready.root / "reports/tiny/01_model.html").exists()
    assert not (ready.root / "reports/tiny/metrics").exists()
