"""All figures of the reports, by one name: `from seewhy.report import figures`."""

from seewhy.report.plots.charts import curves, dots, reliability, scatter
from seewhy.report.plots.grids import grid, signed_grid
from seewhy.report.plots.maps import explanations, inputs
from seewhy.report.plots.masks import panels
from seewhy.report.plots.matrices import confusion, matrix
from seewhy.report.plots.means import means
from seewhy.report.plots.neighbours import neighbours
from seewhy.report.plots.overlay import overlay
from seewhy.report.plots.patches import patches
from seewhy.report.plots.word_strip import strip

__all__ = [
    "confusion",
    "curves",
    "dots",
    "explanations",
    "grid",
    "inputs",
    "matrix",
    "means",
    "neighbours",
    "overlay",
    "panels",
    "patches",
    "reliability",
    "scatter",
    "signed_grid",
    "strip",
]
