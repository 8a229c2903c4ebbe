"""A metric of the user's own: one function in my_metrics.py, and it is on page 07 and in a check."""

import json
import sys

import pytest

from seewhy import open_study
from seewhy.checks.run import run_checks
from seewhy.checks.summaries import write_summaries
from seewhy.config.project import Project
from seewhy.measure.driver import measure_study
from seewhy.measure.family import FAMILIES
from seewhy.metrics.registry import METRICS

OWN = '''import seewhy


@seewhy.metric("brightest", title="Brightest pixel", better="higher", chance=1.0)
def brightest(attribution, object_mask):
    """How bright is the brightest pixel, and does it lie on the object?"""
    return float(object_mask.ravel()[attribution.argmax()] + attribution.max() / 2)
'''


@pytest.fixture
def measured(project, study):
    """The project with its metric, its check, and short settings, measured."""
    for name in ("audit.methods", "attributions.methods"):
        project.set(name, ["gradcam", "activation"])
    for name, value in {"steps": 2, "depths": 1, "work": 1}.items():
        project.set(f"audit.{name}", value)
    project.set("checks", {"tiny": [{"metric": "brightest", "method": "gradcam", "max": 1000}]})
    (project.root / "my_metrics.py").write_text(OWN)
    assert study.name == "tiny"
    measure_study(open_study("tiny"))
    write_summaries("tiny", Project(project.root))
    yield project
    for name in [name for name, one in METRICS.items() if one.is_own]:
        del METRICS[name], FAMILIES[name]
    sys.modules.pop("my_metrics", None)


def test_it_is_on_page_07_with_baselines_and_interval_and_in_a_check(measured, cli):
    [check] = run_checks(Project(measured.root), "tiny")
    assert (check.figure.metric, check.status, check.estimate.n) == ("brightest", "pass", 6)
    assert cli("run", "07_audit", "tiny") == (0, "")
    page = (measured.root / "reports/tiny/07_audit.html").read_text()
    section = page.rpartition("What do your own metrics say?")[2].partition("<h2")[0]
    assert "Brightest pixel: mean over images, and what each method has over the best baseline" in section
    assert "Brightest pixel: Grad-CAM" in section  # alternative text, with intervals
    for told in ("95 % interval", "centre baseline", "random baseline", "edge baseline", "n = 6"):
        assert told in section.replace("\N{NO-BREAK SPACE}", " ")
    assert json.loads((measured.root / "reports/tiny/checks.json").read_text())[0]["status"] == "pass"
