import json

import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup

from seewhy.config import artifacts
from seewhy.errors import SeewhyError
from seewhy.report import site
from seewhy.report.plots.gallery import gallery
from seewhy.report.plots.word_strip import Strip, Word, steps
from tests.report.samples import HOSTILE, blob, card, executed, photo

PAGES = [("01_model", "Is this it?"), ("02_grad_cam", "Where?")]

LIFT = {"lift": 1.4, "lift_low": 1.2, "lift_high": 2.6, "lift_n": 60, "centre_lift": 1.1}
GRAD_CAM = {**LIFT, "lift_over_centre": 0.3, "lift_over_centre_low": -0.1, "lift_over_centre_high": 0.7}


@pytest.fixture
def project(tmp_path):
    """One study with a page and figures, one with nothing yet."""
    folder = tmp_path / "reports/trees"
    (folder / "metrics").mkdir(parents=True)
    cards = gallery([card(), card("b", HOSTILE, "cat"), card("c")], ["Grad-CAM"], "s")
    html = f'<div class="finding"><p>It <strong>does</strong>.</p></div>{cards}'
    place = artifacts.executed(tmp_path, "trees", "02_grad_cam")
    place.parent.mkdir(parents=True)
    nbformat.write(executed({"text/html": html}), place)
    for stem, _ in PAGES:
        (folder / f"{stem}.html").write_text("page")
    (folder / "metrics/model.json").write_text(
        json.dumps({"accuracy": 0.9, "accuracy_low": 0.8, "accuracy_high": 0.95, "n": 1200})
    )
    (folder / "metrics/grad_cam.json").write_text(json.dumps(GRAD_CAM))
    return tmp_path


def index(project):
    studies = [{"name": "trees", "about": HOSTILE, "pages": PAGES}, {"name": "none", "pages": PAGES}]
    return BeautifulSoup(site.write(project, studies).read_text(), "html.parser")


def test_the_index_tells_what_is_known_and_what_is_not(project):
    trees, none = index(project).select(".study")
    assert trees.select_one(".says").text == "It does."
    assert trees.h2.a["href"] == "trees/01_model.html"
    assert [link["href"] for link in trees.select(".pagelist a")] == [f"trees/{stem}.html" for stem, _ in PAGES]
    assert [value.b.text for value in trees.select(".value")] == ["90.0 %", "1.40×", "+0.30"]
    assert "80.0 to 95.0, n = 1,200" in trees.text
    assert "Not built here yet: make report STUDY=none" in none.text
    assert not none.find("a")


def test_figures_kept_in_git_of_a_page_that_is_not_here_are_not_shown(project):
    (project / "reports/trees/01_model.html").unlink()
    trees = index(project).select_one(".study")
    assert [value.b.text for value in trees.select(".value")] == ["1.40×", "+0.30"]
    assert trees.select_one(".measure .tag").text == "not run"
    assert "90.0" not in index(project).text


def test_a_page_that_had_too_little_to_measure_is_told_from_one_that_was_not_run(project):
    (project / "reports/trees/metrics/grad_cam.json").write_text('{"images": 3}')
    tags = [tag.text for tag in index(project).select_one(".study").select(".measure .tag")]
    assert tags == ["not measured", "not measured"]


def test_thumbnails_are_chosen_and_labelled_as_chosen(project):
    thumbs = index(project).select(".thumb")
    assert [thumb.small.text for thumb in thumbs] == ["first of the sample", "surest mistake in it"]
    assert all(thumb.img["alt"] for thumb in thumbs)
    assert thumbs[1].select_one(".name").text == HOSTILE


