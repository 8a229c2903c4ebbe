"""All figures of the reports, by one name: `from seewhy.report import figures`."""

from seewhy.report.plots.charts import curve_chart, interval_chart, reliability_diagram, scatter_chart
from seewhy.report.plots.grids import map_grid, signed_grid
from seewhy.report.plots.maps import explanation_steps, input_sheet
from seewhy.report.plots.masks import segment_grid
from seewhy.report.plots.matrices import confusion_matrix, heat_matrix
from seewhy.report.plots.means import class_means
from seewhy.report.plots.neighbours import nearest_images
from seewhy.report.plots.overlay import overlay_map
from seewhy.report.plots.patches import patch_rows
from seewhy.report.plots.word_strip import word_strip

__all__ = [
    "class_means",
    "confusion_matrix",
    "curve_chart",
    "explanation_steps",
    "heat_matrix",
    "input_sheet",
    "interval_chart",
    "map_grid",
    "nearest_images",
    "overlay_map",
    "patch_rows",
    "reliability_diagram",
    "scatter_chart",
    "segment_grid",
    "signed_grid",
    "word_strip",
]
