import json
import re

import pytest
from bs4 import BeautifulSoup

from seewhy.report import show
from seewhy.report.plots.gate_bars import MIDDLE, ROOM, WIDTH, gates, widest
from seewhy.stats import NAN, NOTHING, Estimate
from tests.checks.rows import make_row
from tests.conftest import ROOT
from tests.report.samples import HOSTILE

HALF = WIDTH / 2


def row(gate="reliance.swap", found=(0.4, 0.3, 0.6), limit=0.5, least=False, claim="it holds", n=40, **more):
    return make_row(gate, claim, Estimate(*found, n), limit, least) | more


def strips(rows, spans=None):
    return BeautifulSoup(gates(rows, spans), "html.parser").select(".gate")


def test_the_limit_is_in_the_middle_and_the_interval_where_it_belongs():
    (one,) = strips([row(found=(0.4, 0.25, 0.6))], {"reliance.swap": 0.5})
    at = [HALF + ROOM * HALF * (x - 0.5) / 0.5 for x in (0.25, 0.6, 0.4)]
    low, high, value = (round(x, 1) for x in at)
    assert one.select_one(".bar")["d"] == f"M{low} {MIDDLE}H{high}"
    assert float(one.circle["cx"]) == value
    assert one.select_one(".limit")["d"].startswith(f"M{HALF:.0f} ")


@pytest.mark.parametrize(("least", "way", "sign"), [(True, "h75v", "> 50 %"), (False, "h-75v", "< 50 %")])
def test_the_passing_side_is_shaded_and_told(least, way, sign):
    (one,) = strips([row(least=least)])
    assert way in one.select_one(".shade")["d"]
    assert one.find("text").text == sign
    assert f"passes {'above' if least else 'below'} 50 %" in one.svg["aria-label"]


def test_status_is_told_by_mark_word_and_shape():
    found = {"pass": (0.3, 0.2, 0.4), "fail": (0.7, 0.6, 0.8), "unsure": (0.5, 0.4, 0.6)}
    ones = {status: strips([row(found=some)])[0] for status, some in found.items()}
    ones["not run"] = strips([make_row("reliance.swap", "c", NOTHING, 0.5, True)])[0]
    for status, mark in (("pass", "✓"), ("fail", "✗"), ("unsure", "?"), ("not run", "–")):
        assert ones[status].select_one(".status").text == f"{mark} {status}"
        assert ones[status].svg["aria-label"].startswith(f"{status}: ")
    assert ones["pass"].select_one("circle.dot")
    assert ones["fail"].select_one("path.dot")
    assert ones["unsure"].select_one("circle.ring")
    assert not ones["not run"].select(".dot, .ring, .bar")


def test_figures_are_written_in_the_unit_of_their_gate():
    names = [
        "reliance.object_swap_over_control",
        "reliance.wall_swap_over_control",
        "audit.reliance.wall_paste_over_control",
        "reliance.background_swap",
        "stability.flipped",
        "reliance.swap",
        "audit.reliance.wall_lift",
        "cam.localisation_lift",
        "cam.kept",
        "cam.road_over_control",
    ]
    told = [strips([row(name, claim="CAM: c")])[0].select_one(".value").b.text for name in names]
    assert told[:5] == ["+40 points", "+40 points change", "+40 points won", "40.0 % change", "40.0 % flip"]
    assert told[5:] == ["40.0 %", "0.40×", "0.40×", "0.40", "+0.40"]


def test_too_few_images_are_told_from_none_and_from_a_plain_figure():
    few, none, plain = strips([row(found=(NAN, NAN, NAN), n=3), row(n=0), row(n=None, expected="fail")])
    assert [few.b.text, few.small.text] == ["too few", "n\u00a0=\u00a03"]
    (one,) = strips([row(found=(1.0, 0.2, 1.0), n=1)])
    assert [one.b.text, one.small.text] == ["too few", "n\u00a0=\u00a01"]
    assert not one.select(".dot, .ring, .bar")
    assert widest([[row(found=(1.0, 0.2, 1.0), n=1)]]) == {"reliance.swap": 0.0}
    (nothing,) = strips([make_row("reliance.swap", "c", NOTHING, 0.5, True)])
    assert nothing.svg["aria-label"].startswith("not run: not run; passes above 50 %")
    assert none.select_one(".status").text == "– not run"
    assert (plain.small.text, plain.select_one(".tag").text) == ("", "expected: fail")


def test_gates_stand_under_what_they_are_about():
    rows = [row(), row("cam.kept", claim="CAM: it forgets"), row("accuracy", subject="own", claim="right: above 0.5")]
    found = BeautifulSoup(gates(rows), "html.parser")
    titles = ["What the answer hangs on", "What its CAM maps are worth", "The project's own gates"]
    assert [title.text for title in found.select(".of")] == titles
    assert [one.text for one in found.select(".claim bdi")] == ["it holds", "it forgets", "right: above 0.5"]
    assert gates([]) == ""


def test_strips_of_a_gate_share_one_span_over_studies():
    assert widest([[row()], [row(found=(0.9, 0.8, 1.0))]]) == {"reliance.swap": 0.5}


def test_hostile_claims_are_text():
    found = BeautifulSoup(gates([row(claim=HOSTILE, denial=HOSTILE, gate="reliance.\"'<i>")]), "html.parser")
    assert found.select_one(".claim bdi").text == HOSTILE
    assert not found.find_all(["script", "i", "b"], string=lambda text: text and "alert" in text)


def test_a_page_says_how_to_read_its_gates(monkeypatch):
    shown = []
    monkeypatch.setattr(show, "_display", lambda data, **_: shown.append(data))
    show.gates([row()])
    assert "Shaded: where the gate passes." in shown[0]["text/html"]
    assert shown[0]["text/plain"] == "Gates. it holds: unsure"


OVER = ("road", "deletion_auc", "insertion_auc", "localisation_lift")
FIGURES = ["model.accuracy", "reliance.object_swap_over_control", "stability.flipped", "reliance.shadow_paste"]
FIGURES += [f"gradcam.{name}" for name in ("kept", "target_spearman", "stability_spearman", "localisation_lift")]
FIGURES += [f"gradcam.{name}_over_control" for name in OVER]


@pytest.mark.parametrize("figure", FIGURES)
def test_a_claim_links_to_a_section_that_is_there(figure):
    link = BeautifulSoup(gates([row(figure, claim="CAM: c")], folder="a b/"), "html.parser").a["href"]
    file, _, section = link.removeprefix("a%20b/").partition("#")
    cells = json.loads((ROOT / "notebooks" / file.replace(".html", ".ipynb")).read_text())["cells"]
    headings = [line[3:].lower().strip("?\n") for cell in cells for line in cell["source"] if line.startswith("## ")]
    assert not section or section in ["s-" + re.sub("[^a-z]+", "-", one) for one in headings]


def test_a_gate_on_a_figure_of_another_page_links_to_that_page_and_one_of_none_has_no_link():
    assert 'href="02_grad_cam.html"' in gates([row("grad_cam.lift.crown")])
    assert "<a" not in gates([row("elsewhere.lift")])


def test_the_projects_own_gates_have_the_unit_of_their_figure():
    named = {"faithfulness": "audit.cam.deletion_auc_over_control", "x": "grad_cam.hirescam_over_opposite"}
    told = [strips([row(gate, measure=figure)])[0].b.text for gate, figure in named.items()]
    assert [*told, strips([row("grad_cam.lift.crown")])[0].b.text] == ["+0.40", "+0.40", "0.40×"]
