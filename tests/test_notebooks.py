import ast
import json

import pytest

from seewhy.config.project import Project, find_project
from seewhy.config.yaml_file import read_yaml
from seewhy.errors import SeewhyError
from seewhy.pipeline import notebooks
from tests.conftest import ROOT

PATHS = sorted((ROOT / "notebooks").rglob("[0-9]*.ipynb"))
MOST_LINES = 80


def cells(path, kind="code"):
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == kind]


def source(cell):
    return "".join(cell["source"])


@pytest.mark.parametrize("path", PATHS, ids=lambda path: str(path.relative_to(ROOT / "notebooks")))
class TestEach:
    def test_is_stored_without_outputs(self, path):
        assert [cell for cell in cells(path) if cell["outputs"] or cell["execution_count"]] == []

    def test_has_few_code_lines(self, path):
        lines = [line for cell in cells(path) for line in source(cell).splitlines() if line.strip()]
        assert len(lines) <= MOST_LINES

    def test_defines_nothing_and_leaves_the_path_alone(self, path):
        kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
        code = ast.parse("\n".join(source(cell) for cell in cells(path)))
        assert [node for node in ast.walk(code) if isinstance(node, kinds)] == []
        assert "sys.path" not in ast.unparse(code)

    def test_asks_a_question_first(self, path):
        first = source(cells(path, "markdown")[0]).splitlines()[0]
        assert first.startswith("# ")
        assert first.endswith("?")

    def test_takes_a_study_or_a_comparison_and_has_one_parameters_cell(self, path):
        tagged = [cell for cell in cells(path) if "parameters" in cell["metadata"].get("tags", [])]
        assert len(tagged) == 1
        whose, _, name = source(tagged[0]).splitlines()[0].partition(" = ")
        assert whose in ("study", "comparison")
        task = path.parent.name if path.parent != ROOT / "notebooks" else "classification"
        project = Project(ROOT)
        if task in ("multilabel", "regression"):  # the demonstration has no such study
            return
        assert project.params.task_of(json.loads(name)) == task
        assert json.loads(name) in project.run_names(notebooks.get_notebook(ROOT, path.stem))


def test_every_notebook_has_its_page_in_a_stage_and_every_section_is_a_notebooks():
    found = {notebook.section: notebook for notebook in notebooks.find_notebooks(ROOT)}
    stages = read_yaml(ROOT / "dvc.yaml")["stages"]
    fixed = {"base", "demo", "datasets", "studies", "attributions", "comparisons", "checks", "gates"}
    assert sum(1 + len(one.tasks) for one in found.values()) == len(PATHS)
    assert set(read_yaml(ROOT / "params.yaml")) - fixed <= set(found)
    for whose, stage in (("study", "render"), ("comparison", "comparison_render")):
        pages = {f"reports/${{key}}/{one.stem}.html" for one in found.values() if one.subject_parameter == whose}
        assert {name for out in stages[stage]["do"]["outs"] for name in out} == pages


def test_a_comparison_waits_for_what_its_page_reads():
    stage = read_yaml(ROOT / "dvc.yaml")["stages"]["comparison_pages"]["do"]
    for number in (0, 1):
        name = f"${{item.studies[{number}]}}"
        needed = {f"data/predictions/{name}.parquet", f"data/attributions/{name}", f"reports/{name}/verdict.json"}
        assert needed <= set(stage["deps"])


def test_params_yaml_of_the_repository_is_valid():
    assert Project(ROOT).params.studies


def write(root, *cells):
    path = root / "notebooks" / "09_mine.ipynb"
    parameters = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "outputs": [], "execution_count": None}
    path.write_text(json.dumps({"cells": [{**parameters, "source": text} for text in cells]}))
    return path


@pytest.mark.parametrize(
    ("texts", "line"),
    [
        ((), "found 0 cells tagged 'parameters'; allowed: exactly one"),
        (("a = 1", "b = 2"), "found 2 cells tagged 'parameters'; allowed: exactly one"),
        (("import os",), "the 'parameters' cell may hold only lines of the form name = value"),
        (("a = print(1)",), "the 'parameters' cell may hold only lines of the form name = value"),
        (("a = ",), "the 'parameters' cell may hold only lines of the form name = value"),
        (("a = b = 1",), "the 'parameters' cell may hold only lines of the form name = value"),
    ],
)
def test_a_wrong_parameters_cell_is_one_line(project, refused, texts, line):
    write(project.root, *texts)
    assert f"notebooks/09_mine.ipynb: {line}" in refused("dataset", "things")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": 3}', '{"cells": [{"metadata": {}}]}', '{"cells": [3]}'])