def test_the_nouns_of_captions_are_thumbnails_each_with_its_own_map_and_caption(project):
    words = [Word("the", blob(), 0.9, "function"), Word(HOSTILE, blob(1.0), 0.8, "noun", True)]
    bare = Word("tree", np.full((7, 7), np.nan), 0.7, "noun", False)
    html = steps([Strip("a", photo(), words), Strip("b", photo(1), [bare])], "strips")
    nbformat.write(executed({"text/html": html}), artifacts.executed(project, "trees", "02_grad_cam"))
    first, surest = index(project).select(".thumb")
    assert [thumb.small.text for thumb in (first, surest)] == ["first of the sample", "surest mistake in it"]
    assert [thumb.select_one(".said").text for thumb in (first, surest)] == [f"✓ {HOSTILE} 0.80", "✗ tree 0.70"]
    assert [thumb.select_one(".within bdi").text for thumb in (first, surest)] == [f"the {HOSTILE}", "tree"]
    own = BeautifulSoup(html, "html.parser").select(".step .map")[1]
    assert first.select_one("svg image")["href"] == own.image["href"]
    assert not surest.svg, "there is no evidence"


def test_the_index_is_small_and_the_same_twice(project):
    first = str(index(project))
    assert first == str(index(project))
    assert len(first) < 300_000


def test_a_failed_page_is_linked_and_broken_metrics_are_named(project):
    (project / "reports/trees/01_model.failed.html").write_text("page")
    item = index(project).select_one('a[href="trees/01_model.failed.html"]').parent
    assert "the last failed" in item.text
    assert item.select_one('a[href="trees/01_model.html"]')  # what was there stays
    (project / "reports/trees/metrics/model.json").write_text("{")
    with pytest.raises(SeewhyError, match=r"model\.json is no JSON"):
        index(project)


def test_each_task_has_its_own_figures_and_a_table_of_those_alike(project):
    reports = project / "reports"
    for name in ("roofs", "streets"):
        (reports / name / "metrics").mkdir(parents=True)
        for stem, _ in PAGES:
            (reports / name / f"{stem}.html").write_text("page")
        iou = {"iou.panel": 0.6, "iou.panel_low": 0.5, "iou.panel_high": 0.7, "iou.panel_n": 9}
        (reports / name / "metrics/model.json").write_text(json.dumps(iou))
        (reports / name / "metrics/grad_cam.json").write_text(json.dumps({"lift.panel": 2.5}))
    studies = [{"name": name, "task": "segmentation", "pages": PAGES} for name in ("roofs", "streets")]
    found = BeautifulSoup(site.write(project, [{"name": "trees", "pages": PAGES}, *studies]).read_text(), "html.parser")
    roofs = found.select(".study")[1]
    assert [row.span.text for row in roofs.select(".measure")] == [
        "panel: IoU",
        "panel: Evidence on itself, 1 = chance",
    ]
    assert [value.b.text for value in roofs.select(".value")] == ["0.60", "2.50×"]
    assert "0.50 to 0.70, n = 9" in roofs.text
    alone, table = found.select("table")
    assert [row.text for row in alone.select("tbody th")] == ["trees"]
    assert [row.text for row in table.select("tbody th")] == ["roofs", "streets"]
    assert "Accuracy" in alone.text
    assert "Accuracy" not in table.text
    one = BeautifulSoup(site.write(project, [{"name": "trees", "pages": PAGES}]).read_text(), "html.parser")
    assert one.select("table") == []  # nothing stands beside it


def test_tables_name_their_task_and_a_study_without_any_figure_says_why_once(project):
    faces = project / "reports/faces"
    (faces / "metrics").mkdir(parents=True)
    for stem, file in zip(("01_model", "02_grad_cam"), ("model", "grad_cam"), strict=True):
        (faces / f"{stem}.html").write_text("page")
        (faces / f"metrics/{file}.json").write_text('{"images": 9}')
    studies = [{"name": name, "pages": PAGES} for name in ("trees", "faces")]
    (table,) = BeautifulSoup(site.write(project, studies).read_text(), "html.parser").select("table")
    assert table.caption.text.startswith("Classification: ")
    (cell,) = table.select("tbody tr")[1].find_all("td")
    assert (cell["colspan"], cell.text) == ("3", "not measured: too few images have labels, boxes or masks")
