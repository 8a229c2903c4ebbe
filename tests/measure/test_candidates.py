"""Candidates of a study: a tag that gives one class away is found, judged in the terminal, and fails the verdict."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import seewhy
from seewhy import open_study
from seewhy.checks.candidates import find_judged
from seewhy.checks.run import load_tables
from seewhy.checks.summaries import write_summaries
from seewhy.checks.summary import write_summary
from seewhy.config.project import Project
from seewhy.measure.driver import store_family
from seewhy.measure.families.candidates import EDITS, MOST, WANTED, spend_budget
from seewhy.measure.store import read_family
from seewhy.pipeline import notebook_judging
from seewhy.pipeline.judging import judge_candidates
from seewhy.pipeline.stage_settings import stage_settings

NET = '''"""A network that looks at the lower right corner, and a little at all."""

from torch import nn


class Tiny(nn.Module):
    def __init__(self, num_classes=2):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4))
        self.head = nn.Linear(4 * 64, num_classes)

    def forward(self, x):
        return self.head(self.features(x).flatten(1))
'''


@pytest.fixture
def tagged(small, cli):
    """The project with 60 pictures of noise: a cup has a white tag in the corner, and the network reads that alone."""
    project, draw, rows = small, np.random.default_rng(0), []
    for number in range(60):
        picture = draw.integers(60, 140, (32, 32, 3), dtype=np.uint8)
        name = ("cup", "cat")[number % 2]
        if name == "cup":
            picture[26:32, 26:32] = 250
        Image.fromarray(picture).save(project.root / f"mine/{number:02d}.png")
        rows.append({"image": f"{number:02d}.png", "label": name, "split": "test", "boxes": ""})
    project.write(pd.DataFrame(rows))
    (project.root / "my_nets.py").write_text(NET)
    names = {}
    exec(NET, names)
    net = names["Tiny"]()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
        net.features[0].weight[:, :, 1, 1] = 1 / 3
        corner = net.head.weight.view(2, 4, 8, 8)
        corner[0, :, 7, 7], net.head.bias[1] = 1.0, 3.5
    project.save(model_state_dict=net.state_dict())
    for name, value in {
        "audit.work": 1,
        "audit.depths": 1,
        "audit.methods": ["activation"],
        "attributions.methods": ["activation"],
    }.items():
        project.set(name, value)
    assert cli("dataset", "things") == (0, "")
    study = open_study("tiny")
    study.save_predictions(study.predict())
    for family in ("predictions", "interventions", "candidates", "localisation"):
        store_family(open_study("tiny"), family)
    return project


def candidates_of(project):
    return find_judged(Project(project.root), "tiny", load_tables(Project(project.root), "tiny"))


def summaries(project):
    """candidates.json, verdict.json and summary.json."""
    write_summaries("tiny", Project(project.root))
    write_summary(Project(project.root), "tiny")
    names = ("candidates", "verdict", "summary")
    return [json.loads((project.root / f"reports/tiny/{name}.json").read_text()) for name in names]


def test_a_tag_is_the_first_candidate_and_nothing_has_passed_before_it_is_judged(tagged):
    lists, verdict, summary = summaries(tagged)
    first = lists["cup"][0]
    assert (first["id"], first["kind"], first["shown"], first["judged"]) == ("cup/1", "square", True, None)
    assert first["place"][0] >= 0.5
    assert first["place"][2:] == [1.0, 1.0]
    assert first["low"] > 0
    assert not any(row["subject"].startswith("candidate") for row in verdict)
    waiting = sum(one["shown"] and not one["judged"] for own in lists.values() for one in own)
    assert f"{waiting} candidate" in summary["verdict"]["line"]
    assert "for your judgement" in summary["verdict"]["line"]
    assert summary["verdict"]["status"] == "not tested"
    assert summary["use"]["answer"] == "Not known"


def test_the_arrays_show_eight_crops_with_their_images(tagged):
    result = read_family(tagged.root, "tiny", "candidates")
    count = len(result.table)
    assert result.arrays["crops"].shape[:2] == result.arrays["crop_images"].shape == (count, 8)
    assert result.arrays["crops"].dtype == np.uint8
    assert result.arrays["crops"][0].max() == 250  # the tag
    assert all(int(name[-6:-4]) % 2 == 0 for name in result.arrays["crop_images"][0])  # cups


def test_a_candidate_judged_a_shortcut_fails_the_verdict_and_one_of_the_object_does_not(tagged):
    first, *rest = candidates_of(tagged)
    judged = {first.id: {"is": "shortcut", "seen": first.seen}} | {one.id: "object" for one in rest}
    tagged.set("studies.tiny.judged", judged)
    _, verdict, summary = summaries(tagged)
    [check] = [row for row in verdict if row["subject"].startswith("candidate")]
    assert (check["name"], check["status"]) == ("cup/1", "fail")
    assert summary["verdict"]["status"] == "failed"
    assert summary["verdict"]["severity"] == "shortcut"
    assert "relies on a shortcut" in summary["verdict"]["line"]


def test_a_judgement_follows_what_was_seen_and_is_not_taken_over_for_something_else(tagged):
    first, second, *_ = candidates_of(tagged)
    tagged.set("studies.tiny.judged", {second.id: {"is": "shortcut", "seen": first.seen}})
    assert [one.judged for one in candidates_of(tagged)][:2] == ["shortcut", ""]
    tagged.set("studies.tiny.judged", {first.id: {"is": "shortcut", "seen": "0123456789ab"}})
    assert not any(one.judged for one in candidates_of(tagged))


def test_a_judgement_of_what_is_not_there_is_refused_with_the_closest(tagged, refused):
    tagged.set("studies.tiny.judged", {"cupp/1": "shortcut"})
    with pytest.raises(ValueError, match="did you mean 'cup/1'"):
        candidates_of(tagged)
    for wrong in ({"cup": "object"}, {"cup/1": "innocent"}):
        tagged.set("studies.tiny.judged", wrong)
        assert "judged" in refused("judge", "tiny")


def test_judge_asks_and_writes_params_with_comments_kept(tagged):
    path = tagged.root / "params.yaml"
    path.write_text("# mine\n" + path.read_text())
    answers = iter(["what", "s"])
    judge_candidates(Project(tagged.root), "tiny", lambda _question: next(answers, ""))
    assert path.read_text().startswith("# mine\n")
    first, *rest = candidates_of(tagged)
    assert (first.judged, first.pinned) == ("shortcut", True)
    assert not any(one.judged for one in rest)
    assert open_study("tiny").settings.held_shortcuts["square cup/1"][1].place == first.place


def test_judge_gives_a_judgement_by_hand_its_hash(tagged):
    first = candidates_of(tagged)[0]
    tagged.set("studies.tiny.judged", {first.id: "object"})
    assert not candidates_of(tagged)[0].pinned
    judge_candidates(Project(tagged.root), "tiny", lambda _question: "")
    assert candidates_of(tagged)[0].pinned


def test_judge_without_a_terminal_prints_the_lines_and_exits_with_2(tagged, capsys, monkeypatch):
    import sys

    from seewhy.cli import main

    monkeypatch.setattr(sys, "argv", ["seewhy", "judge", "tiny"])
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().out
    assert ended.value.code == 2
    first = candidates_of(tagged)[0]
    assert f"cup/1: {{is: ..., seen: {first.seen}, place: {list(first.place)}}}" in said


@pytest.mark.parametrize("has_widgets", [True, False])
def test_judge_in_a_notebook_writes_only_when_told_to(tagged, monkeypatch, capsys, has_widgets):
    if has_widgets:
        pytest.importorskip("ipywidgets")
    else:
        monkeypatch.setattr(notebook_judging, "find_spec", lambda _name: None)
    before = (tagged.root / "params.yaml").read_text()
    judging = seewhy.judge("tiny")
    assert [*judging.waiting] == [one.id for one in candidates_of(tagged) if one.awaits_judgement]
    said = capsys.readouterr().out
    assert "cup/1: the square in the lower right" in said
    if has_widgets:
        notebook_judging.judgement_buttons(judging, "cup/1").value = "shortcut"
    else:
        assert 'judging.say("cup/1", "shortcut")' in said
        judging.say("cup/1", "shortcut")
    assert (tagged.root / "params.yaml").read_text() == before
    judging.write()
    first = candidates_of(tagged)[0]
    assert (first.judged, first.pinned) == ("shortcut", True)
    assert "cup/1" not in seewhy.judge(open_study("tiny")).waiting


@pytest.mark.usefixtures("tagged")
def test_a_judgement_in_a_notebook_is_of_what_waits():
    judging = seewhy.judge("tiny")
    with pytest.raises(seewhy.SeewhyError, match="did you mean 'cup/1'"):
        judging.say("cupp/1", "shortcut")
    with pytest.raises(seewhy.SeewhyError, match="found 'innocent'; allowed: object, shortcut"):
        judging.say("cup/1", "innocent")
    judging.say("cup/1", "object")
    judging.say("cup/1", "")
    assert not judging.said


def test_a_judgement_measures_nothing_anew(tagged):
    before = (tagged.root / "data/measurements/tiny/candidates.parquet").read_bytes()
    explained = stage_settings(Project(tagged.root), "tiny")["explain"]
    tagged.set("studies.tiny.judged", {"cup/1": "shortcut"})
    assert stage_settings(Project(tagged.root), "tiny")["explain"] == explained
    store_family(open_study("tiny"), "candidates")
    assert (tagged.root / "data/measurements/tiny/candidates.parquet").read_bytes() == before


def test_a_study_with_few_images_says_why_there_is_none(things):
    table = things.measure("candidate_effect").table
    assert table["value"].isna().all()
    assert table["reason"].iloc[0].startswith("it takes 5 correct images of a class")


def test_work_pays_for_bases_and_leaves_classes_out_before_there_are_few():
    class Paid:
        def __init__(self, passes):
            self.passes = passes

        def affordable_times(self, passes, least):
            return max(least, self.passes // passes)

    assert spend_budget(Paid(0), [4, 2, 7]) == (5, [4])
    assert spend_budget(Paid(2 * EDITS * WANTED * 2), [4, 2, 7]) == (WANTED, [4, 2])
    assert spend_budget(Paid(10**9), [4, 2, 7]) == (MOST, [4, 2, 7])
    assert spend_budget(Paid(10**9), []) == (0, [])


def test_page_07_shows_the_candidates_and_how_many_wait(tagged, cli):
    summaries(tagged)
    code, said = cli("run", "07_audit", "tiny")
    assert code == 0, said
    page = (tagged.root / "reports/tiny/07_audit.html").read_text()
    section = page.rpartition("What else moves the prediction?")[2].partition("<h2")[0]
    assert "wait for your judgement" in section or "waits for your judgement" in section
    assert "Candidates for <em>cup</em>" in section
    assert "cup/1: the square in the lower right" in section  # alternative text
    assert "passed" not in section
