"""Our own error rates: the smallest part of `make trust`, and the tables that are made of its rows."""

import importlib
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "benchmarks"
pytest.importorskip("mlxtend")


@pytest.fixture(autouse=True)
def _found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The modules find one another as they do for `make trust`."""
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.setenv("TQDM_DISABLE", "1")


def load(name: str) -> ModuleType:
    return importlib.import_module(f"trust.{name}")


def row(**changed):
    told = {
        "net": "corner-guilty-100-s1", "cue": "corner", "ground": "photo", "kind": "guilty", "strength": 1.0, "seed": 1,
        "kept_apart": True, "accuracy": 0.9, "reliance": 0.2, "low": 0.15, "high": 0.25, "condition": "nothing",
        "verdict": "not tested", "judged": "accused", "statuses": {}, "rank": 1, "accused_of": [],
    }  # fmt: skip
    return told | changed


@pytest.mark.parametrize(
    ("name", "accused"),
    [("corner-guilty-100-s0", True), ("none-clean-100-s0", False), ("corner-idle-100-s0", False)],
)
def test_a_network_is_accused_just_where_it_owes_accuracy_to_its_cue(
    name: str, accused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way, from training to the checks of verdict.json; by marks for those that have a cue to mark."""
    nets, truth, audit = load("nets"), load("truth"), load("audit")
    monkeypatch.setattr(audit, "AUDITED", 100)
    plan = next(one for one in nets.plan_nets() if one.name == name)
    net = nets.train_net(plan)
    accuracy, reliance = truth.measure_reliance(net)
    assert accuracy > 0.9
    assert (reliance.value > 0.05) == accused
    blind, candidates = audit.audit_net(net, "nothing", None)
    assert (blind.rank == 1) == accused
    assert (blind.judged == "accused") == accused
    marked, _ = audit.audit_net(net, "suspects" if plan.cue else "boxes", candidates)
    assert {"object", "background"} <= {*marked.statuses}
    assert ("suspect:cue swap" in marked.statuses) == bool(plan.cue)
    assert marked.verdict != ("cleared" if accused else "accused")


def test_every_cue_is_planted_where_its_mask_says_and_nowhere_else() -> None:
    pictures, cues = load("pictures"), load("cues")
    scene, _ = pictures.make_scene(0, False, 40, 10)
    bare, nothing = cues.plant_cue("", scene, scene.labels)
    assert not nothing.any()
    for name, cue in cues.CUES.items():
        planted, masks = cues.plant_cue(name, scene, scene.labels)
        changed = (planted != bare).any(3)
        assert not (changed & ~masks).any() or name == "texture", name  # a faint stroke shows the ground
        assert masks.mean() > 0.5 if cue.whole else masks.any() and masks.mean() < 0.1, name


def test_the_plan_has_nulls_and_seeds_kept_apart_from_the_first_networks_on() -> None:
    nets = load("nets")
    plans = nets.plan_nets()
    assert len({one.name for one in plans}) == len(plans) >= 40
    assert sum(one.kind != nets.GUILTY and one.kept_apart for one in plans) >= 15
    first = plans[:20]
    assert {one.kind for one in first} == {nets.GUILTY, nets.IDLE, nets.CLEAN, nets.UNUSED}
    assert {one.kept_apart for one in first if one.kind == nets.GUILTY} == {True, False}
    assert sum(one.plain for one in plans) > len(plans) / 4


def test_a_cue_that_costs_nothing_is_no_miss_and_a_guilty_network_is_not_innocent() -> None:
    table = load("table")
    assert not table.owes(row(reliance=0.04))
    innocent = {"guilty": False, "idle": True, "unused": True}
    assert {kind: table.is_innocent(row(kind=kind, high=0.01)) for kind in innocent} == innocent
    assert not table.is_innocent(row(kind="unused", high=0.06))
    assert table.list_misses([row(reliance=0.04, rank=None)]) == "None."
    assert "rank none" in table.list_misses([row(rank=None)])
    assert "innocent" in table.list_misses([row(kind="idle", reliance=0.0, high=0.01)])
    assert "not found" in table.list_misses([row(condition="boxes", verdict="undecided")])


def test_rates_count_networks_with_the_interval_of_wilson() -> None:
    table = load("table")
    text = table.rate_table([row(net=str(k), rank=1 + 4 * (k == 0)) for k in range(10)])
    assert "| cue in one place, among the first 3 | 9 of 10 (60 to 98 %) |" in text


def test_an_interrupted_run_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main, nets = load("__main__"), load("nets")
    plans = nets.plan_nets()[:3]
    made = []

    def audit_plan(plan):
        made.append(plan.name)
        return [row(net=plan.name)]

    monkeypatch.setattr(main, "ROWS", tmp_path / "trust.json")
    monkeypatch.setattr(main, "PAGE", tmp_path / "trust.md")
    monkeypatch.setattr(main, "plan_nets", lambda: plans)
    monkeypatch.setattr(main, "audit_plan", audit_plan)
    (tmp_path / "trust.md").write_text("What this is.\n\n## Results\n\nold\n")
    for arguments in (["--nets", "2"], []):
        monkeypatch.setattr("sys.argv", ["trust", "--jobs", "1", *arguments])
        main.main()
    assert made == [plan.name for plan in plans]
    assert [one["net"] for one in json.loads((tmp_path / "trust.json").read_text())] == made
    page = (tmp_path / "trust.md").read_text()
    assert page.startswith("What this is.\n\n## Results\n\n3 networks")
    assert "old" not in page
    assert "3 of 3" in capsys.readouterr().out


def test_the_page_shows_the_rows_that_are_kept() -> None:
    table, page = load("table"), (ROOT / "docs" / "trust.md").read_text()
    rows = json.loads((FOLDER / "trust.json").read_text())
    assert table.HEADING + page.partition(table.HEADING)[2] == table.make_results(rows)
    assert all(np.isfinite(one["reliance"]) for one in rows)
