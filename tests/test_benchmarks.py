"""The benchmark runs and compares like with like; what it times is not asserted."""

import importlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from types import ModuleType

import nbformat
import pytest

from tests.report.samples import executed

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The modules find one another as they do for `python benchmarks/run.py`."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("run")


def test_the_smallest_row_runs_and_both_sides_agree(bench: ModuleType) -> None:
    row = bench.ROWS["ablation_vs_grad_cam"]
    result = bench.run(row, size=64, repeats=1, memory=False)
    assert result.max_abs_diff < row.tolerance
    assert result.name in bench.table([result])


def test_every_row_runs_and_both_sides_agree(
    bench: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one repeat, of images so small that nothing can be said of times: it must not rot."""
    whole, curves, pages = (importlib.import_module(name) for name in ("whole", "curves", "pages"))
    monkeypatch.setattr(curves, "CELLS", 3)  # of a map at 96 pixels
    monkeypatch.setattr(pages, "STUDY", tmp_path)
    monkeypatch.setenv("TQDM_DISABLE", "1")
    page = executed({"text/html": "<p>a page</p>"})
    page.cells.append(nbformat.v4.new_markdown_cell("## What does it see?"))
    nbformat.write(page, tmp_path / "01_model.ipynb")
    small = {
        "driver": lambda size: whole.driver(size, images=6),
        "driver_memory": lambda size: whole.driver_memory(size, images=6, fewer=3),
    }
    for name, row in bench.ROWS.items():
        result = bench.run(replace(row, make=small.get(name, row.make)), size=96, repeats=1, memory=False)
        assert result.max_abs_diff < max(row.tolerance, 1e-3), name
        assert result.name in bench.table([result])


def test_a_row_that_misses_what_it_should_reach_says_so(bench: ModuleType) -> None:
    fast = bench.Result("classes_vs_captum", 1.0, "captum", 7.0, 7.0, 20.0, 100.0, 1e-6)
    assert "**missed**" not in bench.table([fast])
    for wrong in ({"ratio": 5.9}, {"peak_mb": 26.0}, {"max_abs_diff": 1e-3}):
        assert "**missed**" in bench.table([bench.Result(**{**asdict(fast), **wrong})])
    slow = bench.Result("family", 1.2, "plain forward pass", 1.0, 1.2, 20.0, 100.0, 1e-6)
    assert "**missed**" in bench.table([slow])


def test_the_command_line_keeps_the_rows_it_did_not_run(
    bench: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {name: bench.Result(name, 1.0, "peer", 2.0, 2.0, 1.0, 1.0, 0.0) for name in ("family", "family_tuned")}
    (tmp_path / "results.json").write_text(json.dumps([asdict(given["family"])]))
    monkeypatch.setattr(bench, "HERE", tmp_path)
    monkeypatch.setattr(bench, "run", lambda row, **_: given[row.name])
    monkeypatch.setenv("TQDM_DISABLE", "1")  # which the command line sets, and which must not outlive the test
    monkeypatch.setattr("sys.argv", ["run.py", "family_tuned"])
    threads = bench.torch.get_num_threads()
    bench.main()
    bench.torch.set_num_threads(threads)
    assert [entry["name"] for entry in json.loads((tmp_path / "results.json").read_text())] == [
        "family",
        "family_tuned",
    ]
    assert (tmp_path / "results.md").read_text() in capsys.readouterr().out
