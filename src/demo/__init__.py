"""The demonstration: real photos, real aerial tiles and really trained checkpoints, in the formats that users bring.

Each recipe is a module with `build(entry, root)`: a dataset's `demo:`, or an entry of `demo:` in params.yaml, becomes
what it names as `out`. No other room of seewhy knows more of this one than that; without these it stays shut.
"""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from seewhy.errors import SeewhyError, unknown


def build(entry: dict[str, Any], root: Path, where: str) -> None:
    """Makes `entry["out"]` by the recipe of that name: a module of this package with a function `build`.

    Raises SeewhyError, naming `where`, for a recipe that does not exist.
    """
    for key in ("recipe", "out"):
        if not isinstance(entry.get(key), str):
            raise SeewhyError(f"missing key '{key}' in {where}")
    modules = {one.name for one in iter_modules(__path__)}
    made = import_module(f"{__name__}.{entry['recipe']}") if entry["recipe"] in modules else None
    if not hasattr(made, "build"):
        recipes = [name for name in sorted(modules) if hasattr(import_module(f"{__name__}.{name}"), "build")]
        raise unknown("recipe", entry["recipe"], recipes, where)
    made.build(entry, root)  # type: ignore[union-attr]
