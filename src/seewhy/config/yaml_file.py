"""YAML as DVC reads it."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML, YAMLError

from seewhy.errors import SeewhyError


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML 1.2 mapping, as DVC reads it (so `1e-3` is a number and `on` a word)."""
    try:
        data = YAML(typ="safe").load(path.read_text())
    except (YAMLError, UnicodeDecodeError) as error:
        raise SeewhyError(f"{path.name} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(data, dict):
        raise SeewhyError(f"{path.name}: found {type(data).__name__}; allowed: a mapping of sections")
    return data
