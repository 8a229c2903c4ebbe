"""`seewhy init`: a project of one's own from the wheel, completed, upgraded, refused in hostile places."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from seewhy.config import artifacts
from seewhy.config.project import Project
from seewhy.config.yaml_file import read_yaml
from seewhy.errors import SeewhyError
from seewhy.init import merging, verb
from seewhy.init.merging import RECORD
from seewhy.init.place import check_place
from seewhy.init.stage_code import write_stage_code
from seewhy.init.templates import HERE, PATTERNS, WORKFLOW, project_files
from tests.measure.conftest import SMALL

from .commands import STEMS, environment, traces
from .conftest import ROOT, Workshop

BUILD = "import sys; from setuptools import build_meta as b; print(getattr(b, 'build_' + sys.argv[1])(sys.argv[2]))"
LOOKS = {"data/dvc.yaml:code", "data/dvc.yaml:dataset@tiny"}  # are taken every time
PAGE = "notebooks/02_grad_cam.ipynb"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "own"


def contents(root):
    paths = [path for path in root.rglob("*") if path.is_file() and ".git" not in path.relative_to(root).parts]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def newer_files(*names):
    """What a later version would write: the same, with a word more in these."""
    texts = project_files()
    return texts | {name: texts[name].replace("How to read.", "How to read it.") + "\n" for name in names}


def test_a_new_folder_has_everything_and_the_next_two_lines_are_told(folder, capsys):
    verb.start_project(folder, here=False)
    assert set(contents(folder)) == {RECORD, *project_files()}
    assert {"params.yaml", "dvc.yaml", "data/dvc.yaml", "reports/README.md", WORKFLOW} <= set(project_files())
    assert {path.name for path in folder.iterdir()} >= {".git", ".dvc", ".gitignore", "environment.yml", "notebooks"}
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in said[-2:]] == [["seewhy", "new"], ["seewhy", "report"]]


def test_nothing_of_the_repository_is_left_in_a_project(folder):
    verb.start_project(folder, here=False)
    texts = {name: text for name, text in project_files().items() if name.endswith(("params.yaml", ".yml", "dvc.yaml"))}
    assert [name for name, text in texts.items() if re.search(r"\bdemo|\bsrc/|make |--editable", text)] == []
    params = Project(folder).params
    assert (params.datasets, params.studies, params.checks) == ({}, {}, {})
    assert params.sections == Project(ROOT).params.sections


def test_a_stage_depends_on_its_code_by_one_hash(folder):
    verb.start_project(folder, here=False)
    write_stage_code(folder)
    own, ours = (read_yaml(root / "dvc.yaml")["stages"] for root in (folder, ROOT))
    assert list(own) == list(ours)
    for name, stage in own.items():
        deps, before = (one.get("do", one)["deps"] for one in (stage, ours[name]))
        assert [dep for dep in deps if dep.startswith("data/code")] == [f"data/code/{name}.json"]
        assert len(deps) == 1 + len([dep for dep in before if not dep.startswith("src/")])
        assert len(artifacts.read_json(folder / f"data/code/{name}.json")["code"]) == 64


def test_versions_of_environment_and_workflow_are_this_one():
    from seewhy import __version__

    texts = project_files()
    assert read_yaml(ROOT / "environment.yml")["dependencies"][-1] == {"pip": ["--editable ."]}
    assert texts["environment.yml"].endswith(f"- pip:\n      - seewhy=={__version__}\n")
    assert f"pip install seewhy=={__version__}\n" in texts[WORKFLOW]


def test_a_second_call_changes_nothing(folder, capsys):
    verb.start_project(folder, here=False)
    before = contents(folder)
    verb.start_project(folder, here=False)
    assert contents(folder) == before
    assert "nothing to do" in capsys.readouterr().out


def test_what_is_there_is_completed_and_nothing_is_overwritten(folder, capsys, monkeypatch):
    own = {"README.md": "mine", "environment.yml": "name: mine\n", ".gitignore": "*.log\n", "reports/a.txt": "a"}
    for name, text in own.items():
        artifacts.write_text(folder / name, text)
    monkeypatch.chdir(folder)
    verb.start_project(None, here=True)
    said, found = capsys.readouterr().out, contents(folder)
    assert {name: found[name].decode() for name in own if name != ".gitignore"} == {
        name: text for name, text in own.items() if name != ".gitignore"
    }
    assert found[".gitignore"].decode() == "*.log\n" + project_files()[".gitignore"]
    assert "\nadded lines to .gitignore\n" in said
    assert re.search(r"^kept environment.yml: was there already; .*$", said, re.MULTILINE)
    assert set(project_files()) <= set(found)
    verb.start_project(None, here=True)
    assert contents(folder) == found


def test_an_upgrade_replaces_what_nobody_changed_and_keeps_the_rest(folder, capsys, monkeypatch):
    verb.start_project(folder, here=False)
    mine, run = folder / "notebooks/03_cam_variants.ipynb", folder / "notebooks/04_shap.ipynb"
    mine.write_text(mine.read_text().replace("How to read.", "Read this."))
    notebook = json.loads(run.read_text())
    next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")["execution_count"] = 7
    run.write_text(json.dumps(notebook))
    Workshop(folder).set("base.seed", 3)
    before = contents(folder)
    names = (PAGE, "notebooks/03_cam_variants.ipynb", "notebooks/04_shap.ipynb", "params.yaml", "dvc.yaml")
    monkeypatch.setattr(verb, "project_files", lambda: newer_files(*names))
    capsys.readouterr()
    verb.start_project(folder, here=False)
    said, after = capsys.readouterr().out.splitlines(), contents(folder)
    replaced = [PAGE, "notebooks/04_shap.ipynb", "dvc.yaml"]
    assert [line.split()[1].rstrip(":") for line in said if line.startswith("replaced")] == replaced
    assert [line.split(";")[0] for line in said if line.startswith("kept")] == [f"kept {names[1]}: changed here"]
    assert {name for name in after if after[name] != before[name]} == {*replaced, RECORD}
    assert [after[name].decode() for name in replaced] == [newer_files(*names)[name] for name in replaced]


def test_a_changed_file_without_a_newer_one_is_told_as_changed(folder, capsys):
    verb.start_project(folder, here=False)
    (folder / PAGE).write_text("<<<<<<< a merge that was left half done")
    capsys.readouterr()
    verb.start_project(folder, here=False)
    assert f"kept {PAGE}: changed here\n" in capsys.readouterr().out


def test_a_file_that_a_version_has_no_more_is_told_and_kept(folder, capsys, monkeypatch):
    verb.start_project(folder, here=False)
    monkeypatch.setattr(verb, "project_files", lambda: {k: v for k, v in project_files().items() if k != PAGE})
    verb.start_project(folder, here=False)
    assert re.search(rf"^kept {PAGE}: .* does not have it any more", capsys.readouterr().out, re.MULTILINE)
    assert (folder / PAGE).is_file()


@pytest.mark.parametrize("written", [0, 1, 9])
def test_a_call_that_was_stopped_is_completed_by_the_next(folder, monkeypatch, written):
    write, count = artifacts.write_text, []

    def stopped(path, text):
        count.append(path)
        if len(count) > written:
            raise KeyboardInterrupt
        write(path, text)

    with monkeypatch.context() as patch:
        patch.setattr(artifacts, "write_text", stopped)
        with pytest.raises(KeyboardInterrupt):
            verb.start_project(folder, here=False)
    verb.start_project(folder, here=False)
    assert set(contents(folder)) == {RECORD, *project_files()}
    assert set(merging.read_record(folder)) == set(project_files())


def test_a_folder_with_something_in_it_is_refused_with_the_way_out(folder, refused):
    artifacts.write_text(folder / "thesis.tex", "mine")
    assert "own is not empty (found: thesis.tex)" in refused("init", "own")
    assert refused("init", "own").endswith("call in it: seewhy init --here")
    assert [path.name for path in folder.iterdir()] == ["thesis.tex"]


def test_an_empty_repository_counts_as_empty_and_an_outer_one_is_used(folder):
    folder.mkdir()
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    verb.start_project(folder, here=False)
    verb.start_project(folder / "inner", here=False)
    assert not (folder / "inner/.git").exists()


OTHERS = {
    "params.yaml": ("train: {lr: 0.1}\n", "params.yaml is of another tool: found train"),
    "dvc.yaml": ("stages: {train: {cmd: python train.py}}\n", "dvc.yaml is of another pipeline"),
    "data/dvc.yaml": ("stages: {}\n", "data/dvc.yaml is of another pipeline"),
    "notebooks/01_eda.ipynb": ('{"cells": []}', "notebooks/01_eda.ipynb: found 0 cells tagged 'parameters'"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_file_of_another_tool_is_refused_before_anything_is_written(folder, refused, monkeypatch, name):
    text, told = OTHERS[name]
    artifacts.write_text(folder / name, text)
    monkeypatch.chdir(folder)
    said = refused("init", "--here")
    assert told in said
    assert "seewhy init DIR" in said
    assert list(contents(folder)) == [name]


def test_settings_of_ours_with_values_of_another_tool_are_refused(folder, refused, monkeypatch):
    artifacts.write_text(folder / "params.yaml", "base: {lr: 0.1}\ndatasets: {}\nstudies: {}\n")
    monkeypatch.chdir(folder)
    assert "'lr'" in refused("init", "--here")


def test_other_places_that_cannot_be_used(folder, refused, monkeypatch):
    assert "found neither; allowed: DIR, or --here" in refused("init")
    assert "found both a folder and --here" in refused("init", "own", "--here")
    Path("a-file").touch()
    assert "a-file is a file" in refused("init", "a-file")
    assert "a-file" in refused("init", "a-file/own")
    with pytest.raises(SeewhyError, match="a repository of seewhy itself"):
        check_place(ROOT, here=True)

    def denied(*_):
        raise PermissionError(13, "Permission denied", "own/.seewhy.json")

    with monkeypatch.context() as patch:
        patch.setattr(artifacts, "write_text", denied)
        assert "cannot use own/.seewhy.json: Permission denied" in refused("init", "own")
    monkeypatch.setenv("PATH", "/nowhere")
    assert "git is not found" in refused("init", "own")
    assert list(folder.iterdir()) == []


def test_a_note_that_is_damaged_stops_before_anything_is_lost(folder, refused):
    verb.start_project(folder, here=False)
    before = contents(folder)
    for text in ("<<<<<<<", "[]"):
        (folder / RECORD).write_text(text)
        assert RECORD in refused("init", "own")
        assert contents(folder) == before | {RECORD: text.encode()}


def test_files_that_git_ignores_are_named(folder, capsys, monkeypatch):
    artifacts.write_text(folder / ".gitignore", "data/\n")
    monkeypatch.chdir(folder)
    verb.start_project(None, here=True)
    assert "git ignores data/dvc.yaml, " in capsys.readouterr().err


def build(kind, source, out):
    done = subprocess.run([sys.executable, "-c", BUILD, kind, out], cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the package as pip installs it from a wheel, that was built from a source distribution."""
    place = tmp_path_factory.mktemp("wheel")
    source, hidden = place / "source", shutil.ignore_patterns("__pycache__", ".*", "*.egg-info")
    shutil.copytree(ROOT / "src/seewhy", source / "src/seewhy", ignore=hidden)
    patterns = (HERE / PATTERNS).read_text().split()
    for pattern in ("pyproject.toml", "setup.py", "README.md", "LICENSE", *patterns):
        for path in ROOT.glob(pattern):
            (source / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, source / path.relative_to(ROOT))
    with tarfile.open(build("sdist", source, place)) as packed:
        packed.extractall(place / "unpacked", filter="data")
    wheel = build("wheel", next((place / "unpacked").iterdir()), place)
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", place / "site"]
    subprocess.run([*install, wheel], check=True)
    return place / "site"


