"""What a study's maps look like: a word for each, how often controls get the same, mean maps, named regions, spread."""

from seewhy import stats
from seewhy.maps.attributions import attribute
from seewhy.measure.families import mistakes
from seewhy.measure.family import tidy_table
from seewhy.metrics import diagnosis
from seewhy.stats import Estimate
from seewhy.study import Study

SPREAD = ("when right", "when wrong, for its answer", "when wrong, for the true class", "when there is no label")


def spreads(study: Study) -> tuple[dict[str, Estimate], dict[str, Estimate]]:
    """Mean spread of the maps by right and wrong; and differences: wrong minus right (different images), and, image by
    image, of the wrong ones the map of the answer minus that of the true class."""
    table, seed = tidy_table(mistakes.spread_rows(study)), study.base.seed
    means, apart = mistakes.case_means(table, "mistake_spread", seed), mistakes.spread_differences(table, seed)
    occurring = set(table["case"])
    there = {name: means[case] for case, name in zip(mistakes.CASES, SPREAD, strict=True) if case in occurring}
    return there, dict(zip(("wrong minus right", "answer minus true class"), apart.values(), strict=True))


def sureness(study: Study) -> Estimate:
    """Rank correlation over all images of the spread of the map with the confidence of the answer."""
    wide = diagnosis.spread(attribute(study, study.predictions, ["gradcam"]).maps["gradcam"])
    return stats.rank_correlation(wide, study.predictions["confidence"].to_numpy(), study.base.seed)
