"""The pipeline as a user with a model of their own runs it: real DVC, real papermill, `demo: {}`."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .commands import LOOK, STEMS, call, environment, prepare, stale, traces
from .conftest import ROOT, Workshop
from .reproduce import differences

SECTIONS = [stem.partition("_")[2] for stem in STEMS]


def ran(root: Path) -> list[str]:
    """The stages that `dvc repro` runs now, but for the look at the dataset."""
    ended = call(root, "dvc", "repro")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found: list[str] = re.findall(r"Running stage '(.*)':", ended.stdout)
    found.remove(LOOK)
    return found


def fingerprints(root: Path) -> dict[str, str]:
    """What each executed notebook says that it was made from."""
    paths = sorted((root / "data/pages/tiny").glob("*.ipynb"))
    return {path.stem: json.loads(path.read_text())["metadata"]["seewhy"]["fingerprint"] for path in paths}


def executed(root: Path, before: dict[str, str]) -> list[str]:
    """Notebooks that were executed since."""
    return [stem for stem, now in fingerprints(root).items() if before.get(stem) != now]


MINE = """import seewhy
from seewhy.report import show

this = seewhy.open_study(study)
rows = this.predictions
show.finding(f"{len(rows)} images, {limit} at most")"""


def write_own_page(root: Path, code: str = MINE) -> None:
    """A user's own page: a notebook, and a line of params.yaml."""
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "# How many images are there?"},
        {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": 'study = "tiny"\nlimit = 3'},
        {"cell_type": "code", "metadata": {}, "source": code},
    ]
    cells = [
        {**cell, **({"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else {})} for cell in cells
    ]
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    (root / "notebooks/09_mine.ipynb").write_text(json.dumps(content))


@pytest.fixture(scope="module")
def built(built_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the built project that the tests of this file change, one after the other."""
    return Path(shutil.copytree(built_once, tmp_path_factory.mktemp("built") / "project", symlinks=True))


def test_every_page_and_figure_is_there(built: Path) -> None:
    folder = built / "reports" / "tiny"
    for stem, section in zip(STEMS, SECTIONS, strict=True):
        assert 10_000 < (folder / f"{stem}.html").stat().st_size < 5_000_000
        assert json.loads((folder / "metrics" / f"{section}.json").read_text())
    assert not list(folder.glob("*.failed.html"))
    assert "tiny" in (built / "reports" / "index.html").read_text()


def test_metrics_are_what_the_predictions_say(built: Path) -> None:
    import pandas as pd

    told = pd.read_csv(built / "reports/tiny/predictions.csv")
    labelled = told[told["label"].notna()]
    metrics = json.loads((built / "reports/tiny/metrics/model.json").read_text())
    assert metrics["accuracy_n"] == len(labelled) == 11
    assert metrics["accuracy"] == pytest.approx((labelled["label"] == labelled["predicted"]).mean(), abs=1e-4)


def test_nothing_changed_runs_nothing(built: Path) -> None:
    assert ran(built) == []


def test_a_changed_parameter_executes_its_notebook_only(built: Path) -> None:
    before = fingerprints(built)
    Workshop(built).set("grad_cam.steps", 2)
    assert ran(built) == ["settings", "measure@tiny", "pages@tiny", "render@tiny"]
    assert executed(built, before) == ["02_grad_cam"]


def test_a_changed_colour_computes_no_map(built: Path) -> None:
    before = fingerprints(built)
    Workshop(built).set("base.opacity", 0.5)
    assert ran(built) == ["settings", "pages@tiny", "render@tiny"]
    assert executed(built, before) == STEMS


def test_saving_a_notebook_with_outputs_executes_nothing(built: Path) -> None:
    path = built / "notebooks" / "02_grad_cam.ipynb"
    notebook = json.loads(path.read_text())
    code = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    code |= {"execution_count": 7, "outputs": [{"output_type": "stream", "name": "stdout", "text": ["saved"]}]}
    path.write_text(json.dumps(notebook))
    assert ran(built) == ["settings"]


def test_a_changed_sentence_of_a_notebook_executes_it_only(built: Path) -> None:
    before, path = fingerprints(built), built / "notebooks" / "03_cam_variants.ipynb"
    path.write_text(path.read_text().replace("**How to read.**", "**How to read it.**"))
    assert ran(built) == ["settings", "pages@tiny", "render@tiny"]
    assert executed(built, before) == ["03_cam_variants"]


@pytest.fixture
def own_source(built: Path) -> Iterator[Path]:
    """The package's code as the project's own, to be changed: what DVC looks at, and what its stages import."""
    (built / "src").unlink()
    shutil.copytree(ROOT / "src", built / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    yield built / "src/seewhy"
    shutil.rmtree(built / "src")
    (built / "src").symlink_to(ROOT / "src")
    ran(built)


def test_a_comment_in_a_style_or_script_concerns_the_rendering_only(built: Path, own_source: Path) -> None:
    assert stale(built) == set()
    paths = [path for kind in ("css", "js") for path in own_source.rglob(f"*.{kind}")]
    assert len(paths) > 10
    for path in paths:
        path.write_text(path.read_text() + "/* a comment */\n")
    assert stale(built) == {"render@tiny"}


def test_a_changed_sentence_concerns_the_page_that_it_stands_on(
    built: Path, own_source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(own_source.parent))
    before, path = fingerprints(built), own_source / "report/text/02_grad_cam.j2"
    path.write_text(path.read_text().replace("model", "network"))
    assert stale(built) == {"pages@tiny"}
    assert ran(built) == ["pages@tiny", "render@tiny"]
    assert executed(built, before) == ["02_grad_cam"]


def test_a_page_of_ones_own_needs_a_notebook_and_nothing_else(built: Path) -> None:
    before = fingerprints(built)
    write_own_page(built)
    assert ran(built) == ["settings", "measure@tiny", "pages@tiny", "render@tiny"]
    assert executed(built, before) == ["09_mine"]
    assert "12 images, 3 at most" in (built / "reports/tiny/09_mine.html").read_text()
    assert "09_mine.html" in (built / "reports/tiny/01_model.html").read_text()
    Workshop(built).set("mine", {"limit": 5, "tasks": ["segmentation"]})
    ran(built)
    assert not (built / "reports/tiny/09_mine.html").exists()
    assert not (built / "data/pages/tiny/09_mine.ipynb").exists()
    Workshop(built).set("mine.tasks", ["classification"])
    ran(built)
    assert "12 images, 5 at most" in (built / "reports/tiny/09_mine.html").read_text()


def test_another_folder_number_of_workers_and_kind_of_kernel_give_the_same_bytes(
    built_once: Path, tmp_path: Path, template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "elsewhere"
    shutil.copytree(template, root)
    prepare(root)
    monkeypatch.setenv("SEEWHY_WORKERS", "0")
    for words in (["dvc", "repro", "explain@tiny"], *(["seewhy", "run", stem, "tiny"] for stem in STEMS[:2])):
        ended = call(root, *words)
        assert ended.returncode == 0, ended.stdout + ended.stderr
    for stem in STEMS[:2]:  # in a kernel of its own
        assert (root / f"data/pages/tiny/{stem}.ipynb").read_bytes() == (
            built_once / f"data/pages/tiny/{stem}.ipynb"
        ).read_bytes()
    for words in (["dvc", "repro"], ["seewhy", "site"]):
        ended = call(root, *words)
        assert ended.returncode == 0, ended.stdout + ended.stderr
    assert differences(root, built_once) == []


def test_papermill_with_other_parameters_leaves_no_trace(built_once: Path, tmp_path: Path) -> None:
    before, out = traces(built_once), tmp_path / "mine.ipynb"
    parameters = ["-p", "study", "tiny", "-p", "depths", "1", "-p", "steps", "3"]
    words = ["papermill", "notebooks/07_audit.ipynb", str(out), "-k", "python3", *parameters]
    ended = call(built_once, *words)
    assert ended.returncode == 0, ended.stderr
    assert "application/vnd.seewhy.finding+json" in out.read_text()
    assert traces(built_once) == before


def test_a_kill_half_way_leaves_nothing_half_written_and_goes_on(built: Path) -> None:
    shop, page = Workshop(built), built / "reports/tiny/03_cam_variants.html"
    before, kept = fingerprints(built), page.read_bytes()
    shop.set("cam_variants.layers", 2)
    shop.set("shap.images", 2)
    command = [sys.executable, "-m", "dvc", "repro"]
    options = {"cwd": built, "env": environment(), "start_new_session": True, "stdout": subprocess.DEVNULL}
    with subprocess.Popen(command, **options) as going:
        deadline = time.monotonic() + 120
        while executed(built, before) == [] and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(going.pid, signal.SIGKILL)
    assert executed(built, before) == STEMS[:1]  # other measurements: every page is looked at again, in order
    assert page.read_bytes() == kept
    assert ran(built) == ["pages@tiny", "render@tiny"]
    assert executed(built, before) == [*STEMS, "09_mine"]
    assert page.read_bytes() != kept


def test_a_study_without_labels_says_what_was_not_run(tmp_path: Path, template: Path) -> None:
    root = tmp_path / "project"
    shutil.copytree(template, root)
    prepare(root)
    shop = Workshop(root)
    frame = shop.manifest.drop(columns=["label", "boxes"])
    shop.write(frame)
    ended = call(root, "seewhy", "report", "tiny")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    pages = {stem: (root / "reports/tiny" / f"{stem}.html").read_text() for stem in STEMS}
    assert "No image has a label" in pages["01_model"]
    assert "Not tested" in pages["02_grad_cam"]
    assert "Not tested" in pages["06_misclassification"]
    assert "accuracy" not in json.loads((root / "reports/tiny/metrics/model.json").read_text())


def test_a_failing_stage_tells_why_and_keeps_what_was_there(built: Path) -> None:
    shop, folder = Workshop(built), built / "reports/tiny"
    ran(built)
    before = (folder / "01_model.html").read_bytes()
    shop.set("studies.tiny.layer", "featurs")
    ended = call(built, "seewhy", "report", "tiny")
    assert ended.returncode == 1
    assert sorted(ended.stdout.splitlines()) == ["dataset@things ...", "explain@tiny ...", "settings ..."]
    assert ended.stderr == "seewhy: unknown layer 'featurs' in study 'tiny'; did you mean 'features'? allowed: " + (
        "features, features.0, features.1, features.2, head\n"
    )
    assert (folder / "01_model.html").read_bytes() == before
    shop.set("studies.tiny.layer", "auto")


def test_a_failing_page_is_kept_and_comes_right_again(built: Path) -> None:
    folder = built / "reports/tiny"
    write_own_page(built, MINE.replace("open_study(study)", "open_study(study + 'y')"))
    ended = call(built, "seewhy", "report", "tiny")
    assert ended.returncode == 1
    assert ended.stderr == "seewhy: unknown study 'tinyy' in params.yaml; did you mean 'tiny'? allowed: tiny\n"
    assert (folder / "09_mine.failed.html").is_file()
    assert "the last failed" in (built / "reports/index.html").read_text()
    write_own_page(built)
    ended = call(built, "seewhy", "report", "tiny")
    assert ended.returncode == 0, ended.stderr
    assert not (folder / "09_mine.failed.html").exists()
    assert "the last failed" not in (built / "reports/index.html").read_text()


def test_ctrl_c_ends_at_once_and_keeps_the_page(built: Path) -> None:
    folder = built / "reports/tiny"
    kept = (folder / "09_mine.html").read_bytes()
    write_own_page(built, MINE + "\nimport time; time.sleep(60)")
    # a shell that starts the tests in the background has switched Ctrl-C off for all that they start
    code = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    code += "sys.argv = ['seewhy', 'report', 'tiny']; from seewhy.__main__ import main; main()"
    options = {"cwd": built, "env": environment(), "start_new_session": True, "text": True}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], **options, **pipes) as going:
        assert going.stdout is not None
        for line in going.stdout:
            if "pages@tiny ..." in line:
                break
        else:
            pytest.fail("ended before the stage began")
        time.sleep(8)
        os.killpg(going.pid, signal.SIGINT)
        begun = time.monotonic()
        _, said = going.communicate(timeout=30)
    assert time.monotonic() - begun < 10
    assert going.returncode == 130
    assert said.splitlines()[-1] == "stopped; what was built stays, call it again to go on"
    assert (folder / "09_mine.html").read_bytes() == kept
    assert not list(built.rglob("*.part"))
    write_own_page(built, MINE + "\nlater = 1")
    assert "pages@tiny" in ran(built)


def test_a_lost_or_replaced_image_is_noticed(built: Path) -> None:
    image = built / "mine/cup-2.png"
    kept = image.read_bytes()
    image.unlink()
    ended = call(built, "seewhy", "report", "tiny")
    assert ended.returncode == 1
    assert "seewhy: row 3 of dataset 'things': there is no file 'cup-2.png' in " in ended.stderr
    shutil.copy(built / "mine/cat-2.png", image)
    ended = call(built, "seewhy", "report", "tiny")
    assert ended.returncode == 0, ended.stderr
    assert re.search(r"explain@tiny +[\d.]+", ended.stdout), ended.stdout
    image.write_bytes(kept)


def test_a_second_run_in_the_same_project_is_one_line(built: Path) -> None:
    told = {"read": {}, "write": {str(built / "data/settings"): {"pid": os.getpid(), "cmd": "dvc repro"}}}
    (built / ".dvc/tmp/rwlock").write_text(json.dumps(told))
    path = built / "notebooks/01_model.ipynb"
    path.write_text(path.read_text() + "\n")
    ended = call(built, "seewhy", "report", "tiny")
    assert ended.returncode == 1
    assert ended.stderr == "seewhy: another run is at work in this project; wait for its end, then call again\n"
    (built / ".dvc/tmp/rwlock").unlink()


def test_what_dvc_refuses_is_one_line(built: Path) -> None:
    (built / "dvc.yaml").write_text((built / "dvc.yaml").read_text().replace("${item.checkpoint}", "${item.chekpoint}"))
    ended = call(built, "seewhy", "report", "tiny")
    assert ended.returncode == 1
    assert re.fullmatch(r"seewhy: .*dvc.yaml.*item.chekpoint.*\n", ended.stderr), ended.stderr
