"""Why a PyTorch vision model decides as it does, and how far that picture can be trusted.

    study = seewhy.open_study("trees-cnn")                      # an entry of params.yaml, ready to use
    wrong = study.select(label="tree", correct=False, n=5)      # a study of fewer images
    wrong.explain("layercam", target="tree").show()             # maps: .maps (n, h, w), raw and signed
    lift = study.measure("lift", methods=["gradcam"])           # what is stored, or computed now
    lift.summary(versus=["centre"])                             # estimate, 95 % interval, n, paired differences
    lift.worst(8).show()                                        # the images in which it is worst
    both = seewhy.open_comparison("trees")                      # two of them
    result = seewhy.explain(model, images, methods=["gradcam"]) # any model, any batch
    result["gradcam"]                                           # raw, signed, (images, targets, h, w)

The names below are loaded when first used, so that `import seewhy` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seewhy.comparison import open_comparison
    from seewhy.engine.reading import normalise, relu, upsample
    from seewhy.errors import SeewhyError
    from seewhy.measure.own_metrics import metric
    from seewhy.methods.explain import explain
    from seewhy.study import open_study

__version__ = "0.1.0"
__all__ = ["SeewhyError", "explain", "metric", "normalise", "open_comparison", "open_study", "relu", "upsample"]

_HOMES = {
    "SeewhyError": "seewhy.errors",
    "explain": "seewhy.methods.explain",
    "metric": "seewhy.measure.own_metrics",
    "normalise": "seewhy.engine.reading",
    "open_comparison": "seewhy.comparison",
    "open_study": "seewhy.study",
    "relu": "seewhy.engine.reading",
    "upsample": "seewhy.engine.reading",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'seewhy' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
