import json

import pytest
from bs4 import BeautifulSoup

from seewhy.errors import SeewhyError
from seewhy.report import index_verdicts, site
from seewhy.stats import NOTHING, Estimate
from tests.checks.rows import make_row

PAGES = [("01_model", "Is this it?"), ("07_audit", "How far?")]
ABOVE, BELOW, ACROSS = Estimate(0.7, 0.6, 0.8, 60), Estimate(0.3, 0.2, 0.4, 60), Estimate(0.5, 0.4, 0.6, 60)


def gate(name, found=ABOVE, claim="the answer stays", denial="the answer goes"):
    return make_row(name, claim, found, 0.5, True, denial)


@pytest.fixture
def study(tmp_path):
    """Makes a study: its gates, and the project's own."""

    def make(name, rows=None, own=None):
        folder = tmp_path / "reports" / name
        (folder / "metrics").mkdir(parents=True)
        (folder / "01_model.html").write_text("page")
        if rows is not None:
            (folder / "07_audit.html").write_text("page")
            (folder / "verdict.json").write_text(json.dumps(rows))
        if own is not None:
            (folder / "checks.json").write_text(json.dumps(own))
        return folder

    return make


@pytest.mark.parametrize(
    ("found", "status"),
    [
        ([ABOVE, ABOVE], "pass"),
        ([ABOVE, ACROSS], "unsure"),
        ([ACROSS, BELOW], "fail"),
        ([ABOVE, NOTHING], "not run"),
        ([NOTHING, ACROSS], "unsure"),
    ],
)
def test_the_verdict_is_that_of_the_worst_hard_gate(study, found, status):
    rows = [gate(f"reliance.{k}", one) for k, one in enumerate(found)] + [gate("cam.kept", BELOW, "CAM: it forgets")]
    assert index_verdicts.verdict(study("one", rows)).status == status


def test_a_model_worth_less_than_a_fixed_answer_fails_whatever_it_looks_at(study):
    assert index_verdicts.verdict(study("bad", [gate("model.accuracy", BELOW), gate("reliance.a")])).status == "fail"
    assert index_verdicts.verdict(study("good", [gate("model.accuracy"), gate("reliance.a")])).status == "pass"


def test_answers_that_flip_unnoticed_fail_too(study):
    assert index_verdicts.verdict(study("one", [gate("reliance.a"), gate("stability.flipped", BELOW)])).status == "fail"


def test_a_figure_with_two_limits_is_one_gate_with_the_projects_limit_in_the_verdicts_words(study):
    own = gate("audit.reliance.a", BELOW, "a of reliance is above 0.9", "") | {"expected": "pass", "limit": 0.9}
    own |= {"measure": own["gate"], "subject": "own"}
    found = index_verdicts.verdict(study("one", [gate("reliance.a", BELOW), gate("reliance.b")], own=[own]))
    assert [(row["gate"], row["limit"]) for row in found.hard] == [("reliance.b", 0.5), ("audit.reliance.a", 0.9)]
    assert found.hard[1]["claim"] == "the answer stays"
    assert found.denials == ["the answer goes"]


def test_without_its_audit_nothing_passes_and_a_verdict_of_another_run_is_not_read(study):
    folder = study("one", [gate("reliance.a", BELOW)])
    (folder / "07_audit.html").unlink()
    assert (index_verdicts.verdict(folder).status, index_verdicts.verdict(folder).audited) == ("not run", False)


def test_own_gates_are_hard_and_only_the_first_method_is_kept(study):
    own = [
        gate("accuracy", BELOW, "right: above 0.5", "")
        | {"expected": "fail", "subject": "own", "measure": "model.accuracy"}
    ]
    rows = [gate("reliance.a"), gate("cam.kept"), gate("cam.road"), gate("other.kept", BELOW)]
    found = index_verdicts.verdict(study("one", rows, own=own))
    assert found.status == "fail"
    assert found.denials == ["right: above 0.5: not so"]
    assert [row["gate"] for row in found.main] == ["reliance.a", "accuracy", "cam.kept"]
    assert [row["gate"] for row in found.maps] == ["cam.kept", "cam.road"]


def test_what_fails_of_the_maps_stands_on_the_card_main_or_not(study):
    rows = [gate("reliance.a"), gate("cam.kept"), gate("cam.road"), gate("cam.stability_spearman", BELOW)]
    found = index_verdicts.verdict(study("one", rows))
    assert [row["gate"] for row in found.main] == ["reliance.a", "cam.kept", "cam.stability_spearman"]
    assert found.status == "pass"  # that of the model


def test_a_figure_of_the_maps_that_the_project_holds_stands_on_the_card_once_and_the_worst_is_told_first(study):
    own = gate("sanity", BELOW, "what is kept is below 0.5", "maps are kept") | {
        "subject": "own",
        "measure": "audit.cam.kept",
    }
    rows = [gate("stability.flipped", BELOW, denial="it flips"), gate("cam.kept", BELOW)]
    found = index_verdicts.verdict(study("one", [gate("reliance.a", BELOW), *rows], own=[own]))
    assert [row["gate"] for row in found.main] == ["reliance.a", "stability.flipped", "sanity"]
    assert found.denials == ["the answer goes", "it flips", "maps are kept"]
    (row,) = index_verdicts.table([{"verdict": found}])[-1]["rows"]
    assert row["gate"] == "sanity"  # with the project's own limit


