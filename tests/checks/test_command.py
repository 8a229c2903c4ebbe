"""`seewhy check`, the old `seewhy gate`, and the files that the measure stage writes: on small tables."""

import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from seewhy.checks.figure import Figure
from seewhy.checks.own_checks import describe_figure
from seewhy.checks.run import collect_checks, show_checks
from seewhy.checks.summaries import write_summaries
from seewhy.checks.summary import write_summary
from seewhy.config import artifacts
from seewhy.config.project import find_project
from seewhy.measure.family import tidy_rows, tidy_table
from seewhy.measure.store import Result, write_family
from seewhy.metrics.baselines import NAMES
from seewhy.metrics.registry import METRICS, Metric
from tests.conftest import ROOT

N = 20
ROWS = pd.DataFrame(
    {
        "image": [f"{k}.png" for k in range(N)],
        "target": [0, 1] * 10,
        "label": ["cup", "cat"] * 10,
        "predicted": ["cup", "cat"] * 9 + ["cat", "cup"],
        "confidence": np.linspace(0.5, 0.9, N),
        "correct": [True] * 18 + [False] * 2,
        "split": "test",
    }
)
DRAW = np.random.default_rng(0)


def drawn(mean):
    return DRAW.normal(mean, 0.1, N)


def tables():
    """What a model is measured to be that takes a shadow for a cat, and hides it from its maps."""
    maps = {"gradcam": 2.0, **dict.fromkeys(NAMES, 1.0)}
    ranks = [tidy_rows(ROWS, name, "deletion", drawn(1 / mean), share=np.nan) for name, mean in maps.items()]
    ranks += [
        tidy_rows(ROWS, name, f"{kind}_curve", drawn(0.5), share=share)
        for name in maps
        for kind in ("deletion", "insertion")
        for share in (0.0, 0.5, 1.0)
    ]
    done = [
        ("shadow", "paste", False, 1),
        ("shadow", "paste", True, 0),
        ("object", "swap", False, 1),
        ("object", "swap", True, 0),
    ]
    changes = [
        tidy_rows(ROWS, "", "prediction_change", np.full(N, float(hit)), region=region, kind=kind, control=control)
        for region, kind, control, hit in done
    ]
    found = {
        "localisation": [tidy_rows(ROWS, name, "lift", drawn(mean), class_is="true") for name, mean in maps.items()],
        "faithfulness": ranks,
        "interventions": changes,
        "regions": [tidy_rows(ROWS, "gradcam", "region_lift", drawn(0.8), region="shadow")],
        "randomisation": [tidy_rows(ROWS, "gradcam", "similarity_after_randomisation", drawn(0.0), depth=1.0)],
        "stability": [
            tidy_rows(ROWS, "gradcam", "stability", drawn(0.9), change="jpeg"),
            tidy_rows(ROWS, "", "label_flip", np.zeros(N), change="jpeg"),
        ],
        "predictions": [
            tidy_rows(ROWS, "", "correct", ROWS["correct"].astype(float)),
            tidy_rows(ROWS, "", "confidence", ROWS["confidence"]),
        ],
    }
    return {name: tidy_table(parts) for name, parts in found.items()}


@pytest.fixture
def measured(project, monkeypatch):
    """The project with measurements, and a way to ask for checks."""
    root = project.root
    hits = Metric("correct", "predictions", "Accuracy", better="higher", is_share=True)
    monkeypatch.setitem(METRICS, "correct", METRICS.get("correct", hits))
    for name, table in tables().items():
        write_family(root, "tiny", name, Result(table), {})
    artifacts.write_table(artifacts.predictions_path(root, "tiny"), ROWS.drop(columns="split"), {"checkpoint": "abc"})
    artifacts.write_table(artifacts.dataset_path(root, "things"), ROWS[["image", "split"]].assign(site="north"), {})

    def ask(*checks, **gates):
        project.set("checks", {"tiny": list(checks)})
        project.set("gates", {"tiny": {key.replace("__", "."): limit for key, limit in gates.items()}} if gates else {})
        project.set("studies.tiny.suspects", {"shadow": "shadow_mask"})
        return find_project()

    return ask


ACCURACY = {"metric": "accuracy", "min": 0.99}


def test_a_broken_check_is_a_line_and_exit_code_1(measured, cli):
    measured(ACCURACY, {"metric": "lift", "method": "gradcam", "class": "cup", "versus": "centre", "min": 0})
    code, said = cli("check")
    assert code == 1
    assert said == "tiny: accuracy 0.90 (0.70 to 0.97) is below 0.99 by 0.09\n"
    assert cli("check", "tiny")[0] == 1


