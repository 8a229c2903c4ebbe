import base64
import subprocess
import sys
from dataclasses import make_dataclass

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from seewhy.errors import SeewhyError
from seewhy.report import figures, show
from seewhy.report.html import assets, kinds
from seewhy.report.html.severity import SEVERITIES
from seewhy.report.plots.word_strip import Strip, Word
from tests.report.samples import HOSTILE, blob, card, photo


@pytest.fixture
def shown(monkeypatch):
    """What the page calls display: a list of (mime bundle, metadata)."""
    outputs = []
    monkeypatch.setattr(show, "_display_output", lambda data, metadata=None: outputs.append((data, metadata)))
    return outputs


def html(shown):
    return BeautifulSoup(shown[-1][0]["text/html"], "html.parser")


def test_a_figure_needs_alt_text(shown):
    for alt in ("", "  "):
        with pytest.raises(SeewhyError, match="alt text"):
            show.figure(figures.input_sheet([photo()], ["a"]), alt)
    assert not shown


def test_a_figure_is_the_same_bytes_twice_and_tells_its_size(shown):
    for _ in range(2):
        show.figure(figures.input_sheet([photo()], ["a"]), "a photo")
    (first, about), (second, _) = shown
    assert first["image/webp"] == second["image/webp"]
    assert about["image/webp"]["alt"] == "a photo"
    assert about["image/webp"]["width"] > 100


def test_a_finding_says_answer_sentence_detail_and_what_to_do(shown):
    show.finding("No", "It takes a *shadow* for a tree.", "see [page 07](07_audit.html).", "n = 122", "shortcut")
    said = html(shown).select_one(".finding.shortcut")
    assert said.select_one(".answer").text == "No."
    assert [p["class"] for p in said.find_all("p")] == [["lead"], ["basis"], ["so"]]
    assert said.select_one(".so").text == "So: see page 07."
    assert said.select_one(".so a")["href"] == "07_audit.html"
    assert said.select_one(".severity").text == "↪ relies on a shortcut"
    data = shown[-1][0]
    assert data[kinds.FINDING] == {
        "answer": "No",
        "sentence": "It takes a *shadow* for a tree.",
        "so": "see [page 07](07_audit.html).",
        "detail": "n = 122",
        "severity": "shortcut",
    }
    assert data["text/plain"].startswith("Finding. No. It takes")
    with pytest.raises(SeewhyError, match="did you mean 'shortcut'"):
        show.finding("No", "It does.", severity="shortcuts")


def test_severities_differ_in_mark_and_word_and_line():
    assert len({one.mark for one in SEVERITIES.values()}) == len(SEVERITIES)
    assert len({one.word for one in SEVERITIES.values()}) == len(SEVERITIES)
    for name in ("broken", "shortcut", "unstable"):
        assert f".{name} {{" in assets.page_styles("outputs")


def test_links_lead_to_pages_only(shown):
    for bad in ("[x](https://a.b)", "[x](//a.b)", "[x](javascript:alert(1))"):
        show.text(bad)
        assert not html(shown).a, bad


def test_what_was_not_run_says_what_it_needs(shown):
    show.not_run("Regions", "`regions` in params.yaml")
    assert shown[-1][0][kinds.NOT_RUN] == {"section": "Regions", "needs": "`regions` in params.yaml"}
    assert html(shown).p.text == "Not run here: Regions (needs regions in params.yaml)."


def test_a_table_is_saved_unrounded_with_ascii_minus(shown):
    frame = pd.DataFrame({"a, b": ["\N{MINUS SIGN}1\N{NO-BREAK SPACE}x", "y"], "v": [-0.123456789, np.nan]})
    show.table(frame, "Lift of 2 classes")
    link = html(shown).select_one(".save a")
    assert link["download"] == "lift-of-2-classes.csv"
    saved = base64.b64decode(link["href"].removeprefix("data:text/csv;base64,")).decode()
    assert saved == '"a, b",v\n-1 x,-0.123457\ny,\n'


def test_a_chart_stands_open_and_its_table_folded(shown):
    chart = figures.interval_chart(["a"], [1.0], [0.5], [1.5], [9])
    show.chart_with_table(chart, "one dot", pd.DataFrame({"": ["a"], "mean": [1.0]}), "Means")
    (figure, _), (table, _) = shown
    assert "image/svg+xml" in figure
    folded = BeautifulSoup(table["text/html"], "html.parser").details
    assert (folded.get("open"), folded.summary.text) == (None, "Table: Means")
    assert folded.table


