"""How datasets lie on disk: one module a layout, which recognises it and reads it to a frame with one row an image."""

from pathlib import Path

from seewhy.config.dataset import Dataset
from seewhy.errors import SeewhyError, unknown_name
from seewhy.inputs.arrays import RefusedError
from seewhy.inputs.layouts import (
    arrays,
    captions,
    cifar,
    coco,
    file_names,
    folders,
    huggingface,
    idx,
    json_lists,
    mask_pairs,
    pets,
    pixel_table,
    plain_images,
    table,
    voc,
    yolo,
)
from seewhy.inputs.layouts.finding import Finding, Layout, Reading

__all__ = ["LAYOUTS", "Finding", "Reading", "choose_layout", "find_layouts", "read_layout"]
MODULES: tuple[Layout, ...] = (
    *(folders, table, json_lists, mask_pairs, captions, coco, voc, yolo, arrays, cifar, idx, pixel_table, pets),
    *(huggingface, file_names, plain_images),
)
LAYOUTS: dict[str, Layout] = {module.NAME: module for module in MODULES}


def find_layouts(path: Path) -> list[Finding]:
    """Every layout that fits a file or folder, the surest first; nothing is decoded and nothing is run."""
    found = [finding for module in MODULES if (finding := _recognised_layout(module, path))]
    return sorted(found, key=lambda one: -one.strength)


def _recognised_layout(module: Layout, path: Path) -> Finding | None:
    """What a layout says; nothing where files are damaged in a way that it did not expect."""
    try:
        return module.recognise(path)
    except Exception:
        return None


def choose_layout(path: Path, asked: str = "auto", key: str = "layout") -> Finding:
    """The layout of that name, or the one that fits best.

    Raises SeewhyError where none fits, or where two fit alike: `layout:` decides then.
    """
    if asked != "auto":
        if asked not in LAYOUTS:
            raise unknown_name("layout", asked, ["auto", *LAYOUTS], key)
        return LAYOUTS[asked].recognise(path) or Finding(asked, "as `layout` says")
    found = find_layouts(path)
    if not found:
        known = "; ".join(f"{name} ({module.ABOUT.partition(':')[0]})" for name, module in LAYOUTS.items())
        raise SeewhyError(f"{key}: nothing in '{path.name}' is laid out in a way that is known: {known}")
    alike = [one for one in found if one.strength == found[0].strength]
    if len(alike) > 1:
        told = "; ".join(f"layout: {one.layout} ({one.reason})" for one in alike)
        raise SeewhyError(f"{key}: '{path.name}' can be read in {len(alike)} ways; say one of: {told}")
    return found[0]


def read_layout(path: Path, settings: Dataset, key: str) -> tuple[Finding, Reading, Dataset]:
    """What lies at `data`, read by its layout, and the settings with what the layout adds to those of the user."""
    finding = choose_layout(path, settings.layout, f"{key}.layout")
    own = {name: value for name, value in finding.settings.items() if not getattr(settings, name)}
    whole = settings.model_copy(update=own)
    try:
        return finding, LAYOUTS[finding.layout].read(path, whole), whole
    except SeewhyError:
        raise
    except RefusedError as error:
        raise SeewhyError(
            f"{key}: '{path.name}' needs code to load ({error}); allowed: arrays of numbers, text"
        ) from None
    except Exception as error:  # a damaged file fails in every way there is
        told = f"{type(error).__name__} {' '.join(str(error).split())[:200]}"
        raise SeewhyError(f"{key}: '{path.name}' cannot be read as {finding.layout}: {told}") from None
