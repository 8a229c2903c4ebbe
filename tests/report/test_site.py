import json

import nbformat
import pytest
from bs4 import BeautifulSoup

from seewhy.errors import SeewhyError
from seewhy.report import show, site
from tests.report.browsing import recorded
from tests.report.samples import HOSTILE, card, executed

PAGES = [("01_model", "Is this it?"), ("02_grad_cam", "Where?")]
QUESTIONS = {
    "works": {"answer": "Yes", "severity": "fine", "sentence": "It is *right*.", "figure": "92 %", "page": "01_model"},
    "shortcut": {"answer": "Yes", "severity": "shortcut", "sentence": HOSTILE, "figure": "", "page": "07_audit"},
}
VERDICT = {"status": "failed", "severity": "shortcut", "line": "FAILED. See page 02", "page": "02_grad_cam"}


def summarise(folder, checkpoint="a" * 64, use="No", **more):
    folder.mkdir(parents=True, exist_ok=True)
    use = {"answer": use, "why": "A shadow decides."}
    summary = {"checkpoint": checkpoint, "questions": QUESTIONS, "use": use, "verdict": VERDICT, **more}
    (folder / "summary.json").write_text(json.dumps(summary))


@pytest.fixture
def project(tmp_path):
    """One study with pages and a summary, one with nothing yet."""
    folder = tmp_path / "reports/trees"
    summarise(folder)
    with recorded() as shown:
        show.finding("No", "It **does** not.", severity="broken")
        show.gallery([card(), card("b", HOSTILE, "cat"), card("c")], ["Grad-CAM"], "s")
    (tmp_path / "data/pages/trees").mkdir(parents=True)
    nbformat.write(executed(*shown), tmp_path / "data/pages/trees/02_grad_cam.ipynb")
    for stem, _ in PAGES:
        (folder / f"{stem}.html").write_text("page")
    return tmp_path


def index(project, *names, **more):
    studies = [{"name": name, "about": HOSTILE, "pages": PAGES, **more} for name in names or ("trees", "none")]
    return BeautifulSoup(site.write_site_index(project, studies).read_text(), "html.parser")


def test_the_table_comes_first_and_answers_each_question_with_a_link(project):
    page = index(project)
    assert page.main.find("article").find_previous("table")
    assert [head.text for head in page.select(".models thead th")] == [
        "model", "works?", "shortcut?", "stable?", "maps trustworthy?", "use it?"
    ]  # fmt: skip
    trees, none = page.select(".models tbody tr")
    works, shortcut, stable, _, use = trees.select("td")
    assert (works.span.text, works.small.text, works.a["href"]) == ("✓ Yes", "92 %", "trees/01_model.html")
    assert shortcut.span["class"] == ["answer", "shortcut"]
    assert not shortcut.a, "page 07 is not here"
    assert stable.text == "? Not tested"
    assert use.strong.text == "✗ No"
    assert use["class"] == ["use", "shortcut"]
    assert [cell.text.strip() for cell in none.select("td")] == ["? Not tested"] * 4 + ["? Not known"]


def test_the_first_sentence_counts_the_models_that_may_be_used(project):
    assert index(project).select_one(".finding").text.startswith("None of 2 models may be used as it is. 1 must not")
    summarise(project / "reports/trees", use="Yes")
    assert index(project).select_one(".finding").text.startswith("1 of 2 models may be used: trees.")
    assert index(project, "none").select_one(".finding").text.startswith("Not known yet")


def test_a_checkpoint_on_two_datasets_is_one_model_and_one_card(project):
    for name, checkpoint in (("trees-b", "a" * 64), ("roofs", "b" * 64)):
        summarise(project / "reports" / name, checkpoint)
        (project / "reports" / name / "01_model.html").write_text("page")
    page = index(project, "trees", "roofs", "trees-b")
    assert "None of 2 models" in page.select_one(".finding").text
    both, alone = page.select(".study")
    assert [head.text for head in both.select("h2")] == ["trees", "trees-b"]
    assert [head.text for head in alone.select("h2")] == ["roofs"]
    assert [len(body.select("tr")) for body in page.select(".models tbody")] == [2, 1]
    assert page.find(id="study-trees-b"), "pages link to their study"


def test_a_card_tells_the_verdict_the_answers_and_the_findings(project):
    trees, none = index(project).select(".study")
    assert trees.select_one(".says").text == "FAILED. See page 02"
    assert trees.select_one(".says a")["href"] == "trees/02_grad_cam.html"
    assert trees.select_one(".answers dd").text.startswith("✓ Yes. It is right.")
    item = trees.select(".pagelist li")[1]
    assert item.select_one(".first.broken").text == "✗ No"
    assert item.select_one("details p").text == "It does not."
    assert "Not built here yet: python -m seewhy report none" in none.text
    assert not none.find("a")


def test_thumbnails_say_why_they_were_chosen(project):
    thumbs = index(project).select(".thumb")
    assert [thumb.small.text for thumb in thumbs] == ["first of the sample", "most confident mistake"]
    assert all(thumb.img["alt"] for thumb in thumbs)
    assert thumbs[1].select_one(".name").text == HOSTILE
    assert thumbs[1].select_one(".within").text == "true: cat"


def test_the_index_is_small_and_the_same_twice(project):
    first = str(index(project))
    assert first == str(index(project))
    assert len(first) < 300_000


def test_a_summary_kept_in_git_without_pages_is_not_shown(project):
    for path in (project / "reports/trees").glob("*.html"):
        path.unlink()
    assert "92 %" not in index(project).text


def test_a_failed_page_is_linked_and_a_broken_summary_is_named(project):
    (project / "reports/trees/01_model.failed.html").write_text("page")
    item = index(project).select_one('a[href="trees/01_model.failed.html"]').parent
    assert "the last failed" in item.text
    assert item.select_one('a[href="trees/01_model.html"]')  # what was there stays
    (project / "reports/trees/summary.json").write_text("[]")
    with pytest.raises(SeewhyError, match=r"summary\.json is no summary"):
        index(project)


def test_a_comparison_shows_its_finding(project):
    with recorded() as shown:
        show.finding("Yes", "The second is better.")
    (project / "reports/pair").mkdir()
    (project / "reports/pair/08_comparison.html").write_text("page")
    (project / "data/pages/pair").mkdir(parents=True)
    nbformat.write(executed(*shown), project / "data/pages/pair/08_comparison.ipynb")
    studies = [{"name": "trees", "pages": PAGES}]
    html = site.write_site_index(project, studies, [{"name": "pair", "studies": ["a", "b"]}]).read_text()
    pair = BeautifulSoup(html, "html.parser").select_one(".pair")
    assert pair.select_one(".says").text == "Yes. The second is better."
    assert pair.a["href"] == "pair/08_comparison.html"


def test_checks_of_the_project_are_folded_in_the_card(project):
    row = {"subject": "own", "name": "", "metric": "lift", "statement": "lift is above 1",
           "status": "fail", "expected": "pass", "estimate": 0.4, "low": 0.3, "high": 0.5,
           "n": 40, "limit": 1.0, "passes": "above"}  # fmt: skip
    (project / "reports/trees/checks.json").write_text(json.dumps([row]))
    folded = index(project).select_one("details.checks")
    assert folded.summary.text == "Checks of this project: 1 fail"
    assert folded.select_one(".gate b").text == "0.40×"