def test_what_is_no_notebook_is_one_line(project, refused, text):
    (project.root / "notebooks/09_mine.ipynb").write_text(text)
    assert "notebooks/09_mine.ipynb is not a notebook" in refused("dataset", "things")


@pytest.mark.parametrize(("default", "value"), [("1", 2), ("0.5", 1), ("0.5", 0.25), ("'a'", "b"), ("[1]", [])])
def test_values_of_the_defaults_type_pass(project, default, value):
    path = write(project.root, f"study = 's'\nx = {default}")
    assert notebooks.get_notebook(project.root, path.stem).check_settings({"x": value}) == {"x": value}


@pytest.mark.parametrize("whose", ["study", "comparison"])
def test_a_notebook_is_run_for_what_its_parameters_cell_names(project, whose):
    write(project.root, f'{whose} = "a"\nx = 1')
    project.set("mine", {})
    found = notebooks.get_notebook(project.root, "09_mine")
    assert found.subject_parameter == whose
    assert Project(project.root).run_names(found) == (["tiny"] if whose == "study" else [])
    with pytest.raises(SeewhyError, match=f"unknown key '{whose}' in section 'mine'"):
        found.check_settings({whose: "b"})


def test_the_closest_notebook_is_named(project):
    with pytest.raises(SeewhyError, match="unknown notebook '02_gradcam' in notebooks/; did you mean '02_grad_cam'"):
        notebooks.get_notebook(project.root, "02_gradcam")


def test_a_task_may_have_a_notebook_of_its_own_with_settings_of_its_own(project, refused):
    folder = project.root / "notebooks/captioning"
    folder.mkdir(exist_ok=True)
    text = json.loads((project.root / "notebooks/03_cam_variants.ipynb").read_text())
    cell = next(cell for cell in text["cells"] if "parameters" in cell["metadata"].get("tags", []))
    cell["source"] = 'study = "tiny"\nwords = ["left"]'
    (folder / "03_cam_variants.ipynb").write_text(json.dumps(text))
    general = notebooks.get_notebook(project.root, "03_cam_variants")
    assert general.variant_for("classification") is general
    assert general.variant_for("captioning").parameters == {"study": "tiny", "words": ["left"]}
    project.set("cam_variants", {"words": ["right"], "images": 2})
    assert Project(project.root).params.sections["cam_variants"]["words"] == ["right"]
    project.set("cam_variants", {"words": 3})
    assert "cam_variants.words in params.yaml: found 3; allowed: list" in refused("settings")
    project.set("cam_variants", {"words": ["up"]})
    assert parameters_of("03_cam_variants") == {"study": "tiny"}
    project.set("datasets.things.task", "captioning")
    assert parameters_of("03_cam_variants") == {"study": "tiny", "words": ["up"]}


def parameters_of(stem):
    project = find_project()
    notebook = next(one for one in project.notebooks_for("tiny") if one.stem == stem)
    return project.notebook_parameters(notebook, "tiny")


def test_the_hash_of_a_notebook_sees_its_cells_and_nothing_else(project):
    path = project.root / "notebooks/02_grad_cam.ipynb"
    before, content = notebooks.source_hash(path), json.loads(path.read_text())
    code = next(cell for cell in content["cells"] if cell["cell_type"] == "code")
    code |= {"outputs": [{"output_type": "stream", "name": "stdout", "text": ["3"]}], "execution_count": 3, "id": "a"}
    code["metadata"]["scrolled"] = True
    path.write_text(json.dumps(content | {"metadata": {"language_info": {"version": "3.14"}}}))
    assert notebooks.source_hash(path) == before
    code["source"] = "x = 1"
    path.write_text(json.dumps(content))
    assert notebooks.source_hash(path) != before