def said(*studies):
    told = [{"name": name, "verdict": index_verdicts.Verdict(True, rows, [])} for name, rows in studies]
    return BeautifulSoup(index_verdicts.sentence(told), "html.parser").text


def test_one_sentence_over_all_studies():
    good, bad, open_ = [gate("reliance.a")], [gate("reliance.a", BELOW)], [gate("reliance.a", ACROSS)]
    assert said(("a", []), ("b", [])) == "Not known yet: no study here was audited."
    assert said(("a", good)) == "1 of 1 study passes every hard gate."
    assert said(("a", good), ("b", good)) == "All 2 studies pass every hard gate."
    assert said(("a", good), ("b", bad), ("c", bad), ("d", open_), ("e", [])) == (
        "1 of 5 studies passes every hard gate (a): b and c fail (the answer goes); d is unsure; "
        "e has no gate on what its answers hang on."
    )
    assert said(("a", bad), *((name, open_) for name in "bcdef")) == (
        "None of 6 studies passes every hard gate: a fails (the answer goes); 5 are unsure."
    )
    assert said(("a", bad * 3)).endswith("a fails (the answer goes, and 2 more gates).")


def index(tmp_path, names, comparisons=()):
    studies = [{"name": name, "pages": PAGES} for name in names]
    return BeautifulSoup(site.write(tmp_path, studies, comparisons).read_text(), "html.parser")


def test_the_index_shows_verdicts_board_and_table(study, tmp_path):
    own = gate("accuracy", ABOVE, "the share of right answers is above 0.6") | {"expected": "pass"}
    own |= {"what": "the share of right answers", "limit": 0.6, "subject": "own", "measure": "model.accuracy"}
    study("good", [gate("reliance.a"), gate("cam.kept", claim="CAM: it forgets")], [own])
    study("bad", [gate("reliance.a", BELOW)])
    study("silent")
    page = index(tmp_path, ["good", "bad", "silent", "nowhere"])
    told = [(article.h2.text, article.select_one(".badge").text) for article in page.select("article.study")]
    assert told == [("good", "✓ passed"), ("bad", "✗ failed"), ("silent", "– not tested"), ("nowhere", "– not tested")]
    assert [one.p.text for one in page.select(".board li")] == ["✓ 1 passed", "✗ 1 failed", "– 2 not tested"]
    assert all(page.find(id=link["href"][1:]) for link in page.select(".board a"))
    assert "The audit was not run" in page.select("article.study")[2].text
    rows = [[cell.get_text(" ") for cell in row.find_all(["th", "td"])] for row in page.select(".gatetable tr")]
    assert [one[0] for one in rows] == ["gate", "the answer stays", "the share of right answers", "CAM: it forgets"]
    assert rows[1][1:] == ["✓  pass 70.0 %", "✗  fail 30.0 %"]
    assert rows[2][1:] == ["✓  pass 70.0 % (>\N{NO-BREAK SPACE}60\N{NO-BREAK SPACE}%)", "–"]
    assert rows[3][1:] == ["✓  pass 0.70", "–"]


def test_the_table_merges_what_is_held_twice_but_keeps_both_claims_about_accuracy(study):
    own = [
        gate("accuracy", BELOW) | {"subject": "own", "measure": "model.accuracy", "what": "the share of right answers"}
    ]
    own += [
        gate("audit.reliance.a", BELOW) | {"subject": "own", "measure": "audit.reliance.a", "what": "a of audit.json"}
    ]
    rows = [gate("model.accuracy", claim="better than one fixed answer"), gate("reliance.a")]
    judged = [
        {"verdict": index_verdicts.verdict(study("one", rows, own))},
        {"verdict": index_verdicts.verdict(study("two", rows))},
    ]
    found = {line["claim"]: [row and row["status"] for row in line["rows"]] for line in index_verdicts.table(judged)}
    assert found == {
        "better than one fixed answer": ["pass", "pass"],
        "the share of right answers": ["fail", None],
        "the answer stays": ["fail", "pass"],
    }


def test_comparisons_are_listed_with_their_finding(study, tmp_path):
    study("a")
    there = {"cells": [{"outputs": [{"data": {"text/html": '<div class="finding"><p>Alike.</p></div>'}}]}]}
    (tmp_path / "reports/pair").mkdir()
    (tmp_path / "reports/pair/08_comparison.html").write_text("page")
    (tmp_path / "reports/pair/08_comparison.ipynb").write_text(json.dumps(there))
    both = [{"name": "pair", "studies": ["a", "b"]}, {"name": "later", "studies": ["a", "c"]}]
    pair, later = index(tmp_path, ["a"], both).select(".pair")
    assert pair.h3.a["href"] == "pair/08_comparison.html"
    assert (pair.select_one(".says").text, pair.select_one(".data").text) == ("Alike.", "a beside b")
    assert "Not built here yet" in later.text
    assert not later.find("a")


@pytest.mark.parametrize("text", ["{", '[{"gate": 1}]', "3"])
def test_a_broken_verdict_is_named(study, text):
    folder = study("one", [])
    (folder / "verdict.json").write_text(text)
    with pytest.raises(SeewhyError, match=r"verdict\.json is no list of gates"):
        index_verdicts.verdict(folder)
