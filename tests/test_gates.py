"""Gates: statuses by hand, what the verb says and returns, and what DVC runs first."""

import ast
import json
import re
import subprocess
import sys

import pytest

from seewhy.checks import gates
from seewhy.checks.gates import Outcome
from seewhy.checks.limits import WORDS, Limit
from seewhy.config.project import find_project
from seewhy.pipeline import build
from tests.conftest import ROOT
from tests.test_packaging import STAGES, uncovered

MODEL = {
    "accuracy": 0.76,
    "accuracy_low": 0.71,
    "accuracy_high": 0.79,
    "accuracy_n": 272,
    "ece_n": 3,
    "f1_n": 0,
    "images": 272,
}


@pytest.fixture
def measured(project):
    """The project with figures of its model, and a way to ask for gates."""
    folder = project.root / "reports/tiny/metrics"
    folder.mkdir(parents=True)
    (folder / "model.json").write_text(json.dumps(MODEL))

    def ask(**limits):
        project.set("gates", {"tiny": {gate.replace("__", "."): limit for gate, limit in limits.items()}})
        return project.root

    return ask


def outcome(root, gate, **limit):
    return gates.outcomes(root, "tiny", {gate: Limit(**limit)})[0]


@pytest.mark.parametrize(
    ("limit", "status"),
    [
        ({"min": 0.7}, "pass"),
        ({"min": 0.71}, "unsure"),  # the interval touches the limit
        ({"min": 0.75}, "unsure"),
        ({"min": 0.8}, "fail"),
        ({"max": 0.8}, "pass"),
        ({"max": 0.78}, "unsure"),
        ({"max": 0.7}, "fail"),
    ],
)
def test_only_a_whole_interval_decides(measured, limit, status):
    assert outcome(measured(), "model.accuracy", **limit).status == status


@pytest.mark.parametrize(("limit", "status"), [({"min": 272}, "pass"), ({"min": 273}, "fail"), ({"max": 272}, "pass")])
def test_a_figure_without_interval_is_exact(measured, limit, status):
    found = outcome(measured(), "model.images", **limit)
    assert (found.status, found.row()["n"], found.row()["low"]) == (status, None, 272)


def test_what_is_not_there_is_not_run_and_why(measured):
    root = measured()
    told = {gate: outcome(root, gate, min=0) for gate in ("sanity", "model.acuracy", "model.f1", "model.ece")}
    assert [one.status for one in told.values()] == ["not run", "not run", "not run", "unsure"]
    assert [one.line() for one in told.values()] == [
        "tiny: sanity was not run: there is no reports/tiny/metrics/audit.json yet",
        "tiny: model.acuracy was not run: unknown figure 'acuracy' in reports/tiny/metrics/model.json; "
        "did you mean 'accuracy'? allowed: accuracy, images",
        "tiny: model.f1 was not run: no image to measure it on",
        "tiny: model.ece is not measured: 3 images are too few",
    ]
    assert told["model.ece"].row()["denial"] == "ece of model.json is not above 0"
    assert told["model.f1"].row() == {
        "gate": "model.f1",
        "figure": "model.f1",
        "what": "f1 of model.json",
        "claim": "f1 of model.json is above 0",
        "denial": "f1 of model.json is not above 0",
        "passes": "above",
        "value": None,
        "low": None,
        "high": None,
        "limit": 0,
        "n": 0,
        "status": "not run",
        "expected": "pass",
    }


def test_lines_say_by_how_much():
    found = {"value": 0.76, "low": 0.71, "high": 0.79, "n": 272}
    lines = {
        "a: accuracy 0.76 (0.71 to 0.79) is below 0.80 by 0.04": (found, {"min": 0.8}),
        "a: accuracy 0.76 (0.71 to 0.79) is above 0.50 by 0.26": (found, {"max": 0.5}),
        "a: accuracy 0.76 (0.71 to 0.79) is not surely above 0.75 (n = 272)": (found, {"min": 0.75}),
        "a: accuracy 0.7600 (0.7100 to 0.7967) is below 0.8000 by 0.0400": (found | {"high": 0.7967}, {"min": 0.8}),
        "a: accuracy 0.76 (0.71 to 0.79) passes min 0.50, though expected to fail": (
            found,
            {"min": 0.5, "expected": "fail"},
        ),
        "a: accuracy 3 is above 2 by 1": ({"value": 3, "low": 3, "high": 3, "n": None}, {"max": 2}),
    }
    for line, (figures, limit) in lines.items():
        assert Outcome("a", "accuracy", Limit(**limit), **figures).line() == line