def test_a_gallery_holds_what_the_index_shows_of_it(shown):
    show.gallery([card(), card("b", HOSTILE, "cat"), card("c", confidence=0.2)], ["Grad-CAM"], "three")
    thumbs = shown[-1][0][kinds.GALLERY]["thumbnails"]
    assert [(one["why"], one["id"], one["mark"]) for one in thumbs] == [
        ("first of the sample", "a.png", "right"),
        ("most confident mistake", "b", "wrong"),
        ("least confident", "c", "right"),
    ]
    assert thumbs[1]["below"] == "true: cat"
    assert all(BeautifulSoup(one["html"], "html.parser").img["alt"] for one in thumbs)


def test_the_nouns_of_captions_are_thumbnails_each_with_its_own_map(shown):
    words = [Word("the", blob(), 0.9, "function"), Word(HOSTILE, blob(1.0), 0.8, "noun", True)]
    bare = Word("tree", np.full((7, 7), np.nan), 0.7, "noun", False)
    show.strips([Strip("a", photo(), words), Strip("b", photo(1), [bare])], "strips")
    first, mistake = shown[-1][0][kinds.GALLERY]["thumbnails"]
    assert (first["name"], first["below"]) == (HOSTILE, f"in: the {HOSTILE}")
    own = html(shown).select(".step .map")[1].image["href"]
    assert BeautifulSoup(first["html"], "html.parser").image["href"] == own
    assert (mistake["why"], mistake["mark"]) == ("most confident mistake", "wrong")
    assert not BeautifulSoup(mistake["html"], "html.parser").image, "there is no evidence"


def test_a_finding_of_one_argument_is_emphasised_and_escaped(shown):
    show.finding(f"**1.4×** as often, *not* by chance, in `{HOSTILE[:8]}`; 2 * 3 * 4")
    finding = html(shown).select_one(".finding")
    assert (finding.strong.text, finding.em.text, finding.code.text) == ("1.4×", "not", "<script>")
    assert "2 * 3 * 4" in finding.text
    assert not finding.script


def test_tables_are_escaped_and_aligned(shown):
    frame = pd.DataFrame({HOSTILE: [HOSTILE, "b"], "n": [1200, 3], "share": [0.5, np.nan], "is": [True, False]})
    show.table(frame, HOSTILE)
    table = html(shown).table
    assert [cell.text for cell in table.find_all("td")] == [HOSTILE, "1,200", "0.50", "yes", "b", "3", "–", "no"]
    assert [cell.text for cell in table.select("tbody .number")] == ["1,200", "0.50", "3", "–"]
    assert table.th.text == HOSTILE
    assert not table.script


def test_shares_are_shown_in_percent_and_negative_numbers_with_a_minus_sign(shown):
    show.table(pd.DataFrame({"share": [0.385, np.nan], "gap": [-2.041, 1]}), "c", percent=["share"])
    assert [cell.text for cell in html(shown).find_all("td")] == ["38.5\xa0%", "−2.04", "–", "1.00"]


def test_a_computed_sentence_is_escaped(shown):
    show.text(f"**All** 12 {HOSTILE[:8]}")
    assert html(shown).p.strong.text == "All"
    assert html(shown).p.text == "All 12 <script>"


def test_figures_do_not_break_over_lines(shown):
    show.text("38.5 % (95 % interval 20 to 60 %, n = 8)")
    assert html(shown).p.text.split(" ") == [
        "38.5\xa0%",
        "(95\xa0%",
        "interval",
        "20",
        "to",
        "60\xa0%,",
        "n\xa0=\xa08)",
    ]


def test_the_floats_of_a_table_have_the_same_number_of_decimals(shown):
    show.table(pd.DataFrame({"": ["a"], "mean": [2.174], "low": [1.894], "n": [9]}), "c")
    assert [cell.text for cell in html(shown).select("tbody td")] == ["a", "2.17", "1.89", "9"]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([0.07, -0.0, 0.38], ["0.07", "0.00", "0.38"]),
        ([0.853, -0.0004], ["0.85", "0.00"]),
        ([0.07, -0.02], ["0.07", "−0.02"]),
        ([0.0712, -0.02], ["0.071", "−0.020"]),
        ([0.00123, np.nan], ["0.0012", "–"]),
        ([1234.5, -0.2], ["1,234", "0"]),
        ([np.nan, np.nan], ["–", "–"]),
    ],
)
def test_floats_have_the_decimals_that_they_need_and_no_negative_zero(shown, values, told):
    show.table(pd.DataFrame({"x": values}), "c")
    assert [cell.text for cell in html(shown).find_all("td")] == told


def test_a_share_is_no_negative_zero_either(shown):
    show.table(pd.DataFrame({"x": [-0.0001]}), "c", percent=["x"])
    assert html(shown).td.text == "0.0\xa0%"


