"""pyproject.toml, requirements.lock and environment.yml name the same things; dvc.yaml names all the code it runs."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import seewhy
from seewhy.config import code
from seewhy.config.code import code_files
from seewhy.config.yaml_file import read_yaml
from seewhy.pipeline.notebooks import get_notebook
from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.lock").read_text()
CONDA_NAMES = {"torch": ["pytorch"], "opencv-python-headless": ["py-opencv", "libopencv"]}
SPLIT = re.compile(r"^([A-Za-z0-9._-]+)\s*([<>=!~].*)?$")
SOURCE = ROOT / "src"
STAGES = read_yaml(ROOT / "data/dvc.yaml")["stages"] | read_yaml(ROOT / "dvc.yaml")["stages"]


def split_requirement(requirement):
    """'torch>=2.9  # why' -> ('torch', '>=2.9')"""
    name, allowed = SPLIT.match(requirement.split("#")[0].split(";")[0].strip()).groups()
    return name, (allowed or "").strip()


def pinned_versions():
    return dict(split_requirement(line.partition(" --hash")[0]) for line in locked_packages())


def locked_packages():
    """One line a package: name, version, where it is wanted, and the hashes of its files."""
    return [" ".join(line.split()) for line in LOCK.replace("\\\n", " ").splitlines() if line.strip()]


def parse_version(text):
    return [int(number) for number in re.findall(r"\d+", text)]


def test_conda_names_the_same_packages_with_the_same_ranges():
    conda = read_yaml(ROOT / "environment.yml")["dependencies"]
    given = {one.split()[0].split(">")[0]: one for one in conda if isinstance(one, str)}
    wanted = {"python": f"python{PROJECT['requires-python']}", "pip": "pip"}
    for name, allowed in map(split_requirement, PROJECT["dependencies"]):
        wanted |= {theirs: theirs + allowed for theirs in CONDA_NAMES.get(name, [name])}
    wanted["libopencv"] = wanted["libopencv"].replace(">=", " >=") + " headless*"
    assert given == wanted
    assert conda[-1] == {"pip": ["--editable ."]}


def test_conda_takes_everything_from_conda_forge():
    assert read_yaml(ROOT / "environment.yml")["channels"] == ["conda-forge", "nodefaults"]


def test_the_lock_pins_what_was_agreed():
    found = pinned_versions()
    assert (found["torch"], found["torchvision"]) == ("==2.14.1", "==0.29.1")
    assert "opencv-python-headless" in found
    assert not {"opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless"} & set(found)


def test_every_package_of_the_lock_is_one_exact_version_with_the_hashes_of_its_files():
    form = re.compile(r"[A-Za-z0-9._-]+==[\w.+!]+( ; [^-]+)?( --hash=sha256:[0-9a-f]{64})+")
    assert [line for line in locked_packages() if not form.fullmatch(line)] == []


def test_the_lock_names_no_host():
    assert not re.search(r"://|^\s*-(?!-hash=)|@", LOCK, re.MULTILINE)


def test_the_lock_holds_every_dependency_within_its_range():
    found = {re.sub(r"[._-]+", "-", name).lower(): pin for name, pin in pinned_versions().items()}
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]]
    for name, allowed in map(split_requirement, wanted):
        pin = found[re.sub(r"[._-]+", "-", name).lower()]
        assert parse_version(pin) >= parse_version(allowed), name


def test_the_version_stands_in_one_place_or_agrees():
    assert PROJECT["version"] == seewhy.__version__


def test_importing_the_package_costs_nothing():
    heavy = "{'torch', 'pandas', 'matplotlib', 'shap'}"
    code = f"import sys, seewhy, seewhy.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def imported_modules(code):
    """Modules of seewhy that a piece of code imports, in functions too, but not for type checkers alone."""
    skipped = {
        id(inner)
        for node in ast.walk(code)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(code):
        if isinstance(node, ast.ImportFrom) and id(node) not in skipped:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import) and id(node) not in skipped:
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "seewhy":
            yield seewhy._HOMES.get(node.attr, "")


def module_of(name):
    """The file of a module of ours, of a package its __init__."""
    path = SOURCE / f"{name.replace('.', '/')}.py"
    found = path if path.is_file() else path.with_suffix("") / "__init__.py"
    return found if name.startswith("seewhy.") and found.is_file() else None


def import_closure(code):
    """Every file of ours that runs when `code` does."""
    found, waiting = set(), [code]
    while waiting:
        new = set(filter(None, map(module_of, imported_modules(waiting.pop())))) - found
        found |= new
        waiting += [ast.parse(path.read_text()) for path in new]
    return found


# these start, tell, check and refuse: they cannot change what a stage writes
PLUMBING = {f"seewhy/{name}.py" for name in ("errors", "progress", "pipeline/notebooks", "doctor/preflight")}
PLUMBING |= {f"seewhy/{name}/__init__.py" for name in ("report", "report/html", "pipeline", "doctor", "checks")}
# a network that lives in a session: no stage opens one
PLUMBING |= {f"seewhy/session/{path.name}" for path in (SOURCE / "seewhy/session").glob("*.py")}
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("[0-9]*.ipynb"))
DRAWING = {"study": "pages", "comparison": "comparison_pages"}  # the stage that executes a notebook, by whose it is


def relative_paths(paths):
    return {path.relative_to(SOURCE).as_posix() for path in paths}


def uncovered_modules(code, deps):
    """Files that run and that no dependency covers, a folder covering all in it."""
    covers = [ROOT / dep for dep in deps]
    open_files = (path for path in import_closure(code) if not any(cover in (path, *path.parents) for cover in covers))
    return sorted(relative_paths(open_files) - PLUMBING)


def cells_of(path):
    cells = json.loads(path.read_text())["cells"]
    return ast.parse("\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"))


def identify(path):
    return path.relative_to(ROOT / "notebooks").with_suffix("").as_posix()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=identify)
def test_a_stage_and_a_fingerprint_cover_all_code_that_a_notebook_runs(path):
    stage = STAGES[DRAWING[get_notebook(ROOT, path.stem).subject_parameter]]["do"]
    outputs_styles = {"seewhy/report/html/assets.py"}  # what an output brings to JupyterLab; a page has its own
    assert set(uncovered_modules(cells_of(path), stage["deps"])) <= outputs_styles
    assert (
        relative_paths(import_closure(cells_of(path))) - PLUMBING - relative_paths(code_files(path.stem))
        <= outputs_styles
    )


def test_a_fingerprint_rests_on_nothing_that_its_stage_does_not_see():
    covers = [ROOT / dep for dep in STAGES["pages"]["do"]["deps"]]
    open_files = [path for path in code_files("01_model") if not any(one in (path, *path.parents) for one in covers)]
    assert {path.name for path in open_files} == {"__init__.py"}


def test_a_page_rests_on_the_texts_of_all_pages_and_its_own(monkeypatch, tmp_path):
    texts = tmp_path / "report/text"
    texts.mkdir(parents=True)
    for name in ("sentences.py", "01_model.j2", "02_grad_cam.j2", "02_grad_cam.captioning.j2"):
        (texts / name).write_text("a sentence")
    monkeypatch.setattr(code, "PACKAGE", tmp_path)
    monkeypatch.setattr(code, "TEXTS", texts)
    own = {path.name for path in code_files("02_grad_cam")}
    assert own == {"sentences.py", "02_grad_cam.j2", "02_grad_cam.captioning.j2"}


# what checks settings, and what a study does when it is asked to measure and show: these stages ask for neither
ASKED = tuple(f"seewhy/{name}" for name in ("checks/", "measure/", "report/plots", "report/pages", "report/text"))
ASKED += ("seewhy/samples.py", "seewhy/comparison.py", "seewhy/pipeline/measure.py")
ASKED += ("seewhy/report/show.py", "seewhy/report/figures.py", "seewhy/report/html", "seewhy/config/__init__.py")


@pytest.mark.parametrize(
    ("stage", "entry"),
    [("explain", "seewhy.pipeline.explain"), ("render", "seewhy.report.html.render"),
     ("comparison_render", "seewhy.report.html.render"), ("settings", "seewhy.pipeline.stage_settings")],
)  # fmt: skip
def test_a_stage_depends_on_all_code_that_it_runs(stage, entry):
    deps = STAGES[stage]["do" if "do" in STAGES[stage] else "deps"]
    deps = deps["deps"] if isinstance(deps, dict) else deps
    found = set(uncovered_modules(ast.parse(f"import {entry}"), deps))
    assert {name for name in found if not name.startswith(ASKED)} <= {"seewhy/config/artifacts.py"}, found


def test_a_dataset_is_checked_again_when_any_code_that_checks_it_changes():
    watched = ["src/seewhy/inputs", "src/seewhy/config"]  # see renewal._made
    found = uncovered_modules(ast.parse("import seewhy.inputs.dataset"), watched)
    assert {name for name in found if not name.startswith("seewhy/checks/")} == set(), found
    assert STAGES["dataset"]["do"]["always_changed"]


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_names_files_that_exist_and_keeps_what_it_replaces(name):
    stage = STAGES[name].get("do", STAGES[name])
    fixed = [dep for dep in stage.get("deps", []) if "${" not in dep and not dep.startswith("data/")]
    assert [dep for dep in fixed if not (ROOT / dep).exists()] == []
    assert all(isinstance(key, str) for key in stage.get("params", []))
    outs = [out for kind in ("outs", "metrics", "plots") for out in stage.get(kind, [])]
    assert name == "demo" or all(how["persist"] for out in outs for how in out.values())


def test_no_stage_of_measuring_or_pages_sees_styles_scripts_or_what_starts_it():
    for name in ("explain", "pages", "comparison_pages"):
        deps = STAGES[name]["do"]["deps"]
        assert not {dep for dep in deps if dep in ("src/seewhy", "src/seewhy/report", "src/seewhy/report/html")}
    assert not any("report" in dep for dep in STAGES["explain"]["do"]["deps"])


def test_the_demonstration_is_no_part_of_the_package():
    found = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]
    assert found == {"where": ["src"], "include": ["seewhy", "seewhy.*"]}
    texts = {path: path.read_text() for path in (SOURCE / "seewhy").rglob("*.py")}
    assert [path.name for path, text in texts.items() if re.search(r"^\s*(import|from) demo\b", text, re.M)] == []


def test_no_file_of_the_project_names_a_machine():
    kept = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    texts = {".py", ".md", ".yaml", ".yml", ".toml", ".lock", ".ipynb", ".cfg", ".j2", ".css", ".js", ""}
    wrong = []
    for name in kept.stdout.splitlines():
        path = ROOT / name
        if path.suffix in texts and path.is_file() and path != Path(__file__):
            wrong += [name] if f"{ROOT}/" in path.read_text(errors="ignore") else []
    assert wrong == []
