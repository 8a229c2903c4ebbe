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

# names of the first edition, until no page calls them any more
dots = interval_chart
reliability = reliability_diagram
curves = curve_chart
scatter = scatter_chart
grid = map_grid
explanations = explanation_steps
inputs = input_sheet
panels = segment_grid
confusion = confusion_matrix
matrix = heat_matrix
means = class_means
neighbours = nearest_images
overlay = overlay_map
patches = patch_rows
strip = word_strip

__all__ = [
    "class_means",
    "confusion",
    "confusion_matrix",
    "curve_chart",
    "curves",
    "dots",
    "explanation_steps",
    "explanations",
    "grid",
    "heat_matrix",
    "input_sheet",
    "inputs",
    "interval_chart",
    "map_grid",
    "matrix",
    "means",
    "nearest_images",
    "neighbours",
    "overlay",
    "overlay_map",
    "panels",
    "patch_rows",
    "patches",
    "reliability",
    "reliability_diagram",
    "scatter",
    "scatter_chart",
    "segment_grid",
    "signed_grid",
    "strip",
    "word_strip",
]
