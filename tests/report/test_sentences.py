"""Sentences of pages stand in templates: filled with values, on one line, and with errors that name what is wrong."""

import pytest

import seewhy
from seewhy.errors import SeewhyError
from seewhy.report.text import sentences
from seewhy.stats import Estimate

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
