"""The third way of use: a real JupyterLab in Chromium. Run All Cells of a page's notebook leaves no trace."""

import json
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from .commands import environment, stale, traces

SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "docmanager-extension/plugin": {"autosave": False},
}
OPTIONS = [
    "--no-browser", "--allow-root", "--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly",
    "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
]  # fmt: skip
TOKEN = "token-of-the-tests"
SECONDS = 120  # for each step at most; on an idle machine all of them take a tenth of it
READY = "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
ENDED = """() => {
  const {content, sessionContext} = jupyterapp.shell.currentWidget;
  const cells = content.model.toJSON().cells.filter((cell) => cell.cell_type === "code" && cell.source.length);
  const failed = cells.some((cell) => cell.outputs.some((output) => output.output_type === "error"));
  const idle = sessionContext.session.kernel.status === "idle";
  return idle && (failed || cells.every((cell) => cell.execution_count !== null));
}"""
SAVED = "() => !jupyterapp.shell.currentWidget.context.model.dirty"
NOTEBOOK = "() => jupyterapp.shell.currentWidget.content.model.toJSON()"


@pytest.fixture(scope="module")
def repository(built_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the built project with everything that git does not ignore committed."""
    root = Path(shutil.copytree(built_once, tmp_path_factory.mktemp("lab") / "project", symlinks=True))
    git(root, "add", "--all")
    git(root, "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "--quiet", "--message", "all")
    return root


@pytest.fixture(scope="module")
def server(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a JupyterLab that was started as `make lab` starts it, with settings of its own."""
    own = tmp_path_factory.mktemp("jupyter")
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "JUPYTERLAB_WORKSPACES_DIR")
    places = {name: str(own / name.lower()) for name in names} | {"JUPYTERLAB_SETTINGS_DIR": str(own / "settings")}
    for name, values in SETTINGS.items():
        path = own / "settings/@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    command = [sys.executable, "-m", "jupyter", "lab", "notebooks", *OPTIONS, f"--IdentityProvider.token={TOKEN}"]
    with (own / "log").open("w") as log:
        env = environment() | places
        going = subprocess.Popen(command, cwd=repository, env=env, stdout=log, stderr=log, start_new_session=True)
    try:
        yield address(going, Path(places["JUPYTER_RUNTIME_DIR"]), own / "log")
    finally:
        end(going)


def address(going: subprocess.Popen[bytes], runtime: Path, log: Path) -> str:
    """Where the server answers; fails with what it said when it ended or does not answer in time."""
    deadline = time.monotonic() + SECONDS
    while going.poll() is None and time.monotonic() < deadline:
        for path in runtime.glob("jpserver-*.json"):
            try:
                url = str(json.loads(path.read_text())["url"])
                with urllib.request.urlopen(f"{url}api/status?token={TOKEN}", timeout=5):
                    return url
            except (OSError, ValueError):
                pass
        time.sleep(0.2)
    end(going)
    pytest.fail(f"JupyterLab did not start: {log.read_text()[-2000:]}")


def end(going: subprocess.Popen[bytes]) -> None:
    """End the server; it ends its kernels, and what it leaves is killed."""
    children = psutil.Process(going.pid).children(recursive=True) if going.poll() is None else []
    going.terminate()
    try:
        going.wait(20)
    except subprocess.TimeoutExpired:
        going.kill()
        going.wait()
    for child in psutil.wait_procs(children, timeout=10)[1]:
        child.kill()


def git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout


def state(root: Path) -> tuple[str, set[str], dict[str, str]]:
    """What git and DVC say of the project, and the hash of every file of its results."""
    return git(root, "status", "--porcelain"), stale(root), traces(root)


@pytest.fixture
def opened(browser: Any, server: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The notebook of the test's parameter in JupyterLab, its kernel ready; where the page asked is in `asked`."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    context.set_default_timeout(SECONDS * 1000)
    page, stem = context.new_page(), request.getfixturevalue("stem")
    page.asked = []
    page.on("request", lambda sent: page.asked.append(sent.url))
    page.goto(f"{server}doc/tree/{stem}.ipynb?token={TOKEN}")
    page.wait_for_function(READY)
    yield page
    context.close()


def set_study(page: Any, name: str) -> None:
    """Type another study into the parameters cell."""
    page.locator(".cm-line", has_text='study = "photos-lite0"').first.click()
    for key in ("End", "Shift+Home"):
        page.keyboard.press(key)
    page.keyboard.insert_text(f'study = "{name}"')


def choose(page: Any, menu: str, entry: str) -> None:
    page.get_by_role("menuitem", name=menu, exact=True).click()
    page.locator(".lm-Menu-itemLabel").get_by_text(entry, exact=True).click()


@pytest.mark.parametrize("stem", ["02_grad_cam", "07_audit"])
def test_run_all_with_another_study_leaves_no_trace(opened: Any, repository: Path, stem: str, server: str) -> None:
    before = state(repository)
    assert before[:2] == ("", set())
    set_study(opened, "tiny")
    choose(opened, "Run", "Run All Cells")
    opened.wait_for_function(ENDED)
    cells = [cell for cell in opened.evaluate(NOTEBOOK)["cells"] if cell["cell_type"] == "code"]
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert [output for output in outputs if output["output_type"] in ("error", "stream")] == []
    assert "".join(cells[0]["source"]).startswith('study = "tiny"\n')
    assert any("application/vnd.seewhy.finding+json" in output["data"] for output in outputs)
    assert state(repository) == before
    choose(opened, "File", "Save Notebook")
    opened.wait_for_function(SAVED)
    name = f"notebooks/{stem}.ipynb"
    assert state(repository) == (f" M {name}\n", {"settings"}, before[2])
    git(repository, "checkout", "--quiet", name)
    assert state(repository) == before
    assert {url for url in opened.asked if not url.startswith((server, "data:", "blob:"))} == set()
