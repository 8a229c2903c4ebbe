"""The figures of the pages' metrics files, reports/<study>/metrics/<section>.json, from measurements.

Keys are those of the first edition; the tables name figures by fields.
"""

from collections.abc import Callable, Mapping

import pandas as pd

from seewhy.measure.families.agreement import agreement_figures
from seewhy.measure.families.caption_errors import caption_error_figures
from seewhy.measure.families.captions import caption_figures, reference_figures
from seewhy.measure.families.channels import channel_figures
from seewhy.measure.families.label_issues import label_figures
from seewhy.measure.families.labels import label_set_figures
from seewhy.measure.families.mistake_groups import group_figures
from seewhy.measure.families.mistakes import mistake_figures
from seewhy.measure.families.neighbours import neighbour_figures
from seewhy.measure.families.paired import paired_figures
from seewhy.measure.families.predictions import prediction_figures
from seewhy.measure.families.residuals import residual_figures
from seewhy.measure.families.segment_errors import segment_error_figures
from seewhy.measure.families.segment_maps import segment_map_figures
from seewhy.measure.families.segments import segment_figures
from seewhy.measure.families.shap import shap_figures
from seewhy.measure.families.words import word_figures
from seewhy.measure.family import Result
from seewhy.stats import Estimate

Figures = Callable[[Result, int], Mapping[str, Estimate | float]]
SECTIONS: dict[str, list[tuple[str, Figures]]] = {  # section -> families with what is told of them
    "model": [
        ("predictions", prediction_figures),
        ("segments", segment_figures),
        ("captions", caption_figures),
        ("labels", label_set_figures),
        ("residuals", residual_figures),
    ],
    "grad_cam": [("segment_maps", segment_map_figures), ("words", word_figures)],
    "cam_variants": [("agreement", agreement_figures)],
    "shap": [("shap", shap_figures)],
    "features": [("channels", channel_figures)],
    "misclassification": [
        ("mistakes", mistake_figures),
        ("neighbours", neighbour_figures),
        ("mistake_groups", group_figures),
        ("label_issues", label_figures),
        ("segment_errors", segment_error_figures),
        ("caption_errors", caption_error_figures),
        ("captions", reference_figures),
    ],
    "comparison": [("paired", paired_figures)],
}


def section_figures(section: str, results: Mapping[str, Result], seed: int) -> dict[str, float]:
    """Flat keys of a section's metrics file: of an estimate its value, `<key>_low`, `<key>_high`, `<key>_n`.

    Args:
        section: of params.yaml.
        results: what was measured of a study, by family; families that are not there are left out.
        seed: of the intervals.
    """
    flat: dict[str, float] = {}
    for family, figures in SECTIONS.get(section, []):
        measured = family in results and not is_unmeasured(results[family].table)
        for key, one in (figures(results[family], seed) if measured else {}).items():
            flat |= one.metric_entries(key) if isinstance(one, Estimate) else {key: one}
    return flat


def is_unmeasured(table: pd.DataFrame) -> bool:
    """Whether a table says only why nothing was measured (see `tables.unmeasured_row`)."""
    return len(table) > 0 and bool((table["image"] == "").all())
