"""Galleries and strips as they were looked at: small pictures of them, kept in screenshots/, compared with a tolerance.

SCREENSHOTS=renew makes them again, to be looked at before they are committed. Text is set in matplotlib's own font, so
that what is installed on a machine does not matter; what is left of that is below the tolerance.
"""

import base64
import io
import os
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image

from tests.report.browsing import PHONE, captions, opened, pictures, segments, written

KEPT = Path(__file__).parent / "screenshots"
FONT = Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf")
SHRUNK = 4  # pixels of the page across one of the kept picture: strokes of letters blur, boxes and colours stay
NEAR = 24  # of 255: how far a pixel may be off in its worst colour ...
FEW = 0.0025  # ... in all but this share of the pixels; a contour or a colour that is gone is 0.5 % and more
DESK = {"width": 1000, "height": 800}


def compared(page, name, of):
    """Hold a picture of an element against the kept one."""
    face = base64.b64encode(FONT.read_bytes()).decode()
    rule = f"@font-face{{font-family:Kept;src:url(data:font/ttf;base64,{face})}}*{{font-family:Kept!important}}"
    page.add_style_tag(content=rule + "*{transition:none!important;caret-color:transparent!important}")
    page.evaluate("document.fonts.ready.then(() => null)")
    taken = Image.open(io.BytesIO(page.locator(of).first.screenshot())).convert("RGB")
    small = taken.resize((taken.width // SHRUNK, taken.height // SHRUNK), Image.Resampling.BOX)
    path = KEPT / f"{name}.png"
    if os.environ.get("SCREENSHOTS") == "renew":
        KEPT.mkdir(exist_ok=True)
        small.save(path, optimize=True)
    kept = Image.open(path).convert("RGB")
    assert small.size == kept.size
    off = np.abs(np.asarray(small, int) - np.asarray(kept, int)).max(-1)
    assert (off > NEAR).mean() <= FEW, f"{name}: {(off > NEAR).mean():.2%} of the picture is not what it was"


@pytest.mark.parametrize(
    ("name", "html", "of", "context"),
    [
        ("gallery", pictures, ".gallery", {"viewport": DESK}),
        ("gallery-phone-dark", pictures, ".gallery", {"viewport": PHONE, "color_scheme": "dark"}),
        ("segments-dark", segments, ".gallery", {"viewport": DESK, "color_scheme": "dark"}),
        ("strips", captions, ".strips", {"viewport": DESK}),
        ("strips-phone-dark", captions, ".strips", {"viewport": PHONE, "color_scheme": "dark"}),
    ],
)
def test_it_looks_as_it_was_looked_at(browser, tmp_path, name, html, of, context):
    page = opened(browser, written(tmp_path / "page.html", {"text/html": html()}), bypass_csp=True, **context)
    compared(page, name, of)


def test_the_enlarged_view_looks_as_it_was_looked_at(browser, tmp_path):
    path = written(tmp_path / "page.html", {"text/html": pictures()})
    page = opened(browser, path, bypass_csp=True, viewport=DESK)
    page.locator(".card.wrong .zoom").click()
    compared(page, "enlarged", "dialog")
