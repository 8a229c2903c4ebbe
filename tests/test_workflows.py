"""The workflows are valid, name commands that exist, and pin what is not ours."""

import re
import shutil
import subprocess

import pytest
from ruamel.yaml import YAML

from seewhy.cli import app
from seewhy.config.project import find_project
from seewhy.config.yaml_file import read_yaml
from tests.conftest import ROOT

OURS = sorted((ROOT / ".github/workflows").glob("*.yml"))
FILES = [*OURS, ROOT / "src/seewhy/init/workflow.yml"]  # the last one is for projects that `seewhy init` makes
VERBS = {verb.callback.__name__ for verb in app.registered_commands}
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def steps(path):
    return [step for job in read_yaml(path)["jobs"].values() for step in job["steps"]]


def lines(path):
    return [line for step in steps(path) for line in step.get("run", "").splitlines()]


def commands(path):
    return [line.replace(".venv/bin/", "").split() for line in lines(path)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_command_exists(path):
    found = commands(path)
    for words in found:
        if words[0] == "make":
            assert set(words[1:]) <= TARGETS, words
        elif words[0] == "python":
            if words[1:] == ["-m", "pip", "install", "seewhy"]:
                continue
            assert words[1:3] == ["-m", "seewhy"], words
            assert words[3] in VERBS, words
            assert set(words[4:]) <= set(find_project(ROOT).params.studies), words
        else:
            assert words[0] in ("dvc", "echo", "sed"), words
    assert ["python", "-m", "seewhy", "check"] in found
    assert any(
        words[:4] == ["dvc", "metrics", "diff", "--md"] and "$GITHUB_STEP_SUMMARY" in words[-1] for words in found
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_actions_are_pinned_and_nothing_of_the_pull_request_is_pasted_into_a_shell(path):
    workflow = read_yaml(path)
    assert {"name", "on", "permissions", "jobs"} == set(workflow)
    assert workflow["permissions"] == {"contents": "read"}
    for step in steps(path):
        assert ("uses" in step) != ("run" in step)
        assert re.fullmatch(r"actions/[a-z-]+@v\d+", step.get("uses", "actions/none@v0"))
        assert "${{" not in step.get("run", "")  # a branch may be called `$(...)`


def test_both_kinds_are_there():
    on = {path.stem: set(read_yaml(path)["on"]) for path in OURS}
    assert on == {"ci": {"pull_request"}, "gpu": {"workflow_dispatch", "pull_request"}}


def test_the_gpu_job_insists_on_cuda(tmp_path):
    shutil.copy(ROOT / "params.yaml", tmp_path)
    edit = next(line for line in lines(ROOT / ".github/workflows/gpu.yml") if line.startswith("sed "))
    subprocess.run(["bash", "-c", edit], cwd=tmp_path, check=True)
    before, after = (YAML(typ="safe").load(folder / "params.yaml") for folder in (ROOT, tmp_path))
    assert after == before | {"base": before["base"] | {"device": "cuda"}} != before