def test_any_metric_by_class_and_slice(measured):
    fields = {"method": "gradcam", "min": 1}
    project = measured(
        {"metric": "lift", "slice": {"site": "north"}, **fields},
        {"metric": "lift", "class": "cat", **fields},
        {"metric": "prediction_change", "region": "shadow", "kind": "paste", "versus": "control", "max": 0.1},
    )
    found = collect_checks(project)["tiny"]
    assert [(one.estimate.n, one.status) for one in found] == [(N, "pass"), (N // 2, "pass"), (N, "fail")]


@pytest.mark.parametrize(
    "limit",
    [{"min": 0.9}, {"min": 0.5, "expected": "fail"}, {"min": 0.9, "expected": "fail"}],
    ids=str,
)
def test_what_is_undecided_or_better_than_meant_breaks_only_strictly(measured, cli, limit):
    measured({"metric": "accuracy", **limit})
    assert cli("check") == (0, "")
    code, said = cli("check", "--strict")
    assert code == 1
    assert said.startswith("tiny: accuracy 0.90")


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ({"metric": "lifft", "min": 1}, "unknown metric 'lifft' in checks.tiny of params.yaml; did you mean 'lift'?"),
        (
            {"metric": "lift", "method": "grdcam", "min": 1},
            "unknown method 'grdcam' in lift of checks.tiny of params.yaml",
        ),
        (
            {"metric": "lift", "method": "gradcam", "versus": "center", "min": 1},
            "unknown name 'center' in versus of lift",
        ),
        (
            {"metric": "prediction_change", "region": "shade", "kind": "paste", "max": 1},
            "unknown region 'shade' in prediction_change of checks.tiny of params.yaml; did you mean 'shadow'?",
        ),
        ({"metric": "lift", "method": "gradcam", "class": "cupp", "min": 1}, "unknown class 'cupp' in lift, gradcam"),
    ],
)
def test_what_does_not_exist_is_refused_with_the_closest_name(measured, refused, check, said):
    measured(check)
    assert said in refused("check")


def test_the_table_names_every_check(measured, capsys):
    show_checks(collect_checks(measured(ACCURACY | {"expected": "fail"})))
    head, row = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["study", "check", "estimate"]
    cells = re.split(r" {2,}", row.strip())
    assert cells == ["tiny", "accuracy", "0.90 (0.70 to 0.97)", "min 0.99", "20", "fail (expected)"]


def test_old_gates_are_read_and_a_line_names_the_new_check(measured, cli):
    measured(accuracy={"min": 0.5}, audit__reliance__shadow_paste_over_control={"max": 0.1, "expected": "fail"})
    code, said = cli("check")
    assert code == 0
    assert said.splitlines() == [
        "gates.tiny.accuracy of params.yaml is now checks.tiny: {metric: accuracy, min: 0.5}",
        "gates.tiny.audit.reliance.shadow_paste_over_control of params.yaml is now checks.tiny: {metric: "
        "prediction_change, region: shadow, kind: paste, versus: control, max: 0.1, expected: fail}",
    ]
    code, said = cli("gate", "tiny")
    assert (code, said.splitlines()[0]) == (0, "`seewhy gate` is now `seewhy check`")


def test_a_gate_without_a_metric_is_read_from_its_old_file(measured, cli):
    project = measured(
        model__iou={"min": 0.5, "claim": "the overlap"}, model__gone={"min": 0}, model__images={"min": 9}
    )
    folder = project.root / "reports/tiny/metrics"
    folder.mkdir(parents=True)
    figures = {"iou": 0.3, "iou_low": 0.2, "iou_high": 0.4, "iou_n": 9, "images": 9}
    (folder / "model.json").write_text(json.dumps(figures))
    found = collect_checks(project)["tiny"]
    assert [one.status for one in found] == ["fail", "not run", "pass"]
    assert found[0].row()["denial"] == "the overlap is not above 0.5"
    assert "unknown figure 'gone' in reports/tiny/metrics/model.json" in found[1].missing
    assert cli("check")[0] == 1


def test_without_measurements_the_committed_figures_are_used(measured, cli, project):
    write_summaries("tiny", measured(ACCURACY))
    for path in (project.root / "data/measurements").rglob("*.parquet"):
        path.unlink()
    assert "accuracy 0.90 (0.70 to 0.97) is below" in cli("check")[1]
    measured({"metric": "lift", "method": "gradcam", "min": 1})
    code, said = cli("check")
    assert (code, said) == (
        0,
        "",
    )
    assert "it was not measured; build it first" in cli("check", "--strict")[1]


@pytest.mark.usefixtures("project")
def test_without_checks_nothing_breaks(cli, refused):
    assert cli("check", "--strict") == (0, "")
    assert "unknown study or comparison 'tiny' in checks of params.yaml" in refused("check", "tiny")


