"""One module a family: importing it registers the family and its metrics. A new one takes a new file."""

from importlib import import_module
from pkgutil import iter_modules


def load_families() -> None:
    """Registers every family of this package."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
