"""Why a PyTorch vision model decides as it does, and how far that picture can be trusted.

    study = seewhy.open_study("trees-cnn")                      # an entry of params.yaml, ready to use
    wrong = study.select(label="tree", correct=False, n=5)      # a study of fewer images
    wrong.explain("layercam", target="tree").show()             # maps: .maps (n, h, w), raw and signed
    lift = study.measure("lift", methods=["gradcam"])           # what is stored, or computed now
    lift.summary(versus=["centre"])                             # estimate, 95 % interval, n, paired differences
    lift.worst(8).show()                                        # the images in which it is worst
    own = seewhy.open_study(model=net, images=X, labels=y)      # a network of this session, without any project
    judging = seewhy.judge(study)                               # what moves predictions: the object, or a shortcut?
    both = seewhy.open_comparison("trees")                      # two of them
    result = seewhy.explain(model, images, methods=["gradcam"]) # any model, any batch
    result["gradcam"]                                           # raw, signed, (images, targets, h, w)

What pages are made of is here too: `seewhy.show` (finding, figure, table, ...), `seewhy.figures` (charts and pictures),
`seewhy.pages` (what each page shows) and `seewhy.sentences` (their words), so that a notebook imports nothing else.

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
    from seewhy.pipeline.notebook_judging import judge
    from seewhy.report import figures, pages, show
    from seewhy.report.text.sentences import sentences
    from seewhy.study import open_study

__version__ = "0.1.0"
__all__ = [
    "SeewhyError",
    "explain",
    "figures",
    "judge",
    "metric",
    "normalise",
    "open_comparison",
    "open_study",
    "pages",
    "relu",
    "sentences",
    "show",
    "upsample",
]

_HOMES = {
    "SeewhyError": "seewhy.errors",
    "explain": "seewhy.methods.explain",
    "figures": "seewhy.report.figures",
    "judge": "seewhy.pipeline.notebook_judging",
    "metric": "seewhy.measure.own_metrics",
    "normalise": "seewhy.engine.reading",
    "open_comparison": "seewhy.comparison",
    "open_study": "seewhy.study",
    "pages": "seewhy.report.pages",
    "relu": "seewhy.engine.reading",
    "sentences": "seewhy.report.text.sentences",
    "show": "seewhy.report.show",
    "upsample": "seewhy.engine.reading",
}
_MODULES = ("figures", "pages", "show")  # names of the facade that are modules themselves


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'seewhy' has no attribute '{name}'")
    home = import_module(_HOMES[name])
    return home if name in _MODULES else getattr(home, name)
