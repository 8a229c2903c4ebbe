"""Which regions and images can be put to the test, and which others they are changed with."""

import numpy as np
import pandas as pd
import pytest

from seewhy import open_study
from seewhy.errors import SeewhyError
from seewhy.measure import donors, intervention_rows
from seewhy.measure.budget import Budget
from seewhy.measure.driver import measure_family
from seewhy.measure.families import load_families
from seewhy.measure.reliance import FULL, ON_OBJECT, decidable_regions
from tests.measure.planted import Picture, box_mask, fill, grey_noise, make_study

CLEAN = ([0, 40, 0], [0, 0, 40])


def coloured(number, label, box=(12, 12, 24, 24), **more):
    pixels = grey_noise(number, label)
    fill(pixels, box, [30, 220, 30] if label == "cup" else [30, 30, 220])
    return Picture(pixels, label, [box], **more)


def test_an_unknown_suspect_is_one_line(project, cli):
    assert cli("dataset", "things") == (0, "")
    project.set("studies.tiny.suspects", {"shadow": "shadow_mask"})
    with pytest.raises(SeewhyError, match=r"unknown mask 'shadow_mask' in studies\.tiny\.suspects\.shadow"):
        _ = open_study("tiny").dataset
    project.set("studies.tiny.suspects", {"object": "mask"})
    with pytest.raises(SeewhyError, match="names of your own"):
        open_study("tiny")


def test_a_model_that_is_right_about_nothing_is_not_tested(study):
    none = study.predictions.assign(correct=False)
    assert intervention_rows.testable_rows(study, none).empty
    assert intervention_rows.testable_rows(study, none.head(0)).empty
    load_families()
    study.__dict__["predictions"] = none
    assert measure_family(study, "interventions").table.empty


def test_a_region_that_decides_by_definition_is_empty_and_says_why(project, cli):
    masks = [box_mask((0, 0, 8, 8)), box_mask((0, 0, 32, 30)), box_mask((10, 10, 16, 16)), box_mask((4, 12, 13, 20))]
    pictures = [coloured(k, "cup", suspects={"veil": mask}) for k, mask in enumerate(masks)]
    pictures.append(coloured(9, "cat", (0, 0, 30, 30)))
    study = make_study(project, cli, pictures, *CLEAN)
    found = decidable_regions(study, study.predictions)
    assert found.reasons["veil"] == ["", FULL, ON_OBJECT, ON_OBJECT, ""]
    assert found.reasons["object"] == found.reasons["background"] == ["", "", "", "", FULL]
    assert not found.avoid[1].all()  # a veil over all of it leaves room for the controls of the object
    assert found.masks["veil"].any((1, 2)).tolist() == [True, False, False, False, False]
    assert found.masks["object"].any((1, 2)).tolist() == [True, True, True, True, False]
    assert found.avoid[4].sum() == 900  # a control keeps off what cannot be tested, too


def test_donors_serve_equally_often_and_bring_no_object(project, cli):
    study = make_study(project, cli, [coloured(k, label) for k in range(8) for label in ("cup", "cat")], *CLEAN)
    rows = donors.draw_donors(study, study.predictions)
    for column in (donors.OTHERS, donors.THIRDS, donors.ALIKE):
        counts = pd.Series(np.concatenate(rows[column].to_list())).value_counts()
        assert (counts.sum(), counts.max() <= donors.DONORS + 1) == (16 * donors.DONORS, True)
    own = study.predictions.set_index("image")["predicted"]
    for row in rows.itertuples():
        assert not {*row.donors} & {*row.thirds}
        assert {own[name] for name in row.donors + row.thirds} == {"cat" if row.predicted == "cup" else "cup"}
        assert {own[name] for name in row.alike} == {row.predicted}
        assert row.image not in row.alike
    photos = donors.read_donors(study, rows, donors.OTHERS, 0).photos
    assert photos[:, 12:24, 12:24].max() < 115  # grey: neither the green nor the blue of an object


def test_an_image_whose_object_is_not_known_is_no_donor(project, cli):
    pictures = [coloured(k, label) for k in range(3) for label in ("cup", "cat")]
    hidden = Picture(coloured(7, "cup").pixels, "cup", [])
    study = make_study(project, cli, [*pictures, hidden], *CLEAN)
    assert "mine/cup-6.png" not in donors.donor_pool(study)["image"].tolist()
    for one in pictures:
        one.boxes.clear()
    study = make_study(project, cli, [*pictures, hidden], *CLEAN)
    assert len(donors.donor_pool(study)) == 7  # nothing is marked


def test_a_class_without_any_mark_has_no_object(project, cli):
    bare = [Picture(grey_noise(k, "cat"), "cat", []) for k in range(3)]
    study = make_study(project, cli, [*(coloured(k, "cup") for k in range(3)), *bare], *CLEAN)
    assert len(donors.donor_pool(study)) == 6


def test_a_single_other_image_is_donor_and_third(project, cli):
    study = make_study(project, cli, [coloured(k, "cup") for k in range(3)] + [coloured(0, "cat")], *CLEAN)
    rows = donors.draw_donors(study, study.predictions)
    assert rows["donors"].tolist()[0] == rows["thirds"].tolist()[0] == ["mine/cat-3.png"]
    assert rows["alike"].tolist()[3] == []


def test_the_budget_never_falls_below_what_decides(project, cli):
    study = make_study(project, cli, [coloured(k, label) for k in range(30) for label in ("cup", "cat")], *CLEAN)
    few, many = (intervention_rows.draw_rows(study, Budget(study, work)) for work in (1e-9, 1e9))
    assert (len(few), len(many)) == (intervention_rows.DECIDES, 60)
    assert (few["explores"].any(), many["explores"].all()) == (False, True)
    assert few["predicted"].value_counts().tolist() == [20, 20]


def test_images_without_the_region_are_left_out_before_the_draw(project, cli):
    """Ten of a hundred images have a patch: all ten are tested, however little may be spent."""

    def rarely(number, label):
        masks = {"patch": box_mask((0, 0, 6, 6))} if label == "cup" and number % 5 == 0 else {}
        return coloured(number, label, suspects=masks)

    study = make_study(project, cli, [rarely(k, label) for k in range(50) for label in ("cup", "cat")], *CLEAN)
    rows = intervention_rows.draw_rows(study, Budget(study, 1e-9))
    assert decidable_regions(study, rows).masks["patch"].any((1, 2)).sum() == 10
    assert len(rows) < 60  # forty with an object, and those with a patch beyond them
