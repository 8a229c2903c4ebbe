"""One class of five that relies on a tag, and one site where labels do not fit: a mean must not hide them."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from seewhy import open_study
from seewhy.checks.figure import Figure
from seewhy.checks.run import load_tables
from seewhy.checks.slices import find_slices
from seewhy.checks.summaries import model_baseline, verdict_checks
from seewhy.checks.summary import gather_evidence, summarise_answers
from seewhy.checks.tables import StudyTables
from seewhy.config.project import find_project
from seewhy.errors import SeewhyError
from seewhy.measure.driver import store_family
from seewhy.measure.own_metrics import load_metrics
from seewhy.report.pages import slice_views
from seewhy.report.text.slice_sentences import slices_sentence
from tests.conftest import CONFIG, checkpoint
from tests.measure.planted import grey_noise

COLOURS = {"red": (230, 20, 20), "green": (20, 220, 20), "blue": (20, 20, 230), "yellow": (230, 220, 20)}
TAG = (220, 20, 220)
CLASSES = [*COLOURS, "violet", "nothing"]  # of the last there is no image: what is predicted where nothing is seen
TINTS = [(1, -0.5, -0.5), (-0.5, 1, -0.5), (-0.5, -0.5, 1), (0.6, 0.6, -1), (0.6, -1, 0.6)]
COUNT = 40  # of each class: so many that none of them rules ten points out
BOX = (10, 10, 20, 20)


def five_colours():
    """Weights of a net that names four classes by the colour of the object, and *violet* by a tag in the corner."""
    state = {name: torch.zeros_like(value) for name, value in checkpoint()["model_state_dict"].items()}
    mean, std = torch.tensor(CONFIG["IMAGENET_MEAN"]), torch.tensor(CONFIG["IMAGENET_STD"])
    state["head.weight"], state["head.bias"] = torch.zeros(len(CLASSES), 8), torch.zeros(len(CLASSES))
    for number, tint in enumerate(map(torch.tensor, TINTS)):
        state["features.0.weight"][number, :, 1, 1] = tint * std
        state["features.0.bias"][number] = (tint * mean).sum() - 0.3
        state["head.weight"][number, number] = 40
    state["head.bias"][-1] = 0.1
    return state


def picture(number, label, tag=True):
    pixels = grey_noise(number, label)
    pixels[10:20, 10:20] = COLOURS.get(label, (60, 60, 60))
    if label == "violet" and tag:
        pixels[:6, :6] = TAG
    return pixels


def make_five(project, cli, counts=None, suspect=False, **settings):
    """A study of that net; every second image is of the site north, where one label in two is that of another class."""
    rows, project_classes = [], project.root / "mine/classes.json"
    project_classes.write_text(json.dumps(CLASSES))
    mask = np.zeros((32, 32), np.uint8)
    mask[:6, :6] = 255
    Image.fromarray(mask).save(project.root / "mine/tag.png")
    for label, count in (counts or dict.fromkeys(CLASSES[:5], COUNT)).items():
        for number in range(count):
            name, north = f"{label}-{number}.png", bool(number % 2)
            Image.fromarray(picture(number, label).astype(np.uint8)).save(project.root / "mine" / name)
            other = CLASSES[(CLASSES.index(label) + 1) % 4]
            rows.append({
                "image": name, "label": other if settings and north and number % 4 == 1 else label, "split": "test",
                "boxes": json.dumps([BOX]), "site": "north" if north else "south", "number": str(len(rows)),
                "tag_mask": "tag.png" if label == "violet" else "",
            })  # fmt: skip
    project.write(pd.DataFrame(rows))
    project.save(model_state_dict=five_colours(), config=CONFIG | {"NUM_CLASSES": len(CLASSES)})
    project.set("datasets.things.keep", ["site", "number"])
    if suspect:
        project.set("studies.tiny.suspects", {"tag": "tag_mask"})
    for key, value in settings.items():
        project.set(f"studies.tiny.{key}", value)
    code, told = cli("dataset", "things")
    assert code == 0, told
    study = open_study("tiny")
    study.save_predictions(study.predict())
    return open_study("tiny")


def measure_checks(study):
    """The baseline, checks, evidence and tables of a study."""
    load_metrics(study.root)
    for name in ("predictions", "interventions"):
        store_family(study, name)
    project = find_project()
    tables = load_tables(project, "tiny")
    model = model_baseline(project, "tiny", tables.images)
    return model, verdict_checks(project, "tiny", tables, model), gather_evidence(project, "tiny", tables), tables


def by_subject(checks):
    """Checks by subject, metric and region."""
    return {(str(one.subject), one.figure.metric, one.figure.facets.get("region", "")): one for one in checks}


def slice_statuses(named, metric, region=""):
    return {
        key[0]: one.status for key, one in named.items() if key[0].startswith("slice:") and key[1:] == (metric, region)
    }


def test_one_bad_class_of_five_does_not_disappear_in_the_mean(project, cli):
    study = make_five(project, cli, suspect=True)
    assert study.predictions["correct"].all()
    model, checks, evidence, _ = measure_checks(study)
    named = by_subject(checks)
    assert slice_statuses(named, "prediction_change", "background") == {
        "slice:class=violet": "fail", **{f"slice:class={name}": "pass" for name in COLOURS}
    }  # fmt: skip
    assert named["object", "prediction_change", "object"].status == "pass"  # in the mean it is hidden
    hidden = named["slice:class=violet", "prediction_change", "object"]
    assert hidden.estimate.high < 0.1
    assert (hidden.status, hidden.tries) == ("unsure", 17)  # five classes: accuracy, object, background; twice the tag
    row = named["slice:class=violet", "prediction_change", "background"].row()
    assert (row["subject"], row["figure"]["class"], row["title"]) == ("slice:class=violet", "violet", "class violet")

    answers = summarise_answers(model, checks, [], evidence, "Grad-CAM")
    shortcut = answers["questions"]["shortcut"]
    assert (shortcut["answer"], shortcut["severity"]) == ("Yes", "shortcut")
    assert answers["use"]["why"] == "*violet* depends on the tag; the other four classes do not."
    assert answers["verdict"]["status"] == "failed"
    unmarked = [one for one in checks if one.figure.facets.get("region") != "tag"]
    why = summarise_answers(model, unmarked, [], evidence, "Grad-CAM")["use"]["why"]
    assert why == "*violet* depends on what surrounds the object; the other four classes do not."
    assert slices_sentence(unmarked) == "No. A check fails in *class violet*."


def test_a_site_with_more_mistakes_is_found(project, cli):
    study = make_five(project, cli, dict.fromkeys(COLOURS, COUNT), slices=["site"])
    model, checks, evidence, tables = measure_checks(study)
    named = by_subject(checks)
    statuses = slice_statuses(named, "accuracy")
    assert (statuses["slice:site=north"], statuses["slice:site=south"]) == ("fail", "pass")
    apart = named["slice:site=north", "accuracy", ""].estimate
    assert apart.value == pytest.approx(-0.5)
    assert apart.n == 80
    assert not [one for one in checks if one.status == "fail" and "region" in one.figure.facets]
    answers = summarise_answers(model, checks, [], evidence, "Grad-CAM")
    assert answers["use"]["why"].startswith("Images of site *north* are classified correctly less often than others")
    table = slice_views.slice_table(checks)
    assert table[""].tolist()[0] == "site north"  # the worst first
    assert table["accuracy"].tolist()[0] == "fail −50 points"
    assert len(slice_views.slice_numbers(checks, tables).dropna()) == 2 * 6  # log-odds of object and background
    shares = slice_views.slice_accuracy(study)
    assert shares["slice"].tolist() == ["site north", "site south"]
    assert shares["value"].tolist() == [0.5, 1.0]
    with pytest.raises(SeewhyError, match="found no class or slice"):
        tables.estimate_figure(Figure("accuracy", versus="rest"))


def test_few_images_are_named_as_not_tested(project, cli):
    _, checks, _, _ = measure_checks(make_five(project, cli, {"red": COUNT, "green": COUNT, "violet": 4}))
    named = by_subject(checks)
    few = named["slice:class=violet", "prediction_change", "background"]
    assert (few.status, few.missing) == ("not run", "fewer than 5 images (4)")
    others = {one.status for key, one in named.items() if key[0] in ("slice:class=red", "slice:class=green")}
    assert others == {"pass"}  # innocent classes are not accused


def test_a_slice_that_is_a_whole_group_speaks_of_that_group():
    """Its images are its units; those of a slice of several groups are not independent."""
    images = pd.DataFrame({
        "image": list("abcdefghijkl"), "target": 0, "label": "jay", "image_group": ["p"] * 6 + ["q"] * 6,
        "site": ["p"] * 6 + ["q"] * 6, "day": ["1", "2"] * 6,
    })  # fmt: skip
    rows = pd.DataFrame({"image": images["image"], "target": np.int32(0), "method": "", "is_baseline": False,
                         "metric": "correct", "value": [1.0] * 11 + [0.0], "reason": ""})  # fmt: skip
    tables = StudyTables({"predictions": rows}, images, 0)
    assert tables.estimate_figure(Figure("accuracy", images={"site": "q"})).groups == 0
    assert tables.estimate_figure(Figure("accuracy", images={"day": "1"})).groups == 2
    found = find_slices(tables, ["site"], "classification", "studies.tiny.slices")
    assert [one.name for one in found] == ["site=p", "site=q", "group=p", "group=q"]  # one class is no slice


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("sight", "unknown column 'sight' in studies.tiny.slices; did you mean 'site'?"),
        ("number", "studies.tiny.slices: found 'number' with 200 values; allowed: at most 20; make a column of ranges"),
    ],
)
def test_a_column_that_makes_no_slices_is_refused(project, cli, column, told):
    with pytest.raises(SeewhyError) as refused:
        _ = make_five(project, cli, slices=[column]).predictions
    assert told in str(refused.value)
