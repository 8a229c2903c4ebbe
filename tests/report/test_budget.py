"""What built pages weigh, and what every one of them has: those that are here, of photos-lite0 at least."""

import re
from collections import Counter
from html import unescape
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "reports").glob("*/[0-9]*.html"))
INDEX = ROOT / "reports/index.html"
MB = 1_000_000
ADDRESS = re.compile(
    r"""(?:src|srcset|href|action|poster|data)\s*=\s*["']?\s*(?:\w+:)?//|@import|url\(\s*["']?(?!data:|#)"""
)
IMAGE = re.compile(r"<img\b[^>]*>")

pytestmark = pytest.mark.skipif(not PAGES, reason="no page was built here")
every = pytest.mark.parametrize("path", [*PAGES, INDEX], ids=lambda path: f"{path.parent.name}/{path.stem}")


@every
def test_a_page_is_below_two_megabytes_and_the_index_below_300_kilobytes(path):
    assert path.stat().st_size <= (0.3 if path == INDEX else 2) * MB


@pytest.mark.parametrize("folder", sorted({path.parent for path in PAGES}), ids=lambda folder: folder.name)
def test_the_pages_of_a_study_and_their_downloads_are_below_ten_megabytes(folder):
    served = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".ipynb"]
    assert sum(path.stat().st_size for path in served) <= 10 * MB


@every
def test_nothing_is_fetched_from_anywhere(path):
    html = path.read_text(encoding="utf-8")
    assert ADDRESS.search(html) is None
    assert "default-src 'none'" in unescape(html.split("</head>")[0])


@every
def test_every_image_says_what_it_shows_and_no_id_is_used_twice(path):
    html = path.read_text(encoding="utf-8")
    assert [tag[-200:] for tag in IMAGE.findall(html) if not re.search(r'\balt="[^"]', tag)] == []
    names = Counter(re.findall(r"""\sid=["']([^"']+)""", html))
    assert [name for name, count in names.items() if count > 1] == []


@every
def test_a_gallery_has_sixty_cards_at_most(path):
    html = path.read_text(encoding="utf-8")
    galleries = html.split('<section class="gallery"')[1:]
    assert max((part.count('<figure class="card') for part in galleries), default=0) <= 60


@pytest.mark.parametrize("path", PAGES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_finding_has_two_sentences_and_forty_words_at_most(path):
    lead = re.search(r'<p class="lead">(?:<strong class="answer">.*?</strong> )?(.*?)</p>', path.read_text(), re.DOTALL)
    told = unescape(re.sub(r"<[^>]+>", "", lead[1]))
    assert len(re.findall(r"[.!?](?=\s+[A-Z(]|$)", told)) <= 2
    assert len(told.split()) <= 40
