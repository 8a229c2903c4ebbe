import pytest
from bs4 import BeautifulSoup

from seewhy.report import show
from seewhy.report.plots.check_strips import MIDDLE, ROOM, WIDTH, check_strips, widest_spans
from tests.report.samples import HOSTILE

HALF = WIDTH / 2
LIFT = {"metric": "lift", "method": "gradcam"}


def row(found=(0.4, 0.3, 0.6), figure=LIFT, n=40, **more):
    low, high = (found[1], found[2]) if found else (None, None)
    estimate = found[0] if found else None
    return {"subject": "map", "name": "gradcam", **figure, "statement": "it holds", "status": "unsure",
            "expected": "pass", "estimate": estimate, "low": low, "high": high, "n": n, "limit": 0.5,
            "passes": "below", **more}  # fmt: skip


def strips(rows, spans=None):
    return BeautifulSoup(check_strips(rows, spans), "html.parser").select(".gate")


def test_the_limit_is_in_the_middle_and_the_interval_where_it_belongs():
    spans = dict.fromkeys(widest_spans([[row()]]), 0.5)
    (one,) = strips([row(found=(0.4, 0.25, 0.6))], spans)
    low, high, value = (round(HALF + ROOM * HALF * (x - 0.5) / 0.5, 1) for x in (0.25, 0.6, 0.4))
    assert one.select_one(".bar")["d"] == f"M{low} {MIDDLE}H{high}"
    assert float(one.circle["cx"]) == value
    assert one.select_one(".limit")["d"].startswith(f"M{HALF:.0f} ")


@pytest.mark.parametrize(("passes", "way", "sign"), [("above", "h75v", "> 0.5×"), ("below", "h-75v", "< 0.5×")])
def test_the_passing_side_is_shaded_and_told(passes, way, sign):
    (one,) = strips([row(passes=passes)])
    assert way in one.select_one(".shade")["d"]
    assert one.find("text").text == sign
    assert f"passes {passes} 0.5×" in one.svg["aria-label"]


def test_bars_of_the_same_figure_share_one_span_over_studies():
    spans = widest_spans([[row()], [row(found=(0.9, 0.8, 1.0), status="fail"), row(method="layercam")]])
    assert sorted(spans.values()) == [pytest.approx(0.2), 0.5]


def test_status_is_told_by_mark_word_and_shape():
    ones = {status: strips([row(status=status)])[0] for status in ("pass", "fail", "unsure")}
    ones["not run"] = strips([row(None, n=0, status="not run")])[0]
    for status, mark in (("pass", "✓"), ("fail", "✗"), ("unsure", "?"), ("not run", "–")):
        assert ones[status].select_one(".status").text == f"{mark} {status}"
        assert ones[status].svg["aria-label"].startswith(f"{status}: ")
    assert ones["pass"].select_one("circle.dot")
    assert ones["fail"].select_one("path.dot")
    assert ones["unsure"].select_one("circle.ring")
    assert not ones["not run"].select(".dot, .ring, .bar")


def test_why_a_check_was_not_run_stands_under_its_statement():
    one = strips([row(None, n=0, status="not run", missing="the mask <b> overlaps")])[0]
    assert one.select_one(".claim .why").text == "the mask <b> overlaps"
    assert one.select_one(".value small").text == ""


def test_figures_are_written_in_the_unit_of_their_metric():
    change = {"metric": "prediction_change", "versus": "control"}
    figures = [LIFT, LIFT | {"versus": "centre"}, {"metric": "accuracy"}, change, {"metric": "stability"}]
    assert [one.select_one(".value b").text for one in strips([row(figure=figure) for figure in figures])] == [
        "0.40×", "+0.40", "40.0 %", "+40 points", "0.40"
    ]  # fmt: skip


def test_too_few_images_a_count_and_what_is_expected_are_told():
    few, count = strips([row(n=3), row(found=(2.0, None, None), n=None, expected="fail")])
    assert [few.b.text, few.small.text] == ["too few", "n\u00a0=\u00a03"]
    assert not few.select(".dot, .ring, .bar")
    assert (count.b.text, count.small.text, count.select_one(".tag").text) == ("2.00×", "", "expected: fail")


def test_checks_stand_under_what_they_are_about_and_names_are_text():
    rows = [
        row(subject="works"),
        row(subject="object"),
        row(subject="suspect"),
        row(title="Grad-CAM", statement=HOSTILE),
    ]
    found = BeautifulSoup(check_strips(rows), "html.parser")
    assert [title.text for title in found.select(".of")] == [
        "Does the model work?", "What does it rely on?", "Heat maps of Grad-CAM"
    ]  # fmt: skip
    assert found.select(".claim bdi")[-1].text == HOSTILE
    assert not found.find_all("script")
    assert [link["href"] for link in found.select("a")][:2] == ["01_model.html", "07_audit.html"]
    assert check_strips([]) == ""


def test_a_page_says_how_to_read_its_checks(monkeypatch):
    shown = []
    monkeypatch.setattr(show, "_display_output", lambda data, **_: shown.append(data))
    show.checks([row()])
    assert "Shaded: where the check passes." in shown[0]["text/html"]
    assert shown[0]["text/plain"] == "Checks. it holds: unsure"
