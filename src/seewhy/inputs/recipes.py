"""Files that code makes before they are inputs: the module that an entry of params.yaml names as its `recipe`."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from seewhy.config import artifacts
from seewhy.errors import SeewhyError, unknown_name


def build_from_recipe(entry: dict[str, Any], root: Path, where: str) -> None:
    """Calls `build(entry, root)` of the module `entry["recipe"]`, as demo.photos, which writes `entry["out"]`.

    Raises SeewhyError, naming `where`, for a missing key and for a module that does not exist or builds nothing.
    """
    for key in ("recipe", "out"):
        if not isinstance(entry.get(key), str):
            raise SeewhyError(f"missing key '{key}' in {where}")
    name = entry["recipe"]
    module = import_module(name) if _module_exists(name) else None
    if not hasattr(module, "build"):
        raise unknown_name("recipe", name, _recipe_modules(name.rpartition(".")[0]), where)
    module.build(entry, root)  # type: ignore[union-attr]


def recipe_hash(name: str) -> str:
    """Hex digest of a recipe's code: its module and those beside it."""
    spec = find_spec(name) if _module_exists(name) else None
    folder = Path(spec.origin).parent if spec and spec.origin else None
    return artifacts.file_sha256(*sorted(folder.glob("*.py"))) if folder else ""


def _module_exists(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):  # its package is not there; no name at all
        return False


def _recipe_modules(package: str) -> list[str]:
    """The modules of a package that build something."""
    if not package or not _module_exists(package):
        return []
    names = [f"{package}.{one.name}" for one in iter_modules(import_module(package).__path__) if one.name[0] != "_"]
    return [name for name in sorted(names) if hasattr(import_module(name), "build")]
