import base64
import io
import json
import re
import subprocess
import sys

import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image

from seewhy.errors import SeewhyError
from seewhy.report.html import kinds
from seewhy.report.html.normalise import normalise_notebook
from seewhy.report.html.render import page_html
from seewhy.report.plots.gallery import gallery_html
from tests.report.samples import SITE, card, executed, photo


def png(side=8):
    buffer = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 255, (side, side, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(buffer, "png")
    return base64.b64encode(buffer.getvalue()).decode()


def soup(notebook):
    return BeautifulSoup(page_html(notebook, "02_grad_cam", SITE), "html.parser")


def test_a_figure_without_alt_does_not_slip_through():
    for output in (
        {"image/png": png()},
        {"image/jpeg": "x"},
        {"text/html": "<img src='x'>"},
        {"text/html": '<img alt="">'},
    ):
        with pytest.raises(SeewhyError, match=r"alt text|show\.figure"):
            soup(executed(output))


def test_a_large_figure_becomes_webp_with_alt_and_size():
    about = {"image/png": {"alt": 'the "cat"', "width": 300, "height": 300}}
    image = soup(executed({"image/png": png(300), "metadata": about})).select_one("figure.plot img")
    assert (image["alt"], image["width"]) == ('the "cat"', "300")
    assert image["src"].startswith("data:image/webp")


def test_the_finding_moves_up_and_the_provenance_down():
    page = soup(
        executed(
            {"text/html": "<style>p{}</style><p>before</p>"},
            {"text/html": '<div class="finding"><p>It does.</p></div>', kinds.FINDING: {}},
            {"text/html": '<dl class="provenance"></dl>', kinds.PROVENANCE: {}},
        )
    )
    assert page.h1.find_next_sibling("div").text == "It does."
    assert page.footer.select_one(".provenance")
    assert len(page.select(".finding")) == 1
    assert page.find("p", string="before")


def test_checks_follow_the_finding_of_their_cell_and_stay_elsewhere():
    checks = {"text/html": '<section class="verdict"><ul></ul></section>', kinds.CHECKS: {}}
    notebook = executed({"text/html": '<div class="finding"><p>It does.</p></div>', kinds.FINDING: {}}, dict(checks))
    notebook.cells.append(executed({"text/html": "<p>later</p>"}, dict(checks)).cells[1])
    page = soup(notebook)
    above = page.h1.find_next_siblings(limit=2)
    assert [part.get("class") for part in above] == [["finding"], ["verdict"]]
    assert len(page.select(".verdict")) == 2
    assert page.find("p", string="later").find_next("section")["class"] == ["verdict"]


def test_all_code_is_folded_in_its_order_with_the_way_to_the_notebook():
    notebook = executed(source="first()")
    for tag in ("parameters", "injected-parameters", "setup"):
        notebook.cells.append(nbformat.v4.new_code_cell(f"{tag[:5]} = '<1>'", metadata={"tags": [tag]}))
    notebook.cells.append(nbformat.v4.new_markdown_cell("## A part"))
    notebook.cells.append(nbformat.v4.new_code_cell("last()"))
    page = soup(notebook)
    assert [block.text.strip() for block in page.select(".highlight pre")] == [
        "first()", "param = '<1>'", "injec = '<1>'", "setup = '<1>'", "last()"
    ]  # fmt: skip
    assert all(not block.find_parent("details").has_attr("open") for block in page.select(".highlight"))
    setup = page.select_one("details.setup")
    assert setup.summary.text == "How this was computed"
    assert setup.a["href"] == "../../notebooks/02_grad_cam.ipynb"
    assert "jupyter lab notebooks/02_grad_cam.ipynb" in setup.text
    assert len(setup.select(".highlight")) == 4


def test_a_section_that_was_not_run_is_a_line_at_the_end_and_its_code_stays():
    notebook = executed()
    html = {"text/html": "<p>Not run here: …</p>", kinds.NOT_RUN: {"section": "Regions", "needs": "`regions`"}}
    for title, outputs in (("Parts", [html]), ("Rest", [dict(html), {"text/html": "<p>half of it</p>"}])):
        notebook.cells.append(nbformat.v4.new_markdown_cell(f"## {title}\n\n> **How to read.** Up."))
        notebook.cells.append(executed(*outputs, source=f"{title.lower()}()").cells[1])
        notebook.cells.append(nbformat.v4.new_markdown_cell("> **What this does not show.** Much."))
    page = soup(notebook)
    assert [head.text for head in page.select("main h2")] == ["Rest"]
    assert page.select_one(".not-run").text == "Not run here: Regions (needs regions)."
    assert [block.text.strip() for block in page.select(".highlight pre")] == ["show()", "parts()", "rest()"]
    assert [link.text for link in page.select(".side > .toc a")] == ["Rest"]


def test_the_verdict_of_the_study_stands_under_the_title_of_every_page():
    verdict = {"severity": "shortcut", "line": "FAILED. It takes a *shadow*. See page 07", "page": "07_audit"}
    for stem, link in (("02_grad_cam", "07_audit.html"), ("07_audit", None)):
        page = BeautifulSoup(page_html(executed(), stem, SITE | {"verdict": verdict}), "html.parser")
        line = page.h1.find_next_sibling()
        assert line["class"] == ["study-verdict", "shortcut"]
        assert line.text.startswith("↪ FAILED. It takes a shadow.")
        assert (line.a["href"] if line.a else None) == link
    assert not soup(executed()).select(".study-verdict")


def test_a_term_is_explained_at_its_first_use_by_a_link_and_at_the_end():
    notebook = executed({"text/html": "<p>Its lift is 2.</p>", kinds.TEXT: {}})
    notebook.cells[0].source += "\n\nThe `lift` of **baselines**."
    notebook.cells.append(nbformat.v4.new_markdown_cell("## Lift\n\nMore lift, [lift](#Lift), and a centre baseline."))
    page = soup(notebook)
    terms = page.select("a.term")
    assert sorted(term.text for term in terms) == ["baselines", "centre baseline", "lift"]
    for term in terms:
        entry = page.find(id=term["href"][1:])
        assert term["aria-describedby"] == entry["id"]
        assert entry.dd.text == term["data-tip"]
    assert len(page.select(".terms dt")) == 3


def test_rendering_is_a_pure_function_and_takes_plain_json():
    notebook = executed({"text/html": "<p>lift</p>", kinds.TEXT: {}})
    before = nbformat.writes(notebook)
    html = page_html(notebook, "02_grad_cam", SITE)
    assert nbformat.writes(notebook) == before
    assert page_html(json.loads(before), "02_grad_cam", SITE) == html
    code = "import sys, seewhy.report.site\n"
    heavy = "torch matplotlib numpy nbconvert nbformat pandas IPython"
    code += f"print([name for name in '{heavy}'.split() if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_headings_are_listed_once_each_with_an_id_of_its_own():
    notebook = executed()
    notebook.cells += [nbformat.v4.new_markdown_cell("## Same & <i>name</i>\n\n### Deeper") for _ in range(2)]
    page = soup(notebook)
    folded = [link["href"] for link in page.select("details .toc a")]  # for a phone
    links = [link["href"] for link in page.select(".side > .toc a")]
    assert folded == links
    assert links == ["#s-same-name", "#s-same-name-2"]
    assert [heading["id"] for heading in page.select("main h2[id]")] == [link[1:] for link in links]


def test_a_link_to_a_heading_works_in_jupyterlab_and_on_the_page():
    notebook = executed()
    notebook.cells.append(nbformat.v4.new_markdown_cell("[down](#What-is-it,-then?) [away](#nowhere)"))
    notebook.cells.append(nbformat.v4.new_markdown_cell("## What is it, then?"))
    page = soup(notebook)
    assert page.find("a", string="down")["href"] == "#s-what-is-it-then"
    assert page.find("a", string="away")["href"] == "#nowhere"


def test_navigation_is_static_and_marks_this_page():
    page = soup(executed())
    assert [link["href"] for link in page.select(".pages a")] == ["02_grad_cam.html", "04_shap.html"]
    assert page.select_one("[aria-current]").text.strip().endswith("Where?")
    assert page.select_one(".others a")["href"] == "../trees/02_grad_cam.html"
    assert page.select_one(".following a")["href"] == "04_shap.html"


def test_a_comparison_links_to_the_pages_of_its_studies():
    pages = [("01_model", "Is it?"), ("07_audit", "How far?")]
    site = {"study": "both", "pages": [("08_comparison", "Which?")], "compared": {"old": pages, "new": pages}}
    page = BeautifulSoup(page_html(executed(), "08_comparison", site), "html.parser")
    links = [link["href"] for link in page.select(".pages a")]
    assert links == [
        "08_comparison.html", *(f"../{name}/{stem}.html" for name in ("old", "new") for stem, _ in pages)
    ]  # fmt: skip
    assert page.select_one("[aria-current]")["href"] == "08_comparison.html"
    assert not page.select(".following")


def test_nothing_comes_from_outside_and_the_policy_says_so():
    html = page_html(executed({"text/html": '<img alt="a" src="data:,">'}), "02_grad_cam", SITE)
    page = BeautifulSoup(html, "html.parser")
    policy = page.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.startswith("default-src 'none'; img-src data:")
    assert "unsafe" not in policy
    assert not re.search(r"""(?:src|href|url\()\s*=?\s*["']?(?:https?:)?//""", html)
    assert not page.find_all(style=True)
    assert not page.find_all(["link", "iframe", "object", "base"])


def test_a_notebook_without_a_question_is_refused():
    notebook = executed()
    notebook.cells[0].source = "## too deep"
    with pytest.raises(SeewhyError, match="first cell must be Markdown"):
        soup(notebook)


def test_guidance_is_styled_by_what_it_is():
    notebook = executed()
    notebook.cells[
        0
    ].source += "\n\n> **How to read.** So.\n\nthen\n\n> **What this does not show.** That.\n\nthen\n\n> words"
    assert [quote.get("class") for quote in soup(notebook).find_all("blockquote")] == [["reads"], ["limits"], None]


def test_how_to_read_has_thirty_words_and_the_rest_is_folded():
    notebook = executed()
    notebook.cells[0].source += f"\n\n> **How to read.** {'Short one. ' * 12}*Then* {'long ' * 40}end."
    quote = soup(notebook).blockquote
    assert quote.p.text.split()[3:] == ["Short", "one."] * 12
    assert quote.details.summary.text == "More"
    assert quote.details.em.text == "Then"


def test_normalising_takes_out_what_differs_between_runs():
    def run(number):
        notebook = executed(
            {"text/plain": f"<Thing at 0x7f{number}a0aa0b>", "text/html": f'<i id="T_{number}bcde_row0">'}
        )
        notebook.metadata["papermill"] = {"start_time": number}
        notebook.metadata["widgets"] = {"state": number}
        notebook.cells[1].metadata["execution"] = {"iopub.execute_input": number}
        notebook.cells[1]["id"] = f"random{number}"
        new = nbformat.v4.new_output
        streams = [new("stream", name="stdout", text="ab"), new("stream", name="stderr", text=f"{number} s")]
        split = [new("stream", name="stdout", text="a"), new("stream", name="stdout", text="b")]
        widget = new("display_data", data={"application/vnd.jupyter.widget-view+json": {"model_id": number}})
        notebook.cells[1].outputs += [*(streams if number == 1 else split), widget]
        return nbformat.writes(normalise_notebook(notebook))

    assert run(1) == run(2)
    assert "papermill" not in run(1)


def test_what_two_cards_draw_alike_is_defined_once():
    alike = gallery_html([card("a", photo=photo(1)), card("b", photo=photo(2))], ["Grad-CAM"], "two")
    shown = soup(executed({"text/html": alike}))
    names = [one["id"] for one in shown.select("defs [id]")]
    assert len(names) == len(set(names)) == 2  # the map and its line
    uses = [one["href"] for one in shown.select(".card use")]
    assert {uses.count(f"#{name}") for name in names} == {2, 4}  # a line is drawn twice, dark under bright
