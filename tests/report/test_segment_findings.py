import pandas as pd

from seewhy.report.text import segment_findings as findings
from seewhy.stats import NOTHING, Estimate

HIGH, LOW, AROUND = Estimate(2.0, 1.5, 2.5, 40), Estimate(-0.3, -0.4, -0.2, 40), Estimate(0.1, -0.1, 0.3, 40)


def test_without_masks_the_page_says_what_is_found():
    told = findings.overlap({}, 0, 12, {"crown": 7, "shadow": 12})
    assert told.startswith("**IoU was not run**")
    assert "*crown* in 7, *shadow* in 12" in told


def test_with_masks_it_says_the_overlap():
    assert "*crown* **2.00 (95 % interval 1.50 to 2.50, n = 40)**" in findings.overlap({"crown": HIGH}, 40, 40, {})


def test_a_class_that_looks_like_what_hides_is_not_to_be_read():
    scores = pd.DataFrame({"class": ["crown", "shadow", "shadow", "shadow"], "photo": [0.0] * 4})
    scores = scores.assign(SHAP=[-1.0, 1, 1, -1], LIME=[0.0, 1, -1, -1])  # two of three; one of three
    told = findings.tried(HIGH, 9, 80, scores)
    assert "**mostly agree**" in told
    assert "**Not to be read**: *shadow* by SHAP, 2 of 3 cases.\n\nIn these" in told
    both, _ = findings.hidden(scores.assign(LIME=1.0))
    assert "*crown* by LIME, 1 of 1 cases; *shadow* by SHAP, 2 of 3 cases, and by LIME, 3 of 3 cases." in both
    assert findings.hidden(scores.head(1)) == ("", "")


def test_mistakes_name_missed_and_invented_where_measured():
    shares = {"crown": {"missed": AROUND, "invented": HIGH}, "shadow": {"missed": NOTHING, "invented": HIGH}}
    told = findings.mistakes(3, 9, shares)
    assert "**3 of 9**" in told
    assert "*crown*: 10.0 %" in told
    assert "shadow" not in told
    assert findings.mistakes(0, 0, {}).startswith("**Not run**")