def test_a_broken_gate_is_a_line_and_exit_code_1(measured, cli):
    measured(accuracy={"min": 0.8}, model__images={"min": 3})
    assert cli("gate") == (1, "tiny: accuracy 0.76 (0.71 to 0.79) is below 0.80 by 0.04\n")
    assert cli("gate", "tiny")[0] == 1


def test_the_table_names_every_gate(measured, capsys):
    root = measured()
    gates.show([outcome(root, "accuracy", min=0.8, expected="fail"), outcome(root, "model.images", min=3)])
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["study", "gate", "found", "(95", "%", "interval)", "limit", "n", "status"]
    assert [re.split(r" {2,}", row.strip()) for row in rows] == [
        ["tiny", "accuracy", "0.76 (0.71 to 0.79)", "min 0.8", "272", "fail (expected)"],
        ["tiny", "model.images", "272", "min 3", "pass"],
    ]


@pytest.mark.parametrize(
    "limit", [{"min": 0.75}, {"min": 0.5, "expected": "fail"}, {"min": 0.75, "expected": "fail"}], ids=str
)
def test_what_is_undecided_or_better_than_meant_breaks_only_strictly(measured, cli, limit):
    measured(accuracy=limit)
    assert cli("gate") == (0, "")
    code, said = cli("gate", "--strict")
    assert code == 1
    assert said.startswith("tiny: accuracy 0.76")


def test_the_stage_records_and_never_fails(measured, cli):
    root = measured(accuracy={"min": 0.8})
    assert cli("gate", "tiny", "--record") == (0, "")
    rows = json.loads((root / "reports/tiny/gates.json").read_text())
    assert [(row["gate"], row["value"], row["status"]) for row in rows] == [("accuracy", 0.76, "fail")]
    assert not (root / "reports/gates.json").exists()
    cli("gate")
    assert json.loads((root / "reports/gates.json").read_text()) == {"tiny": rows}


def test_without_gates_nothing_breaks(project, cli, refused):
    assert cli("gate", "--strict") == (0, "")
    assert (project.root / "reports/gates.json").read_text() == "{}\n"
    assert "unknown study or comparison 'tiny' in gates of params.yaml" in refused("gate", "tiny")


def test_damaged_metrics_are_one_line(measured, refused):
    root = measured(accuracy={"min": 0.8})
    (root / "reports/tiny/metrics/model.json").write_text("<<<<<<< ours")
    assert "reports/tiny/metrics/model.json is no JSON: " in refused("gate")


def test_words_stand_for_figures_that_the_pages_write():
    """Each key is written by the audit or by page 01 (committed figures), or by the comparison."""
    for word in WORDS.values():
        file, _, key = word.key.partition(".")
        path = ROOT / f"reports/photos-lite0/metrics/{file}.json"
        assert file == "comparison" or f"{key}_n" in json.loads(path.read_text()), word.key


def test_the_docs_name_every_word_with_its_figure_and_side():
    told = re.findall(r"^\| `(\w+)` \| `([\w.]+)` \| (min|max) \|", (ROOT / "docs/gates.md").read_text(), re.MULTILINE)
    assert told == [(name, word.key, word.side) for name, word in WORDS.items()]


def test_the_stage_imports_nothing_heavy():
    heavy = "{'torch', 'pandas', 'numpy', 'scipy', 'rich.table'}"
    code = f"import sys, seewhy.cli, seewhy.checks.gates; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_stage_names_the_code_that_it_runs():
    stage = STAGES["gates"]["do"]
    assert uncovered(ast.parse("from seewhy.gates import record"), stage["deps"]) == []
    assert "src/seewhy/limits.py" in stage["deps"]


def test_dvc_runs_all_pages_of_a_study_before_its_gates(measured):
    from dvc.repo import Repo

    root = measured(accuracy={"min": 0.8}, audit__reliance__shadow_paste={"max": 0.1})
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    (root / ".dvc").mkdir()
    (root / ".dvc/config").write_text("[core]\n    analytics = false\n")
    graph = Repo(str(root)).index.graph
    stage = next(one for one in graph if one.addressing == "gates@tiny")
    before = {one.addressing for one in graph.successors(stage)}
    own = [path.stem.partition("_")[2] for path in (root / "notebooks").glob("*.ipynb")]
    assert before == {f"{name}@tiny" for name in own if name != "comparison"}


def test_a_report_builds_the_gates_and_collects_them(measured, monkeypatch):
    root, asked = measured(accuracy={"min": 0.8}), []
    monkeypatch.setattr(build, "_reproduce", lambda _root, stages, _clock: asked.extend(stages))
    build.report(find_project(), "tiny")
    assert asked[-1] == "gates@tiny"
    assert json.loads((root / "reports/gates.json").read_text())["tiny"][0]["status"] == "fail"