def call(installed, root, *words):
    """A module's command in `root`, with the installed package in front of all others."""
    given = {**environment(), "PYTHONPATH": str(installed)}
    command = [sys.executable, "-m", *words]
    done = subprocess.run(command, cwd=root, env=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def stale(installed, root):
    """The stages that an upgrade concerns, once the code was looked at."""
    call(installed, root, "dvc", "repro", "data/dvc.yaml:code")
    return set(json.loads(call(installed, root, "dvc", "status", "--json"))) - LOOKS


def append_comment(path):
    path.write_text(path.read_text() + "\n/* newer */\n" if path.suffix == ".css" else path.read_text() + "\n# newer\n")


def test_the_wheel_carries_the_files_and_the_script(installed):
    patterns = (HERE / PATTERNS).read_text().split()
    wanted = {path.relative_to(ROOT).as_posix() for pattern in patterns for path in ROOT.glob(pattern)}
    found = {path.relative_to(installed / "seewhy/init/files") for path in (installed / "seewhy/init/files").rglob("*")}
    assert wanted <= {path.as_posix() for path in found}
    assert not (installed / "demo").exists()
    script = [path.read_text() for path in installed.glob("seewhy-*.dist-info/entry_points.txt")]
    assert ["seewhy = seewhy.__main__:main" in text for text in script] == [True]
    assert os.access(installed / "bin/seewhy", os.X_OK)


def test_a_project_from_the_wheel_is_built_to_its_index_and_redone_after_an_upgrade(installed, template, tmp_path):
    root = tmp_path / "my models"
    call(installed, tmp_path, "seewhy", "init", root.name)
    where = [sys.executable, "-c", "import seewhy; print(seewhy.__file__)"]
    given = {**environment(), "PYTHONPATH": str(installed)}
    assert subprocess.check_output(where, cwd=root, env=given, text=True).startswith(str(installed))
    shutil.copytree(template / "mine", root / "data/inputs/things")
    shutil.copy(template / "tiny.pth", root / "data/inputs")
    shutil.copy(template / "my_nets.py", root)
    options = ["--data", "data/inputs/things/manifest.csv", "--checkpoint", "data/inputs/tiny.pth"]
    options += ["--architecture", "my_nets:Tiny", "--classes", "cup,cat", "--task", "classification"]
    assert "seewhy report tiny" in call(installed, root, "seewhy", "new", "tiny", *options)
    for section, settings in SMALL.items():
        for key, value in settings.items():
            Workshop(root).set(f"{section}.{key}", value)

    call(installed, root, "dvc", "repro")
    assert [(root / f"reports/tiny/{stem}.html").is_file() for stem in STEMS] == [True] * len(STEMS)
    assert stale(installed, root) == set()
    before = traces(root)
    said = call(installed, root, "seewhy", "report")
    assert re.search(r"render@tiny +unchanged +7 in reports/tiny/", said), said
    assert "tiny" in (root / "reports/index.html").read_text()
    made = {"reports/index.html", "reports/checks.json", "data/dvc.lock"}
    assert {name for name, value in traces(root).items() if before.get(name) != value} <= made

    append_comment(next((installed / "seewhy/report/html").rglob("*.css")))
    assert stale(installed, root) == {"render@tiny"}
    append_comment(installed / "seewhy/metrics/words.py")
    assert stale(installed, root) == {"explain@tiny", "measure@tiny", "pages@tiny", "render@tiny"}
    append_comment(installed / "seewhy/doctor/marks.py")
    assert stale(installed, root) == {"explain@tiny", "measure@tiny", "pages@tiny", "render@tiny"}
