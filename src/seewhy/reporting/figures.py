"""All figures of the reports, by one name: `from seewhy.reporting import figures`."""

from seewhy.reporting.charts import curves, dots, reliability, scatter
from seewhy.reporting.grids import grid, signed_grid
from seewhy.reporting.maps import explanations, inputs
from seewhy.reporting.masks import panels
from seewhy.reporting.matrices import confusion, matrix
from seewhy.reporting.means import means
from seewhy.reporting.neighbours import neighbours
from seewhy.reporting.overlay import overlay
from seewhy.reporting.patches import patches
from seewhy.reporting.strip import strip

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
