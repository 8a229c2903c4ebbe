"""Estimates of tidy tables: means over images, shares, differences that are above 0 where the method is better."""

import numpy as np
import pandas as pd
import pytest

from seewhy import stats
from seewhy.errors import SeewhyError
from seewhy.measure.family import COLUMNS, tidy_rows, tidy_table
from seewhy.measure.summary import summarise_table
from seewhy.metrics.baselines import NAMES
from seewhy.metrics.registry import BEST, METRICS, declare_metric

ROWS = pd.DataFrame({"image": [f"{k}.png" for k in range(6)], "target": range(6)})


@pytest.fixture(autouse=True)
def metrics():
    declare_metric("low", family="test", better="lower", baselines=NAMES)
    declare_metric("hit", family="test", better="higher", is_share=True, baselines=NAMES)
    yield
    del METRICS["low"], METRICS["hit"]


def table(metric, **values):
    return tidy_table([tidy_rows(ROWS, name, metric, some) for name, some in values.items()])


def row(summary, **chosen):
    for name, value in chosen.items():
        summary = summary[summary[name] == value]
    (found,) = summary.itertuples()
    return found


def test_a_method_is_compared_with_the_best_baseline_in_the_same_images():
    values = {"gradcam": [3, 3, 3, 3, 3, np.nan], "random": [9] * 6, "centre": [4, 4, 4, 4, 4, -99], "edges": [5] * 6}
    summary = summarise_table(table("low", **values), 0, [BEST])
    found = row(summary, versus=BEST)
    assert (found.against, found.estimate, found.n) == ("centre", 1.0, 5)
    assert row(summary, versus="", method="gradcam").estimate == 3
    other = summarise_table(table("low", **values), 0, ["random"])
    assert row(other, versus="random", method="gradcam").estimate == 6
    assert not (other["versus"] == "random")[other["method"].isin(NAMES)].any()  # baselines are not judged


def test_hits_have_wilson_intervals_and_paired_shares():
    values = {"gradcam": [1, 1, 1, 1, 0, 1], "centre": [0, 0, 1, 1, 0, 1]}
    summary = summarise_table(table("hit", **values), 0, ["centre"])
    one, both = (np.array(values[name], float) for name in ("gradcam", "centre"))
    found, wanted = row(summary, versus="", method="gradcam"), stats.share_of_hits(one)
    assert (found.estimate, found.low, found.high) == (wanted.value, wanted.low, wanted.high)
    found, wanted = row(summary, versus="centre"), stats.paired_shares(one, both)
    assert (found.estimate, found.low, found.high) == (wanted.value, wanted.low, wanted.high)


def test_an_image_with_several_rows_counts_once():
    twice = pd.concat([ROWS, ROWS.assign(target=9)], ignore_index=True)
    rows = tidy_rows(twice, "gradcam", "low", [0.0] * 6 + [2.0] * 6)
    found = row(summarise_table(tidy_table([rows]), 0))
    assert (found.estimate, found.n) == (1.0, 6)


def test_fewer_than_five_images_are_not_measured_and_reasons_stay():
    rows = tidy_rows(ROWS, "gradcam", "low", [1, 1, np.nan, np.nan, 1, 1], "why")
    assert rows["reason"].tolist() == ["", "", "why", "why", "", ""]
    found = row(summarise_table(tidy_table([rows]), 0))
    assert (np.isnan(found.estimate), found.n) == (True, 4)


def test_facets_tell_rows_apart_and_notes_do_not():
    parts = [tidy_rows(ROWS, "gradcam", "low", k, share=k, word=str(k)) for k in (0.5, 1.0)]
    summary = summarise_table(tidy_table(parts), 0)
    assert summary["share"].tolist() == [0.5, 1.0]
    assert "word" not in summary


def test_interventions_are_compared_with_the_same_elsewhere():
    parts = [
        tidy_rows(ROWS, "", "hit", values, kind="swap", control=control)
        for control, values in ((False, [1, 1, 1, 1, 1, 0]), (True, [1, 0, 0, 0, 0, 0]))
    ]
    summary = summarise_table(tidy_table(parts), 0, ["control"])
    found = row(summary, versus="control")
    assert (found.kind, found.estimate, found.n) == ("swap", pytest.approx(4 / 6), 6)


def test_what_is_not_in_the_table_is_one_line():
    with pytest.raises(SeewhyError, match="unknown method 'centr' in versus; did you mean 'centre'"):
        summarise_table(table("low", gradcam=[1] * 6, centre=[1] * 6), 0, ["centr"])


def test_an_empty_table_has_its_columns():
    empty = tidy_table([])
    assert list(empty) == list(COLUMNS)
    assert len(summarise_table(empty, 0)) == 0
