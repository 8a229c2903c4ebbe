"""Entries added to params.yaml with everything else kept: comments, order, quotes."""

import io
import re
from itertools import takewhile
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from seewhy.config import artifacts
from seewhy.config.params import FILE
from seewhy.config.project import Project
from seewhy.errors import SeewhyError

WIDTH = 4096  # lines are left as long as they are
OF_STUDIES = ("comparisons", "gates", "checks")  # sections whose entries are about studies


def add_study(root: Path, study: str, dataset: dict[str, Any], settings: dict[str, Any], only: bool = False) -> str:
    """Writes both entries into params.yaml; returns the dataset's name: one that stands there with equal settings, or
    the study's.

    `only` takes the demonstration out: its pieces, datasets, studies, and what is about these.
    Raises SeewhyError, and leaves the file as it was, where it is not valid afterwards.
    """
    path = root / FILE
    before = path.read_text(encoding="utf-8")
    data = _yaml_reader().load(before)
    if only:
        _leave_out_demo(data)
    name = next((key for key, value in (data.get("datasets") or {}).items() if dict(value) == dataset), study)
    entries = {"datasets": {} if name != study else {study: _block_mapping(dataset)}}
    entries["studies"] = {study: _block_mapping({"dataset": name, **settings})}
    after = None if only else _insert_entries(before, entries)
    if after is None:
        for section, held in entries.items():
            _block_section(data, section).update(held)
        after = _dump_yaml(data)
    _write_valid(path, before, after)
    return name


def add_judgements(root: Path, study: str, judged: dict[str, dict[str, Any]]) -> None:
    """Writes `studies.<study>.judged` entries into params.yaml; comments and order stay.

    judged: by CLASS/RANK what a person says, as `{"is": "shortcut", "seen": "...", "place": [...]}`.
    Raises SeewhyError, and leaves the file as it was, where it is not valid afterwards.
    """
    path = root / FILE
    before = path.read_text(encoding="utf-8")
    data = _yaml_reader().load(before)
    entry = data["studies"][study]
    known = entry.get("judged")
    if not known:
        known = entry["judged"] = CommentedMap()
    known.fa.set_block_style()
    if entry.fa.flow_style():
        known.fa.set_flow_style()
    for key, said in judged.items():
        gone = [name for name, old in known.items() if isinstance(old, dict) and old.get("seen") == said["seen"]]
        for name in gone:
            del known[name]
        known[key] = _flow_style(said)
    _write_valid(path, before, _dump_yaml(data))


def _write_valid(path: Path, before: str, after: str) -> None:
    """Writes params.yaml; where it is not valid, it is as it was `before` and the error goes on."""
    artifacts.write_text(path, after)
    try:
        _ = Project(path.parent).params
    except SeewhyError:
        artifacts.write_text(path, before)
        raise


def _yaml_reader() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = WIDTH
    return yaml


def _dump_yaml(data: Any) -> str:
    stream = io.StringIO()
    _yaml_reader().dump(data, stream)
    return stream.getvalue()


def _insert_entries(text: str, entries: dict[str, Any]) -> str | None:
    """The text with each entry as the last one of its section, no other line touched; None where a section is no
    block of its own."""
    lines = text.splitlines(keepends=True)
    for section, held in entries.items():
        start = next((k for k, line in enumerate(lines) if re.match(rf"{section}:\s*(#.*)?$", line)), None)
        if start is None:
            return None
        inner = list(takewhile(lambda line: line[:1] in " #\n\r\t", lines[start + 1 :]))
        while inner and not inner[-1].startswith(" "):  # what stands there is about the next section
            inner.pop()
        if not inner:
            return None
        inner[-1] = inner[-1].rstrip("\n") + "\n"
        new = ["  " + line for line in (_dump_yaml(held) if held else "").splitlines(keepends=True)]
        lines[start + 1 : start + 1 + len(inner)] = [*inner, *new]
    return "".join(lines)


def _block_section(data: Any, name: str) -> Any:
    """A section as a block: an empty one in braces would stay on its line."""
    if not data.get(name):
        data[name] = CommentedMap()
    data[name].fa.set_block_style()
    return data[name]


def _block_mapping(value: Any) -> Any:
    """Mappings of the first level as blocks, what is inside them on one line."""
    found = CommentedMap()
    for key, one in value.items():
        found[key] = _flow_style(one) if isinstance(one, dict | list) else one
    return found


def _flow_style(value: Any) -> Any:
    if isinstance(value, dict):
        held = CommentedMap({key: _flow_style(one) for key, one in value.items()})
        held.fa.set_flow_style()
        return held
    if isinstance(value, list | tuple):
        from ruamel.yaml.comments import CommentedSeq

        items = CommentedSeq([_flow_style(one) for one in value])
        items.fa.set_flow_style()
        return items
    return value


def _leave_out_demo(data: Any) -> None:
    """Takes out what the demonstration made, and what is about it."""
    datasets, studies = data.get("datasets") or {}, data.get("studies") or {}
    gone = [name for name, one in datasets.items() if one.get("demo")]
    made = {str(one.get("out")) for one in (data.get("demo") or {}).values()}
    dropped = [
        name for name, one in studies.items() if one.get("dataset") in gone or str(one.get("checkpoint")) in made
    ]
    pairs = [name for name, one in (data.get("comparisons") or {}).items() if set(one.get("studies", [])) & {*dropped}]
    for name in gone:
        del datasets[name]
    for name in dropped:
        del studies[name]
    for section in OF_STUDIES:
        for name in [*dropped, *pairs]:
            (data.get(section) or {}).pop(name, None)
    for section in ("demo", *OF_STUDIES):
        if section in data and (section == "demo" or not data[section]):
            data[section] = CommentedMap()
            data[section].fa.set_flow_style()