def test_all_files_come_from_the_tables(measured):
    project = measured(ACCURACY)
    paths = write_summaries("tiny", project)
    folder = project.root / "reports/tiny"
    assert {path.name for path in paths} >= {"figures.csv", "verdict.json", "checks.json", "audit.json"}
    old = json.loads((folder / "metrics/audit.json").read_text())
    assert old["reliance.shadow_paste_over_control"] == 1
    assert old["gradcam.localisation_lift_n"] == N
    assert (old["images"], old["intervened"]) == (N, N)
    figures = pd.read_csv(folder / "figures.csv")
    one = figures[(figures["metric"] == "lift") & (figures["method"] == "gradcam")]
    assert one["versus"].fillna("").tolist() == ["", "best_baseline"]
    assert (folder / "metrics/confusion.csv").read_text().splitlines()[:2] == ["label,predicted", "cup,cup"]
    curves = pd.read_csv(folder / "metrics/curves.csv")
    assert curves.columns[:3].tolist() == ["share", "deletion", "insertion"]
    assert curves["share"].tolist() == [0, 0.5, 1]
    again = {path: path.read_bytes() for path in paths}
    write_summaries("tiny", project)
    assert {path: path.read_bytes() for path in paths} == again


def test_the_summary_answers_four_questions(measured):
    project = measured()
    found = json.loads(write_summary(project, "tiny").read_text())
    assert {name: one["answer"] for name, one in found["questions"].items()} == {
        "works": "Yes",
        "shortcut": "Yes",
        "stable": "Undecided",
        "maps": "No",
    }
    assert found["questions"]["works"]["figure"] == "90.0 % correct"
    line = "Verdict for this model: FAILED. A pasted shadow alone makes the model predict the object (100.0 %), "
    line += "and heat maps do not mark it."
    assert found["verdict"] == {"status": "failed", "severity": "shortcut", "line": line, "page": "07_audit"}
    assert found["use"]["answer"] == "No"
    assert (found["checkpoint"], found["images"], found["dataset"], found["task"]) == (
        "abc",
        N,
        "things",
        "classification",
    )


def test_the_files_of_a_comparison(measured, project, cli):
    project.set("studies.other", {"dataset": "things", "checkpoint": "tiny.pth", "architecture": "my_nets:Tiny"})
    project.set("comparisons", {"both": {"studies": ["tiny", "other"]}})
    measured()
    project.set("checks", {"both": [{"metric": "map_likeness", "method": "gradcam", "min": 0.5}]})
    artifacts.write_table(artifacts.predictions_path(project.root, "other"), ROWS.drop(columns="split"), {})
    parts = [tidy_rows(ROWS, "", "correct", ROWS["correct"].astype(float), study=side) for side in ("first", "second")]
    parts += [tidy_rows(ROWS, "", "same_prediction", np.ones(N))]
    alike = {"same image": 0.8, "other images": 0.1}
    parts += [tidy_rows(ROWS, "gradcam", "map_likeness", drawn(mean), compared=kind) for kind, mean in alike.items()]
    told = {"images": ROWS["image"], "outcome": ["both right"] * N, "explained": ROWS["label"]}
    arrays = {name: np.array(values, str) for name, values in told.items()}
    write_family(project.root, "both", "paired", Result(tidy_table(parts), arrays), {})
    write_summaries("both", find_project())
    folder = project.root / "reports/both"
    images = pd.read_csv(folder / "images.csv")
    assert images.columns[:5].tolist() == ["image", "label", "predicted_first", "confidence_first", "correct_first"]
    assert images.columns[-4:].tolist() == ["outcome", "explained", "likeness_same", "likeness_other"]
    assert images["likeness_same"].mean() == pytest.approx(0.8, abs=0.1)
    assert json.loads((folder / "metrics/comparison.json").read_text())["same_answer"] == 1
    assert not (folder / "metrics/audit.json").exists()
    assert cli("check", "both") == (0, "")


@pytest.mark.usefixtures("project")
def test_a_study_that_is_not_measured_is_one_line():
    with pytest.raises(Exception, match=r"study 'tiny' is not measured yet; make it with: dvc repro measure@tiny"):
        write_summaries("tiny", find_project())


def test_figures_are_described_in_words():
    pasted = Figure("prediction_change", "", "control", {"region": "shadow", "kind": "paste"})
    assert describe_figure(pasted) == "prediction change by paste of the shadow beyond its control"
    assert describe_figure(Figure("lift", "gradcam", images={"site": "a"})) == "lift of gradcam where site is a"


def test_the_docs_translate_every_old_word():
    from seewhy.checks.old_keys import WORDS

    told = re.findall(r"^\| `([\w.]+)` \| `\{metric: ", (ROOT / "docs/checks.md").read_text(), re.MULTILINE)
    assert {*told} >= {*WORDS} - {"background"}


def test_reading_params_imports_nothing_heavy():
    heavy = "{'torch', 'pandas', 'numpy', 'scipy', 'cv2'}"
    asked = f"import sys, seewhy.cli, seewhy.config.project; print(sorted({heavy} & set(sys.modules)))"
    asked += "; import seewhy.checks.summaries, seewhy.checks.run; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "False"]