def test_a_named_index_is_a_column(shown):
    show.table(pd.DataFrame({"x": [1]}, index=pd.Index(["row"], name="what")), "c")
    assert [cell.text for cell in html(shown).table.find_all(["th", "td"])] == ["what", "x", "row", "1"]


def test_downloads_are_relative_to_the_page(shown, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reports/trees").mkdir(parents=True)
    (tmp_path / "data").mkdir()
    for name in ("reports/trees/a b.csv", "data/maps.npz"):
        (tmp_path / name).write_text("x" * 3000)
    show.downloads("reports/trees/a b.csv", tmp_path / "reports/trees/a b.csv", "data/maps.npz")
    assert [link["href"] for link in html(shown).find_all("a")] == ["a%20b.csv", "a%20b.csv", "../../data/maps.npz"]
    with pytest.raises(SeewhyError, match="no file"):
        show.downloads("reports/trees/none.csv")
    with pytest.raises(SeewhyError, match="outside"):
        show.downloads(tmp_path / "data/maps.npz")


def test_provenance_and_notes_are_escaped(shown):
    show.provenance({"model": HOSTILE, "versions": {"torch": "2"}})
    assert [fact.text for fact in html(shown).find_all("dd")] == [HOSTILE, "torch 2"]
    show.note(HOSTILE)
    assert not html(shown).p.find("script")


def test_settings_are_a_list_of_names_and_values(shown):
    rule = make_dataclass("Rule", ["wide"])(0.5)
    show.provenance({"parameters": {"rule": rule, "limits": {"lift": 1.0}, "methods": ["a", "b"]}, "seed": 0})
    told = [item.text for item in html(shown).select("dd li")]
    assert told == ["rule.wide 0.5", "limits.lift 1.0", "methods a, b"]


def test_a_status_in_a_table_is_marked_as_in_the_gates_and_its_figure_is_not_torn_off(shown):
    frame = pd.DataFrame({"fail": ["pass −0.27", "unsure", "failed 2", "not run"], "": ["+0.9 (p < 0.01, edges)"] * 4})
    show.table(frame, "c")
    cells = html(shown).select("tbody td")
    assert [cell.text for cell in cells[::2]] == ["✓ pass\xa0−0.27", "? unsure", "failed 2", "– not run"]
    kinds = [cell["class"] for cell in cells[::2]]
    assert kinds == [["pass", "whole"], ["unsure", "whole"], ["whole"], ["not-run", "whole"]]
    assert cells[1].text == "+0.9 (p\xa0<\xa00.01, edges)"
    assert cells[1].select_one(".whole").text == "(p\xa0<\xa00.01, edges)"
    assert html(shown).th.text == "fail"


def test_of_many_columns_what_stands_behind_a_status_or_a_figure_stands_below_it(shown):
    show.table(pd.DataFrame({f"{k}": ["pass −0.27", "unsure", "+0.9 (p < 0.01, edges)"] for k in range(7)}), "c")
    passed, unsure, beside = html(shown).select("tbody td:first-child")
    assert (passed.text, passed.small.text, passed["class"]) == ("✓ pass −0.27", "−0.27", ["pass", "whole"])
    assert (unsure.text, unsure.small) == ("? unsure", None)
    assert beside.text == "+0.9 (p\xa0<\xa00.01, edges)"
    assert [part.text for part in beside.select("small .whole")] == ["(p\xa0<\xa00.01", "edges)"]


def test_importing_page_and_figures_is_cheap():
    heavy = "torch papermill nbformat mistune nbconvert seaborn pandas scipy skimage IPython matplotlib.pyplot"
    code = "import sys, seewhy.report.show, seewhy.report.figures\n"
    code += f"print([name for name in '{heavy}'.split() if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_no_name_turns_round_the_sentence_that_it_stands_in(shown):
    show.finding("It says \u202ecat\u2066 often")
    assert html(shown).select_one(".finding").text == "It says cat often"


def test_a_finding_has_two_sentences_on_top_and_says_once_what_brackets_hold(shown):
    show.finding("It is 2.0 (95 % interval 1.0 to 3.0, n = 8), not 5.0 (95 % interval 4.0 to 6.0, n = 8).\n\nSo what.")
    lead, under = html(shown).select(".finding p")
    assert lead.text.count("interval") == 1
    assert "5.0 (4.0 to 6.0, n" in lead.text
    assert (under["class"], under.text) == (["basis"], "So what.")


def test_plain_python_prints_the_text_of_an_output(capsys):
    show.text("The model looks at the crown.")
    assert capsys.readouterr().out == "The model looks at the crown.\n"
