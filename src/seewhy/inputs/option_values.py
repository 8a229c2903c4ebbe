"""`--set KEY=VALUE` -> keys of the two sections of params.yaml, with values as YAML has them."""

from collections.abc import Sequence
from typing import Any

from ruamel.yaml import YAML, YAMLError

from seewhy.config.dataset import Dataset
from seewhy.config.params import Study
from seewhy.errors import SeewhyError, unknown_name

PATTERNS = ("files", "pattern")  # which begin with what means something else in YAML


def split_options(given: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Keys of the dataset's section and of the study's, nested where the key has dots.

    Raises SeewhyError for a key that neither has, and for a value that is no YAML.

    >>> split_options(["columns.image=image_id", "preprocessing.size=64"])
    ({'columns': {'image': 'image_id'}}, {'preprocessing': {'size': 64}})
    """
    of_dataset: dict[str, Any] = {}
    of_study: dict[str, Any] = {}
    for one in given:
        key, sign, text = one.partition("=")
        if not sign or not key.strip():
            raise SeewhyError(f"--set {one!r}; allowed: KEY=VALUE, as columns.image=image_id")
        first, *rest = key.strip().split(".")
        if first not in Dataset.model_fields and first not in Study.model_fields:
            raise unknown_name("key", first, [*Dataset.model_fields, *Study.model_fields], "--set")
        place = of_dataset if first in Dataset.model_fields else of_study
        for part in [first, *rest][:-1]:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise SeewhyError(f"--set {one!r}: '{part}' has a value already; allowed: one of both")
        place[[first, *rest][-1]] = _parse_value(text, key)
    return of_dataset, of_study


def _parse_value(text: str, key: str) -> Any:
    if key.strip() in PATTERNS:
        return text
    try:
        return YAML(typ="safe").load(text)
    except YAMLError as error:
        raise SeewhyError(f"--set {key}: {text!r} is no YAML: {' '.join(str(error).split())[:120]}") from None
