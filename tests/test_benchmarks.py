"""The benchmark runs and compares like with like; what it times is not asserted."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).parents[1] / "benchmarks/run.py"


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmarks_run", FILE)
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    sys.modules["benchmarks_run"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


def test_the_smallest_row_runs_and_both_sides_agree(bench: ModuleType) -> None:
    row = bench.ROWS["ablation_vs_grad_cam"]
    result = bench.run(row, size=64, repeats=1, memory=False)
    assert result.max_abs_diff < row.tolerance
    assert result.name in bench.table([result])
