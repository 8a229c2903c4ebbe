import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from seewhy.errors import SeewhyError
from tests.report.samples import SITE, notebook, run

ROOT = str(Path(__file__).parents[2])
SHOW = f"""import sys; sys.path.insert(0, {ROOT!r})
from tests.report.samples import HOSTILE, card, photo
from seewhy.report import figures, show
show.finding(f"seed {{seed}} of {{study}}")
show.figure(figures.input_sheet([photo()], [HOSTILE]), "one photo")
show.gallery([card(), card("b.png", HOSTILE)], ["Grad-CAM"], "two samples")
sys.stderr.write("\\rworking " + str(1 + 1))
object()"""


def test_two_runs_are_equal_to_the_byte(tmp_path):
    source = notebook(tmp_path / "where.ipynb", "## Samples", SHOW)
    pages = [run("02_grad_cam", source, {"seed": 7}, tmp_path / name, SITE) for name in ("one", "two")]
    assert pages[0].read_bytes() == pages[1].read_bytes()
    executed = [page.with_suffix(".ipynb").read_text() for page in pages]
    assert executed[0] == executed[1]
    assert json.loads(executed[0])["metadata"]["seewhy"] == {"fingerprint": "f"}
    assert "<style" not in executed[0]
    assert pages[0].read_text().endswith("</html>\n<!-- note -->\n")
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == ["02_grad_cam.html", "02_grad_cam.ipynb"]
    page = BeautifulSoup(pages[0].read_text(), "html.parser")
    assert page.select_one(".finding").text == "seed 7 of photos"
    assert len(page.select(".card")) == 2
    assert "working 2" not in page.text
    assert str(tmp_path) not in pages[0].read_text()


@pytest.mark.parametrize(
    ("cell", "failed", "told"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero", ["02_grad_cam: {place}: {failed}", "see {page}"]),
        (
            "from seewhy.errors import unknown_name\nraise unknown_name('layer', '<b>', ['layer4'])",
            "unknown layer '<b>'; allowed: layer4",
            ["{failed}"],
        ),
    ],
    ids=["a crash is two lines", "a mistake is one"],
)
def test_a_failed_cell_is_told_and_keeps_a_page(tmp_path, capfd, cell, failed, told):
    source = notebook(tmp_path / "n.ipynb", "## Layers", cell, "1")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/02_grad_cam.html").write_text("an earlier run")
    with pytest.raises(SeewhyError) as error:
        run("02_grad_cam", source, {"study": "trees"}, tmp_path / "out", SITE)
    failed_page = tmp_path / "out" / "02_grad_cam.failed.html"
    place = 'cell 4 of 5 ("Layers") failed'
    lines = [line.format(place=place, failed=failed, page=failed_page) for line in told]
    assert str(error.value).splitlines() == lines
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["02_grad_cam.failed.html", "02_grad_cam.html"]
    page = BeautifulSoup(failed_page.read_text(), "html.parser")
    assert f"{place}: {failed}" in page.select_one(".failed").text
    assert not page.find_all(style=True)
    assert capfd.readouterr().err == ""


def test_an_unknown_parameter_is_refused_before_anything_runs(tmp_path):
    source = notebook(tmp_path / "n.ipynb")
    told = "unknown parameter 'sede' in the parameters cell of 02_grad_cam; did you mean 'seed'"
    with pytest.raises(SeewhyError, match=told):
        run("02_grad_cam", source, {"sede": 1}, tmp_path / "out", SITE)
    assert not (tmp_path / "out").exists()


def test_ctrl_c_leaves_no_kernel_and_no_page(tmp_path):
    told = f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid()))"
    notebook(tmp_path / "n.ipynb", f"import os, pathlib, time\n{told}\ntime.sleep(60)")
    # a shell that starts the tests in the background has switched Ctrl-C off for all that they start
    code = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += f"sys.path.insert(0, {ROOT!r})\n"
    code += "from pathlib import Path\nfrom tests.report.samples import SITE\n"
    code += "from tests.report.samples import run\nrun('n', Path('n.ipynb'), {}, Path('out'), SITE)"
    job = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    kernel = _wait_for(lambda: int((tmp_path / "pid").read_text() or 0) if (tmp_path / "pid").exists() else 0)
    job.send_signal(signal.SIGINT)
    assert job.wait(20) != 0
    assert _wait_for(lambda: not _alive(kernel), 10)
    assert not (tmp_path / "out").exists()


def test_the_terminal_is_told_how_far_it_is_what_is_done_and_how_long_it_will_take(tmp_path):
    loop = "import time\nfrom seewhy.progress import show_progress\n"
    loop += "for _ in show_progress(range(4), 4, 'maps'):\n    time.sleep(1.2)"
    notebook(tmp_path / "n.ipynb", loop, "time.sleep(2.5)")
    code = f"import os, sys; sys.path.insert(0, {ROOT!r}); os.environ['SEEWHY_PROGRESS'] = 'relayed'\n"
    code += "from pathlib import Path\nfrom tests.report.samples import SITE\n"
    code += "from tests.report.samples import run\nrun('n', Path('n.ipynb'), {}, Path('out'), SITE)"
    screen, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
    job = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stderr=terminal)
    os.close(terminal)
    lines = _read(screen).split("\r\x1b[2K")
    assert job.wait(20) == 0
    assert any(re.search(r"█+░+  cell 3 of 4  \d+ s  maps:.* 2/4 \[\d\d:\d\d<\d\d:\d\d", line) for line in lines)
    quiet = {int(seconds) for line in lines for seconds in re.findall(r"cell 4 of 4  (\d+) s  $", line)}
    assert len(quiet) >= 3  # the clock goes on in a cell that says nothing
    assert lines[-1] == ""
    assert "maps" not in (tmp_path / "out/n.ipynb").read_text().replace("'maps'", "")


def _read(screen):
    """All that is written to a terminal until nobody has it open any more."""
    parts = []
    try:
        while part := os.read(screen, 65536):
            parts.append(part)
    except OSError:  # Linux's way to say that there is no more
        pass
    os.close(screen)
    return b"".join(parts).decode()


def _wait_for(told, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if told():
            return told()
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
