"""What each page shows: tables and pictures of a study, made ready for figures. `seewhy.pages.<module>` is enough."""

from importlib import import_module
from pkgutil import iter_modules

from seewhy.errors import unknown_name


def __getattr__(name: str) -> object:
    if name.startswith("__"):
        raise AttributeError(name)
    modules = [module.name for module in iter_modules(__path__)]
    if name not in modules:
        raise AttributeError(str(unknown_name("module", name, modules, "seewhy.pages")))
    return import_module(f"{__name__}.{name}")
