"""Sentences of pages stand in templates: filled with values, on one line, and with errors that name what is wrong."""

import ast
import json

import pytest
from jinja2 import meta, nodes

import seewhy
from seewhy.errors import SeewhyError
from seewhy.report.text import sentences
from seewhy.stats import Estimate
from tests.conftest import ROOT

PAGE = """{% block looks %}
{% if answer == "No" %}The map lies
  beside {{ names | listed }}.{% endif %}
{% endblock %}
{% block looks_detail %}Lift: {{ lift | interval("×") }}.{% endblock %}"""


@pytest.fixture
def page(tmp_path, monkeypatch):
    (tmp_path / "09_mine.j2").write_text(PAGE)
    monkeypatch.setattr(sentences, "FOLDER", tmp_path)
    sentences.page_templates.cache_clear()
    yield seewhy.sentences("09_mine")
    sentences.page_templates.cache_clear()


def test_a_finding_is_made_of_blocks(page):
    found = page.finding("looks", "No", "shortcut", names=["cup", "cat"], lift=Estimate(1.2, 1.1, 1.3, 8))
    assert found == {
        "answer": "No",
        "severity": "shortcut",
        "sentence": "The map lies beside cup and cat.",
        "detail": "Lift: 1.20× (95 % interval 1.10 to 1.30×, n = 8).",
    }


def test_a_block_may_say_nothing(page):
    assert page("looks", answer="Yes") == ""


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda page: page("look"), "unknown block 'look' in 09_mine.j2; did you mean 'looks'"),
        (lambda page: page("looks", answer="No"), "block 'looks' of 09_mine.j2: 'names' is undefined"),
        (lambda _: seewhy.sentences("09_min"), "unknown page '09_min' in seewhy.sentences; did you mean '09_mine'"),
    ],
)
def test_what_is_missing_is_one_line(page, call, told):
    with pytest.raises(SeewhyError, match=told):
        call(page)


def block_values(page):
    """For each block of a page's template the values that it cannot do without being given."""
    env = sentences.page_templates()
    tree = env.parse((sentences.FOLDER / f"{page}.j2").read_text())
    found = {}
    for block in tree.find_all(nodes.Block):
        alone = nodes.Template(block.body, lineno=1).set_environment(env)
        found[block.name] = meta.find_undeclared_variables(alone) - {*env.globals}
    return found


def block_calls(code):
    """The calls `text("block", name=...)` and `text.finding(...)` in a notebook whose values are all written out."""
    for node in (one for one in ast.walk(ast.parse(code)) if isinstance(one, ast.Call)):
        words = {word.arg for word in node.keywords}
        target = ast.unparse(node.func)
        if target == "text" and None not in words:
            yield node.args[0].value, words
        if target == "text.finding" and None not in words:
            for ending in ("", "_so", "_detail"):
                yield node.args[0].value + ending, words | {"answer", "severity"}


@pytest.mark.parametrize(
    "path", sorted((ROOT / "notebooks").rglob("0*.ipynb")), ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_every_sentence_of_a_notebook_gets_what_it_may_need(path):
    """A value that only a rare branch needs is missed by every page but the one that breaks."""
    cells = [one for one in json.loads(path.read_text())["cells"] if one["cell_type"] == "code"]
    values = block_values(path.stem)
    calls = list(block_calls("\n".join("".join(one["source"]) for one in cells)))
    assert {name: values[name] - words for name, words in calls if values.get(name, set()) - words} == {}
    assert {name for name, _ in calls if not name.endswith(("_so", "_detail"))} <= {*values}
