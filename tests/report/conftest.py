"""The browser of the tests: Debian's Chromium, or one line that says that there is none."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MISSING = "no Chromium here"


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Skips where there is no Chromium; fails there under CI=1, which must not skip."""
    if not CHROMIUM and os.environ.get("CI"):
        pytest.fail(f"{MISSING}, and CI must not skip the browser tests: apt-get install chromium", pytrace=False)
    if not CHROMIUM:
        pytest.skip(MISSING)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tool:
        options = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--font-render-hinting=none"]
        started = tool.chromium.launch(executable_path=CHROMIUM, args=options)
        yield started
        started.close()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line, whatever pytest was asked to tell, where browser tests were skipped."""
    skipped = sum(MISSING in str(report.longrepr) for report in terminalreporter.stats.get("skipped", []))
    if skipped:
        terminalreporter.write_line(
            f"{skipped} browser tests skipped: {MISSING} (apt-get install chromium)", yellow=True
        )
