"""The settings of a recipe: a dataclass whose fields are keys of an entry of the demonstration in params.yaml."""

from dataclasses import fields
from typing import Any, Self

from seewhy.errors import SeewhyError


class Settings:
    """What a dataclass of settings inherits."""

    @classmethod
    def from_entry(cls, entry: dict[str, Any]) -> Self:
        """The settings of an entry, whose other keys are left alone; an error names the key that is missing."""
        names = [field.name for field in fields(cls)]  # type: ignore[arg-type]
        for name in names:
            if name not in entry:
                recipe = cls.__module__.rpartition(".")[2]
                raise SeewhyError(f"missing key '{name}' in a demo entry with recipe {recipe}")
        return cls(**{name: entry[name] for name in names})
